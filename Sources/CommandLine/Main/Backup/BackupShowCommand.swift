internal import ArgumentParser
internal import CommandLineKit
internal import CutProtocol
internal import Model
internal import OperatorWire

struct BackupShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show a backup: its grade, why, and a timeline of every member's hold.",
    discussion: """
      -o json prints the evidence, which anyone can check on any machine with: \
      stillpoint backup verify --file FILE
      """)

  @Argument(help: "The backup.", completion: completion(.backup), transform: name)
  var backup: BackupID
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let id = backup
    let format = output.output
    let text = try await connection.connect { client -> String in
      guard format == .table || format == .wide else {
        let document: EvidenceDocument = try await client.get("/v1/backups/\(id)/evidence")
        return format == .yaml ? try DocumentText.yaml(document) : try document.text()
      }
      let backup: BackupBody = try await client.get("/v1/backups/\(id)")
      let facts = backupText(backup, wide: format == .wide)
      guard backup.state == .ended else { return facts }
      let document: EvidenceDocument = try await client.get("/v1/backups/\(id)/evidence")
      let timeline = Timeline(
        statements: document.readable?.statements ?? [], width: Terminal.width,
        style: Terminal.style)
      return facts + "\n" + timeline.text
    }
    printText(text)
  }
}
