internal import FoundationEssentials
internal import Glibc
internal import LinuxSystem

/// The directory that holds everything of one fleet, and by which a later run finds what an
/// interrupted one left.
package struct FleetDirectory: Hashable, Sendable {
  package let id: RunID
  /// Absolute and short: socket paths below it must stay under 108 bytes.
  package let path: String

  /// Where all fleets of this machine have their directories.
  package static let base = "/var/tmp/stillpoint-demo"

  package init(id: RunID) {
    self.id = id
    path = "\(Self.base)/\(id)"
  }

  package var logs: String { path + "/logs" }
  private var ownerFile: String { path + "/owner" }
  private var keptFile: String { path + "/kept" }
  var subnetFile: String { path + "/subnet" }

  /// Makes the directory, owned by this process.
  package static func create() throws -> FleetDirectory {
    let directory = FleetDirectory(id: .random())
    try FileManager.default.createDirectory(
      atPath: directory.logs, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    guard let owner = ProcessTable.identity(of: getpid()) else {
      throw DemoError("/proc/self/stat could not be read")
    }
    try directory.write("\(owner)\n", to: directory.ownerFile)
    return directory
  }

  /// Every fleet that has a directory on this machine, whoever made it.
  package static func all() -> [FleetDirectory] {
    // No directory yet: no fleet.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    return names.sorted().compactMap(RunID.init).map(FleetDirectory.init)
  }

  /// Whether the process that made the fleet still runs.
  package var isOwned: Bool {
    guard let text = read(ownerFile),
      let pid = text.split(separator: " ").first.flatMap({ Int32($0) })
    else { return false }
    return ProcessTable.identity(of: pid) == text.trimmed
  }

  /// Whether the fleet was left running on purpose.
  package var isKept: Bool { FileManager.default.fileExists(atPath: keptFile) }

  /// Says that the fleet outlives the process that made it.
  package func keep() throws { try write("", to: keptFile) }

  /// The fleet's processes whose command line says what `isWanted` looks for, in containers too.
  package func processes(where isWanted: ([String]) -> Bool) -> [Int32] {
    ProcessTable.processes(of: self).filter { isWanted(ProcessTable.commandLine(of: $0)) }
  }

  func write(_ text: String, to file: String, mode: Int = 0o600) throws {
    try Data(text.utf8).write(to: URL(filePath: file))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
  }

  /// Nil for what cannot be read. Files of `/proc` come in pieces of a page, which Foundation takes for their end.
  func read(_ file: String) -> String? { try? TextFile.read(file, limit: 64 << 20) }
}

extension String {
  /// Without white space at either end.
  package var trimmed: String {
    var text = self[...]
    while let last = text.last, last.isWhitespace { text.removeLast() }
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    return String(text)
  }
}
