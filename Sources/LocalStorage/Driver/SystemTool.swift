internal import Glibc
internal import Subprocess

/// The programs of e2fsprogs and xfsprogs that the driver runs.
package struct SystemTool: Sendable {
  var program: String
  var arguments: [String]
  /// The Debian package that has it.
  var package: String
  /// The exit codes that mean success.
  var accepted: [Int32] = [0]

  // Filesystems are made for sectors of 4096 bytes, those of `LoopDevice`.

  /// The pool's own filesystem. `-K`: the file is sparse, there is nothing to discard.
  static let makePoolFilesystem = SystemTool(
    program: "mkfs.xfs", arguments: ["-q", "-K", "-s", "size=4096", "-m", "reflink=1"],
    package: "xfsprogs")
  /// The image is new and sparse: all zeros, so that no inode table needs to be written, now or lazily.
  static let makeExt4 = SystemTool(
    program: "mkfs.ext4",
    arguments: [
      "-q", "-F", "-b", "4096", "-m", "0", "-E",
      "nodiscard,lazy_itable_init=0,lazy_journal_init=1,assume_storage_prezeroed=1",
    ],
    package: "e2fsprogs")
  static let makeXFS = SystemTool(
    program: "mkfs.xfs", arguments: ["-q", "-K", "-s", "size=4096"], package: "xfsprogs")
  /// resize2fs wants a checked filesystem. 1 means that faults were repaired.
  static let checkExt4 = SystemTool(
    program: "e2fsck", arguments: ["-f", "-p"], package: "e2fsprogs", accepted: [0, 1])
  static let growExt4 = SystemTool(program: "resize2fs", arguments: [], package: "e2fsprogs")
  static let growXFS = SystemTool(program: "xfs_growfs", arguments: ["-d"], package: "xfsprogs")

  /// Runs to the end; what it printed goes into the error.
  func run(_ operands: [String]) async throws(StorageError) {
    guard Self.searchPath.contains(where: { access("\($0)/\(program)", X_OK) == 0 }) else {
      throw StorageError(
        .internal, "\(program) is not installed", hint: "apt-get install \(package)")
    }
    let command = ([program] + arguments + operands).joined(separator: " ")
    let status: TerminationStatus
    let said: String
    do {
      let result = try await Subprocess.run(
        .name(program), arguments: Arguments(arguments + operands),
        environment: .inherit.updating(["PATH": Self.searchPath.joined(separator: ":")]),
        output: .discarded, error: .string(limit: 65536))
      status = result.terminationStatus
      said = result.standardError
    } catch {
      throw StorageError(.internal, "starting \(command) failed: \(error)")
    }
    guard accepted.contains(where: { status == .exited($0) }) else {
      let full = said.contains("No space left")
      let words = said.split(whereSeparator: \.isNewline).joined(separator: "; ")
      throw StorageError(
        full ? .resourceExhausted : .internal, "\(command) failed (\(status)): \(words)")
    }
  }

  /// Service managers do not always have the administrator's directories on the search path.
  private static let searchPath = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"]
}
