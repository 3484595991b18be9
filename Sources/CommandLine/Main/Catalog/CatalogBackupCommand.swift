internal import ArgumentParser
internal import CommandLineKit
internal import OperatorWire

struct CatalogBackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Write a consistent copy of the catalog into a file of the coordinator's host.")

  @Argument(help: "An absolute path on the coordinator's host, where no file is yet.")
  var path: String
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard path.hasPrefix("/") else {
      throw ValidationError("\(path) is no absolute path: the coordinator writes the file")
    }
  }

  func run() async throws {
    let wanted = BackupCatalog(path: path)
    let written: BackupCatalog = try await connection.connect {
      try await $0.post("/v1/catalog/backup", wanted)
    }
    printText("the catalog is copied to \(written.path) on the coordinator's host\n")
  }
}
