package import CutProtocol
internal import Foundation
internal import Glibc
internal import LinuxSystem

/// The records of the holds in force, one file each in `holds` below the run directory.
///
/// The run directory is a tmpfs (`/run`), which no freeze can block. A record is whole or not there.
package struct HoldRecordStore: HoldRecords {
  package let directory: String
  static let largestRecord = 256 << 10

  package init(runDirectory: String) { directory = runDirectory + "/holds" }

  package func write(_ record: HoldRecord) throws(Refusal) {
    do {
      try makeDirectory()
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      // A tmpfs has no entries to be flushed.
      try DurableFile.replace(
        path(record.hold), with: [UInt8](encoder.encode(record)), syncingDirectory: false)
    } catch {
      throw Refusal(
        .failed, "record of hold \(record.hold) could not be kept in \(directory): \(error)",
        hint: "the run directory must be a writable tmpfs")
    }
  }

  package func remove(_ hold: HoldID) throws(Refusal) {
    guard unlink(path(hold)) == 0 || errno == ENOENT else {
      throw Refusal(
        .failed,
        "record of hold \(hold) could not be removed: "
          + SystemError("unlink", path(hold), code: errno).description)
    }
  }

  private func path(_ hold: HoldID) -> String {
    // A boot ID is hexadecimal; anything else in it must not lead elsewhere.
    let boot = hold.boot.filter { $0.isHexDigit || $0 == "-" }
    return "\(directory)/\(boot)-\(hold.incarnation)-\(hold.counter).json"
  }

  private func makeDirectory() throws(SystemError) {
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
      throw SystemError("mkdir", directory, code: errno)
    }
  }
}
