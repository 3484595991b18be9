internal import AgentCore
internal import CutProtocol
internal import Glibc
internal import LinuxSystem
internal import Model

/// Looks for processes that could write to a member's volumes although its containers are paused: those that have a file of one
/// open for writing, or mapped so. Blocks its thread, for as long as the node has processes.
struct OpenWriters {
  private struct Place {
    var containerPath: String
    var device: DeviceNumber
    /// The volume's directory on its filesystem.
    var root: String
  }

  private let places: [Place]
  private static let pathOnly = 0o10000000
  /// How long looking at every process of a node may take; far above what it takes.
  static let limit = Duration.seconds(10)

  /// Volumes that members share are left out: these write to them until all are held.
  init(_ target: HoldTarget) throws(SystemError) {
    let table = try MountTable.read(process: target.process.pid)
    places = target.volumes.filter { $0.delegate == nil }.compactMap { volume in
      table.mount(covering: volume.containerPath).map {
        Place(
          containerPath: volume.containerPath, device: $0.device,
          root: Self.path(volume.containerPath, on: $0))
      }
    }
  }

  /// One sentence for the first that is found outside of these processes.
  func first(outside paused: Set<Int32>) throws(SystemError) -> String? {
    guard !places.isEmpty else { return nil }
    var tables: [UInt64: MountTable] = [:]
    let passed = paused.union([LinuxKernel.processNumber()])
    for process in try ProcessFacts.all() where !passed.contains(process) {
      // A process that ends meanwhile writes nothing more.
      guard let space = try? ProcessFacts.mountNamespace(process) else { continue }
      guard let table = tables[space] ?? (try? MountTable.read(process: process)) else { continue }
      tables[space] = table
      guard
        table.entries.contains(where: { entry in places.contains { $0.device == entry.device } })
      else { continue }
      if let found = open(process, table) ?? mapped(process, table) {
        return
          "F1: process \(process) (\(ProcessFacts.name(process))), which no pause stops, \(found) for writing"
      }
    }
    return nil
  }

  private func open(_ process: Int32, _ table: MountTable) -> String? {
    let directory = "/proc/\(process)/fd"
    for number in (try? DescriptorHandle.directory(directory).names()) ?? [] {
      guard let text = try? TextFile.read("/proc/\(process)/fdinfo/\(number)", limit: 16 << 20),
        let flags = field("flags:", of: text).flatMap({ Int($0, radix: 8) }),
        flags & 3 != 0, flags & Self.pathOnly == 0,
        let mount = field("mnt_id:", of: text).flatMap({ Int($0) }),
        let entry = table.entries.first(where: { $0.id == mount }),
        places.contains(where: { $0.device == entry.device }),
        let path = target(of: "\(directory)/\(number)"), let place = place(path, entry)
      else { continue }
      return "has \(path) on \(place.containerPath) open"
    }
    return nil
  }

  private func mapped(_ process: Int32, _ table: MountTable) -> String? {
    // Kernel threads and processes that have ended have none; one that has too many to be read may have any.
    let text: String
    do throws(SystemError) {
      text = try TextFile.read("/proc/\(process)/maps", limit: 64 << 20)
    } catch {
      return error.code == EFBIG ? "has more mappings than are read, some of them perhaps" : nil
    }
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard fields.count == 6, fields[1].utf8.count == 4, fields[1].dropFirst().first == "w",
        fields[1].last == "s"
      else { continue }
      let path = fields[5].drop { $0 == " " }
      guard let entry = table.mount(covering: String(path)), let place = place(String(path), entry)
      else { continue }
      return "has \(path) on \(place.containerPath) mapped"
    }
    return nil
  }

  private func place(_ path: String, _ entry: MountEntry) -> Place? {
    places.first {
      $0.device == entry.device && MountTable.contains($0.root, Self.path(path, on: entry))
    }
  }

  /// Where a path lies on the filesystem of the mount that it is on.
  private static func path(_ path: String, on entry: MountEntry) -> String {
    let rest = entry.mountPoint == "/" ? path : String(path.dropFirst(entry.mountPoint.count))
    let whole = entry.root == "/" ? rest : entry.root + rest
    return whole.isEmpty
      ? "/" : whole.count > 1 && whole.hasSuffix("/") ? String(whole.dropLast()) : whole
  }

  private func field(_ name: String, of text: String) -> String? {
    text.split(separator: "\n").first { $0.hasPrefix(name) }
      .flatMap { $0.split(whereSeparator: \.isWhitespace).dropFirst().first }.map(String.init)
  }

  private func target(of link: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink(link, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
  }
}
