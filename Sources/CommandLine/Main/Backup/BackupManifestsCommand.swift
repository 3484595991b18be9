internal import ArgumentParser
internal import CommandLineKit
internal import Model
internal import OperatorWire

struct BackupManifestsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manifests",
    abstract: "Print the objects of the cluster that belong to a backup.",
    discussion: """
      Prints YAML that kubectl apply takes, or with -o json one List; -o table lists what there is. A comment \
      before each object says how far it is proved to be as it was at the witness. Secrets are left \
      out unless --secrets is given, which the audit notes; persistent volumes are printed with --facts \
      alone, since they are not to be applied.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case yaml, json, table }

  @Argument(help: "The backup.", completion: completion(.backup), transform: name)
  var backup: BackupID
  @Option(
    name: .customLong("kind"),
    help: "Only this kind, as configmaps or deployments.apps; may be given several times.",
    transform: name)
  var kinds: [KindPattern] = []
  @Flag(help: "Print Secrets with what they hold.") var secrets = false
  @Flag(help: "Print what tells about the other objects too.") var facts = false
  @Option(name: [.short, .customLong("output")], help: "How to print: yaml, json or table.")
  var output: Format = .yaml
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let (id, secrets, output) = (backup, secrets, output)
    let wanted = { [kinds, facts] (object: ManifestBody) in
      let parts = object.resource.split(separator: ".", maxSplits: 1).map(String.init)
      let isNamed = kinds.contains {
        $0.matches(plural: parts[0], group: parts.count > 1 ? parts[1] : "")
      }
      return (kinds.isEmpty || isNamed) && (facts || output == .table || !object.fact)
    }
    let printed = try await connection.connect { client -> Int in
      let summary: BackupBody = try await client.get("/v1/backups/\(id)")
      guard let manifests = summary.manifests else {
        throw CommandFailure(
          .input, "backup \(id) was taken without looking at a cluster's objects")
      }
      if manifests.state == "failed" || manifests.state == "pending" {
        throw CommandFailure(
          .input, "backup \(id) has no manifests: \(manifests.reason ?? manifests.state)")
      }
      var printer = ManifestPrinter(output)
      var after = 0
      while true {
        let page: Items<ManifestBody> = try await client.get(
          "/v1/backups/\(id)/manifests",
          query: [("after", "\(after)"), ("limit", "500"), ("secrets", "\(secrets)")])
        guard let last = page.items.last else { break }
        after = last.number
        for object in page.items where wanted(object) { try printer.print(object) }
      }
      printer.end()
      return printer.keptBack
    }
    if printed > 0, output != .table {
      printError("\(printed) Secrets were left out; print them with --secrets")
    }
  }
}

/// Prints one object after the other, so that a backup of ten thousand needs no memory for them.
private struct ManifestPrinter {
  let format: BackupManifestsCommand.Format
  private(set) var keptBack = 0
  private var count = 0
  private var table = TextTable(["KIND", "NAMESPACE", "NAME", "AT THE WITNESS", "VERSION", "OF"])

  init(_ format: BackupManifestsCommand.Format) {
    self.format = format
    if format == .json { printText("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[") }
  }

  mutating func print(_ object: ManifestBody) throws {
    guard format != .table else {
      table.rows.append([
        object.resource, object.namespace ?? "-", object.name, object.standing,
        object.resourceVersion, object.owner ?? "-",
      ])
      return
    }
    guard let manifest = object.manifest else {
      keptBack += 1
      return
    }
    if format == .json {
      printText((count > 0 ? ",\n" : "\n") + manifest)
    } else {
      let place = object.namespace.map { $0 + "/" } ?? ""
      printText(
        "---\n# \(object.resource) \(place)\(object.name): \(object.standing), "
          + "version \(object.resourceVersion)\n" + (try ManifestText.yaml(manifest)))
    }
    count += 1
  }

  func end() {
    switch format {
    case .json: printText("\n]}\n")
    case .table: printText(table.text(empty: "the backup has no objects of that kind"))
    case .yaml: break
    }
  }
}
