internal import ArgumentParser
internal import CommandLineKit
internal import CutProtocol
internal import Model
internal import OperatorWire

struct BackupImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Bring exported backups back into a catalog that lost them.",
    discussion: """
      Every proof is evaluated anew, by the authority of this fleet. A backup that the catalog has already \
      stays as it is. The first file that is refused ends the command; those before it are imported.
      """)

  @Argument(
    help: "Exported backups (backup show ID -o json); - reads standard input.",
    completion: .file(extensions: ["json"]))
  var files: [String]
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let files = files
    let imported = try await connection.connect { client in
      var imported: [BackupBody] = []
      for file in files {
        let evidence = try ExportedBackup.read(
          inputData(file, upTo: ExportedBackup.largestFile), named: file)
        do {
          imported.append(try await client.post("/v1/imports", evidence))
        } catch var failure as CommandFailure {
          failure.message = "\(file) was not imported: \(failure.message)"
          throw failure
        }
      }
      return imported
    }
    try output.write(imported) { _ in
      imported.map { backup in
        "backup \(backup.id) is in the catalog: \(backup.verdict?.grade.rawValue ?? "-")\n"
      }.joined()
    }
  }
}
