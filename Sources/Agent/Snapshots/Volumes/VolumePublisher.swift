package import CutProtocol
internal import Foundation
internal import Glibc
internal import LinuxSystem
package import Model

/// Volumes of a node without Kubernetes: made by a driver, and kept mounted below a root directory.
///
/// Each volume has a directory `<root>/<name>` with `vol_data.json`, `stage` (where the driver mounts it once) and
/// `mount` (what containers are given). Every step may be repeated after a crash.
package struct VolumePublisher: Sendable {
  package let drivers: CSIDrivers

  package init(drivers: CSIDrivers) { self.drivers = drivers }

  /// A volume below a root directory.
  package struct Published: Hashable, Sendable {
    package var name: String
    package var driver: DriverName
    package var handle: VolumeHandle
    package var sizeBytes: Int64
    package var filesystem: String
    /// Where containers find it.
    package var path: String
    package var isMounted: Bool
    /// What was here before a restore; it stays with its driver.
    package var previous: VolumeHandle?
  }

  /// Makes a volume and publishes it at `<root>/<name>/mount`; repeated, it finds what it made.
  package func create(
    name: String, driver: DriverName, sizeBytes: Int64, filesystem: String = "", root: String
  ) async throws(Refusal) -> VolumeRef {
    try Self.check(name: name)
    let directory = "\(root)/\(name)"
    if let present = try Self.document(in: directory), let handle = present.handle {
      guard present.driver == driver else {
        throw Refusal(.hazard, "volume \(name) exists below \(root), of another driver")
      }
      try await publish(present, in: directory)
      return VolumeRef(driver: driver, handle: handle, publishedAt: "\(directory)/mount")
    }
    let csi = try drivers.driver(driver)
    let volume: CSIVolume
    do {
      volume = try await csi.createVolume(
        CSIVolumeOrder(
          name: Self.volumeName(name, directory), sizeBytes: sizeBytes, filesystem: filesystem))
    } catch {
      throw error.refusal
    }
    let document = VolumeDocument(
      driver: driver, volume: volume, filesystem: filesystem, staging: "\(directory)/stage")
    try Self.write(document, in: directory)
    try await publish(document, in: directory)
    return VolumeRef(driver: driver, handle: volume.handle, publishedAt: "\(directory)/mount")
  }

  /// The volumes below a root, sorted by name; directories without a description are left out.
  package func list(root: String) throws(Refusal) -> [Published] {
    guard access(root, F_OK) == 0 else { return [] }
    let names: [String]
    let table: MountTable
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
      table = try MountTable.read()
    } catch {
      throw Refusal(.failed, "listing volumes below \(root) failed: \(error)")
    }
    var found: [Published] = []
    for name in names {
      guard let document = try Self.document(in: "\(root)/\(name)"),
        let driver = document.driver, let handle = document.handle
      else { continue }
      let path = "\(root)/\(name)/mount"
      found.append(
        Published(
          name: name, driver: driver, handle: handle, sizeBytes: document.sizeBytes,
          filesystem: document.filesystem, path: path,
          isMounted: table.mount(at: Mounts.normalised(path)) != nil, previous: document.previous))
    }
    return found
  }

  /// Unpublishes a volume and deletes it with its content. Refuses while a container uses it.
  package func delete(name: String, root: String) async throws(Refusal) {
    try Self.check(name: name)
    let directory = "\(root)/\(name)"
    guard let document = try Self.document(in: directory), let driver = document.driver,
      let handle = document.handle
    else { throw Refusal(.hazard, "there is no volume \(name) below \(root)") }
    try await unpublish(document, in: directory)
    let csi = try drivers.driver(driver)
    do throws(CSIError) {
      try await csi.deleteVolume(handle)
    } catch {
      throw error.refusal
    }
    do throws(SystemError) {
      try DurableFile.remove("\(directory)/\(VolumeDocument.fileName)")
    } catch {
      throw Refusal(.failed, "forgetting volume \(name) failed: \(error)")
    }
    for part in ["mount", "stage"] { rmdir("\(directory)/\(part)") }
    rmdir(directory)
  }

  /// Publishes again what a reboot of the node unmounted. Goes through all; what failed is told at the end.
  package func republishAll(root: String) async throws(Refusal) -> [Published] {
    var failures: [String] = []
    for volume in try list(root: root) {
      guard let document = try Self.document(in: "\(root)/\(volume.name)") else { continue }
      do throws(Refusal) {
        try await publish(document, in: "\(root)/\(volume.name)")
      } catch {
        failures.append("\(volume.name): \(error)")
      }
    }
    guard failures.isEmpty else {
      throw Refusal(
        .failed, "publishing volumes below \(root) failed: \(failures.joined(separator: "; "))")
    }
    return try list(root: root)
  }

  /// Stages and publishes what a description names; does nothing where it is published.
  func publish(_ document: VolumeDocument, in directory: String) async throws(Refusal) {
    guard let driver = document.driver, let handle = document.handle,
      let staging = document.staging
    else { throw Refusal(.hazard, "\(directory) was not published by Stillpoint") }
    let csi = try drivers.driver(driver)
    do throws(SystemError) {
      try DurableFile.makeDirectories(staging, mode: 0o750)
    } catch {
      throw Refusal(.failed, "publishing volume \(handle) failed: \(error)")
    }
    do throws(CSIError) {
      try await csi.publish(
        handle, context: document.context, filesystem: document.filesystem, staging: staging,
        target: "\(directory)/mount")
    } catch {
      throw error.refusal
    }
  }

  /// Takes a volume from where it is published and staged, unless somebody uses it.
  func unpublish(_ document: VolumeDocument, in directory: String) async throws(Refusal) {
    guard let driver = document.driver, let handle = document.handle,
      let staging = document.staging
    else { throw Refusal(.hazard, "\(directory) was not published by Stillpoint") }
    let csi = try drivers.driver(driver)
    try Self.requireUnused(handle, at: "\(directory)/mount")
    do throws(CSIError) {
      try await csi.unpublish(
        handle, staging: staging, target: "\(directory)/mount")
    } catch {
      throw error.refusal
    }
  }

  /// Refuses when another mount namespace, a container's above all, has the volume.
  static func requireUnused(_ handle: VolumeHandle, at path: String) throws(Refusal) {
    let user: VolumeUse.User?
    do throws(SystemError) {
      let table = try MountTable.read()
      user = table.mount(at: Mounts.normalised(path)).flatMap {
        VolumeUse.elsewhere($0.device, table: table)
      }
    } catch {
      throw Refusal(.failed, "finding out who uses volume \(handle) failed: \(error)")
    }
    if let user {
      throw Refusal(
        .hazard, "volume \(handle) is in use: \(user)", hint: "stop the container first")
    }
  }

  static func document(in directory: String) throws(Refusal) -> VolumeDocument? {
    do throws(SystemError) {
      return try VolumeDocument.read(in: directory)
    } catch {
      throw Refusal(.failed, "\(error)")
    }
  }

  static func write(_ document: VolumeDocument, in directory: String) throws(Refusal) {
    do throws(SystemError) {
      try DurableFile.makeDirectories(directory, mode: 0o755)
      try document.write(in: directory)
    } catch {
      throw Refusal(.failed, "\(error)")
    }
  }

  private static func check(name: String) throws(Refusal) {
    do {
      _ = try ServiceName(name)
    } catch {
      throw Refusal(.hazard, "'\(name.prefix(80))' is no name for a volume: \(ServiceName.rule)")
    }
  }

  /// Two roots on one node may each have a volume of one name.
  static func volumeName(_ name: String, _ directory: String) -> String {
    "stillpoint-\(name)-\(StableHash.text(directory))"
  }
}

/// FNV-1a, 64 bits: keeps names apart, protects nothing.
package enum StableHash {
  package static func text(_ value: String) -> String {
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in value.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(digest, radix: 36)
  }
}
