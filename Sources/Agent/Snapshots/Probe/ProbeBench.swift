package import CutProtocol
internal import GRPCCore
internal import Glibc
package import LinuxSystem
package import Model

/// Makes, mounts and marks the volumes of one trial, and takes all of it away.
///
/// Used by one task at a time. Every step is in the inventory before the driver is asked for it.
package final class ProbeBench {
  package struct Volume: Sendable {
    package var handle: VolumeHandle
    /// Where it is mounted.
    package var path: String
  }

  private let driver: CSIDriver
  private let directory: String
  private let prefix: String
  private var inventory: ProbeInventory

  /// - Parameter directory: of this trial alone; made if missing, and gone after `clear`.
  package init(_ probe: DriverProbe, driver: CSIDriver, directory: String) throws(SystemError) {
    self.driver = driver
    self.directory = directory
    prefix = "stillpoint-\(probe.probe)"
    try DurableFile.makeDirectories(directory, mode: 0o700)
    inventory = try ProbeInventory.read(in: directory) ?? ProbeInventory(driver: probe.driver)
  }

  /// What an earlier life of the agent left of a trial; nil where nothing is left.
  init?(leftIn directory: String, drivers: CSIDrivers) throws(Refusal) {
    do throws(SystemError) {
      guard let inventory = try ProbeInventory.read(in: directory) else { return nil }
      self.inventory = inventory
    } catch {
      throw Refusal(.failed, "\(error)")
    }
    driver = try drivers.driver(inventory.driver)
    self.directory = directory
    prefix = ""
  }

  /// Makes a volume, empty or from a snapshot, and mounts it.
  package func volume(_ name: String, from snapshot: CSISnapshot? = nil) async throws(ProbeFailure)
    -> Volume
  {
    let place = "\(directory)/\(name)"
    let index = try begin(
      .volume, name, sources: snapshot.map { [$0.handle.text] } ?? [], directory: place)
    do {
      let made = try await driver.createVolume(
        CSIVolumeOrder(
          name: inventory.items[index].name, sizeBytes: snapshot?.sizeBytes ?? 0,
          source: snapshot?.handle))
      try ended(index, made.handle.text)
      try DurableFile.makeDirectories("\(place)/stage", mode: 0o700)
      try await driver.publish(
        made.handle, context: made.context, filesystem: "", staging: "\(place)/stage",
        target: "\(place)/mount", readOnly: snapshot != nil)
      return Volume(handle: made.handle, path: "\(place)/mount")
    } catch {
      throw ProbeFailure(error)
    }
  }

  /// Takes a snapshot, and answers how long the driver took.
  package func cut(_ name: String, of volume: Volume) async throws(ProbeFailure) -> (
    CSISnapshot, Duration
  ) {
    let index = try begin(.snapshot, name, sources: [volume.handle.text])
    do {
      let start = ContinuousClock.now
      let snapshot = try await driver.createSnapshot(
        named: inventory.items[index].name, of: volume.handle)
      let took = ContinuousClock.now - start
      return (snapshot, took)
    } catch {
      throw ProbeFailure(error)
    }
  }

  /// Writes down what a cut gave. Apart from `cut`, so that nothing comes between its answer and the next mark.
  package func note(_ snapshot: CSISnapshot, as name: String) throws(ProbeFailure) {
    try record(.snapshot, name, snapshot.handle.text, sources: [snapshot.source.text])
  }

  func cutGroup(_ name: String, of volumes: [Volume]) async throws(ProbeFailure) -> [CSISnapshot] {
    let index = try begin(.group, name, sources: volumes.map(\.handle.text))
    do {
      return try await driver.createGroup(
        named: inventory.items[index].name, of: volumes.map(\.handle))
    } catch {
      throw ProbeFailure(error)
    }
  }

  func note(group snapshots: [CSISnapshot], as name: String) throws(ProbeFailure) {
    guard let group = snapshots.first?.group else { return }
    try record(.group, name, group.text, sources: snapshots.map(\.source.text))
  }

  /// Writes a file that is durable when this returns.
  func mark(_ name: String, on volume: Volume) throws(ProbeFailure) {
    do {
      try DurableFile.replace("\(volume.path)/\(name)", with: Array("stillpoint\n".utf8))
    } catch {
      throw ProbeFailure(error)
    }
  }

  func has(_ name: String, on volume: Volume) throws(ProbeFailure) -> Bool {
    if access("\(volume.path)/\(name)", F_OK) == 0 { return true }
    guard errno == ENOENT else {
      throw ProbeFailure(SystemError("access", "\(volume.path)/\(name)", code: errno))
    }
    return false
  }

  private func begin(
    _ kind: ProbeInventory.Kind, _ name: String, sources: [String], directory: String? = nil
  ) throws(ProbeFailure) -> Int {
    let name = "\(prefix)-\(name)"
    if let known = inventory.items.firstIndex(where: { $0.kind == kind && $0.name == name }) {
      return known
    }
    inventory.items.append(
      ProbeInventory.Item(kind: kind, name: name, sources: sources, directory: directory))
    try save()
    return inventory.items.count - 1
  }

  private func ended(_ index: Int, _ handle: String) throws(ProbeFailure) {
    inventory.items[index].handle = handle
    try save()
  }

  /// A second snapshot under one name is one more thing to take away.
  private func record(
    _ kind: ProbeInventory.Kind, _ name: String, _ handle: String, sources: [String]
  ) throws(ProbeFailure) {
    let index = try begin(kind, name, sources: sources)
    let item = inventory.items[index]
    guard item.handle != handle else { return }
    if item.handle == nil { return try ended(index, handle) }
    guard !inventory.items.contains(where: { $0.kind == kind && $0.handle == handle }) else {
      return
    }
    inventory.items.append(
      ProbeInventory.Item(kind: kind, name: item.name, sources: sources, handle: handle))
    try save()
  }

  private func save() throws(ProbeFailure) {
    do { try inventory.write(in: directory) } catch { throw ProbeFailure(error) }
  }

  /// Takes away everything, the newest first; what could not be is told, and stays in the inventory.
  func clear() async -> [String] {
    var left: [String] = []
    for index in inventory.items.indices.reversed() {
      let item = inventory.items[index]
      do throws(CSIError) {
        try await remove(item)
        inventory.items.remove(at: index)
      } catch {
        left.append("\(item.kind.rawValue) \(item.handle ?? item.name): \(error)")
      }
    }
    do throws(SystemError) {
      if left.isEmpty {
        try DurableFile.remove("\(directory)/\(ProbeInventory.file)")
        rmdir(directory)
      } else {
        try inventory.write(in: directory)
      }
    } catch {
      left.append("\(error)")
    }
    return left
  }

  private func remove(_ item: ProbeInventory.Item) async throws(CSIError) {
    switch item.kind {
    case .volume:
      guard let handle = try await handle(of: item) else { return }
      if let place = item.directory {
        try await driver.unpublish(handle, staging: "\(place)/stage", target: "\(place)/mount")
        for path in ["\(place)/mount", "\(place)/stage", place] { rmdir(path) }
      }
      try await driver.deleteVolume(handle)
    case .snapshot:
      if let text = item.handle, let handle = try? SnapshotHandle(text) {
        try await driver.deleteSnapshot(handle)
      } else if let source = item.sources.first.flatMap({ try? VolumeHandle($0) }) {
        // Never answered: asking again by the same name gives what there may be.
        let found = try await driver.createSnapshot(named: item.name, of: source)
        try await driver.deleteSnapshot(found.handle)
      }
    case .group:
      let sources = item.sources.compactMap { try? VolumeHandle($0) }
      let found = try await driver.createGroup(named: item.name, of: sources)
      if let group = found.first?.group {
        try await driver.deleteGroup(group, known: found.first?.handle)
      }
    }
  }

  private func handle(of item: ProbeInventory.Item) async throws(CSIError) -> VolumeHandle? {
    if let known = item.handle.flatMap({ try? VolumeHandle($0) }) { return known }
    do throws(CSIError) {
      let source = item.sources.first.flatMap { try? SnapshotHandle($0) }
      return try await driver.createVolume(CSIVolumeOrder(name: item.name, source: source)).handle
    } catch {
      // What the driver refuses to make, it has not made.
      if [.invalidArgument, .unimplemented, .notFound, .outOfRange].contains(error.code) {
        return nil
      }
      throw error
    }
  }
}

/// Why a step of a trial failed.
package struct ProbeFailure: Error, CustomStringConvertible {
  /// The driver's answer, where it is one.
  var answer: CSIError?
  package var description: String

  init(_ error: any Error) {
    answer = error as? CSIError
    if let failure = error as? ProbeFailure {
      self = failure
    } else {
      description = "\(error)"
    }
  }
}
