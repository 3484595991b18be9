internal import ArgumentParser
internal import CommandLineKit
internal import Foundation
internal import Model
internal import PlanImport

extension Environment: ExpressibleByArgument {}

struct PlanImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract:
      "Make a plan from the hooks of other backup tools, and say what it could not carry over.",
    discussion: """
      Reads Kubernetes objects, as YAML or JSON: Velero's pod annotations, Backups and Schedules, Stork's Rules, \
      Kanister's Blueprints, Ramen's Recipes, Longhorn's VolumeHookPolicies, K8up's and VolSync's annotations. Pods and \
      workloads that stand beside them make the plan exact. Asks no coordinator and no cluster.

        kubectl get pods,pvc,backups,schedules -A -o yaml | stillpoint plan import -f - --to plan.yaml

      The plan is printed, or written where --to says; what became of each part goes to standard error. With -o json or \
      -o yaml both are printed as one document. Exit status 3 when something could not be carried over.
      """)

  @Option(
    name: .short,
    help:
      "A file, or a directory with .yaml, .yml and .json files; - reads standard input. Repeatable.",
    completion: .file())
  var file: [String] = []
  @Option(help: "Write the plan to this file, which must not exist.", completion: .file())
  var to: String?
  @Flag(help: "Let --to replace a file.")
  var force = false
  @Option(
    name: .customLong("name"), help: "What to call the plan. Default: what was read says.",
    transform: name)
  var planName: PlanName?
  @Option(help: "The plan's environment: development, test, staging or production.")
  var environment: Environment = .production
  @Option(name: [.short, .long], help: "Only pods and objects of this namespace.")
  var namespace: String?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard !file.isEmpty else {
      throw ValidationError("Missing expected argument '-f <f>': a file, a directory or -")
    }
    guard file.count(where: { $0 == "-" }) <= 1 else {
      throw ValidationError("-f - can be given once: there is one standard input")
    }
  }

  /// Both results, as one document.
  struct Imported: Encodable {
    var complete: Bool
    var plan: String
    var remarks: [ImportRemark]
    var unreportedRemarks: Int
  }

  func run() throws {
    try refuseExisting()
    let imported = try imported(from: try file.flatMap { try importInputs($0) })
    if let to { try write(imported.text, to: to) }
    switch output.output {
    case .table, .wide:
      if to == nil { printText(imported.text) }
      printError(importText(imported, wide: output.output == .wide))
    case .json, .yaml:
      let document = Imported(
        complete: imported.isComplete, plan: imported.text, remarks: imported.remarks,
        unreportedRemarks: imported.unreportedRemarks)
      try output.write(document) { _ in "" }
    }
    if !imported.isComplete { throw ExitWith(status: .incomplete) }
  }

  private func imported(from inputs: [ImportInput]) throws -> ImportedPlan {
    do throws(ImportError) {
      return try PlanImport.plan(
        from: inputs,
        ImportOptions(name: planName, environment: environment, namespace: namespace))
    } catch {
      throw CommandFailure(.input, "nothing was imported: \(error)")
    }
  }

  // MARK: The plan's file

  private func refuseExisting() throws {
    guard let to, !force, FileManager.default.fileExists(atPath: to) else { return }
    throw CommandFailure(.input, "\(to) exists", hint: "--force replaces it")
  }

  private func write(_ text: String, to path: String) throws {
    do {
      let url = URL(filePath: path)
      try Data(text.utf8).write(to: url, options: force ? [.atomic] : [.withoutOverwriting])
      // Commands that were carried over may hold a password.
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    } catch {
      throw CommandFailure(.input, "writing \(path) failed: \(error.localizedDescription)")
    }
  }
}

/// What became of each part, and how much of it was lost.
func importText(_ imported: ImportedPlan, wide: Bool) -> String {
  var table = TextTable(["OUTCOME", "OBJECT", "FIELD", "WHAT"])
  if wide { table.headings.insert("WHERE", at: 1) }
  table.rows = imported.remarks.map { remark in
    let field = remark.field.isEmpty ? "-" : remark.field
    let place = remark.file + (remark.line.map { ":\($0)" } ?? "")
    return [remark.outcome.rawValue] + (wide ? [place] : []) + [remark.object, field, remark.text]
  }
  let counts = ImportRemark.Outcome.allCases.map { outcome in
    "\(imported.remarks.count { $0.outcome == outcome }) \(outcome.rawValue)"
  }
  let rest = imported.unreportedRemarks == 0 ? "" : ", and \(imported.unreportedRemarks) more"
  return table.text(empty: "there is nothing to remark")
    + "\nplan \(imported.plan.name) with \(imported.plan.services.count) services: "
    + counts.joined(separator: ", ") + rest + "\n"
}
