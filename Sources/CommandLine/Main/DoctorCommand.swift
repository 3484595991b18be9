internal import ArgumentParser
internal import ClusterDoctor
internal import CommandLineKit
internal import Foundation
internal import KubernetesClient
internal import LinuxSystem
internal import Logging

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at a cluster, or at this machine, before an installation: what is missing?",
    discussion: """
      Asks the API server that the kubeconfig names (--kubeconfig, else $KUBECONFIG, else the pod's own service account, \
      else ~/.kube/config) and changes nothing there. With --node it looks at this machine as well, and at the machine \
      alone where no kubeconfig is given by --kubeconfig or $KUBECONFIG. Needs no coordinator.

      Exit status 3 when something is missing without which Stillpoint does not work; warnings are no hindrance.
      """)

  @Option(help: "The kubeconfig of the cluster.", completion: .file())
  var kubeconfig: String?
  @Option(help: "The kubeconfig's context. Default: its current one.")
  var context: String?
  @Option(name: [.short, .long], help: "The namespace that Stillpoint is to be installed in.")
  var namespace = "stillpoint"
  @Flag(help: "Look at this machine as a node.")
  var node = false
  @Option(
    help: "With --node: the container runtime's socket. Default: wherever one usually is.",
    completion: .file())
  var runtimeSocket: String?
  @Option(
    help: "With --node: a directory whose filesystem needs room. Repeatable.",
    completion: .directory)
  var directory: [String] = []
  @OptionGroup var output: OutputOptions

  /// Where an agent keeps what it must not forget, as `deploy/kubernetes` has it.
  private static let agentDirectories = ["/var/lib/stillpoint-agent", "/run/stillpoint-agent"]

  func validate() throws {
    guard node || (runtimeSocket == nil && directory.isEmpty) else {
      throw ValidationError("--runtime-socket and --directory say what --node looks at")
    }
  }

  func run() async throws {
    let named = ProcessInfo.processInfo.environment["KUBECONFIG"].map { !$0.isEmpty } ?? false
    var findings: [Finding] = []
    if !node || kubeconfig != nil || named { findings += try await clusterFindings() }
    if node { findings += try await nodeFindings() }
    let examination = Examination(findings)
    try output.write(examination) { _ in examinationText(examination) }
    guard examination.canInstall else { throw ExitWith(status: .incomplete) }
  }

  private func clusterFindings() async throws -> [Finding] {
    let namespace = namespace
    do {
      let environment = ProcessInfo.processInfo.environment
      let access =
        kubeconfig == nil && context == nil
        ? try ClusterAccess.discovered(environment: environment)
        : try ClusterAccess.kubeconfig(
          path: kubeconfig, context: context, environment: environment)
      let logger = Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }
      return try await KubernetesClient.with(access, logger: logger) { client in
        try await ClusterFacts(asking: client, namespace: namespace).findings
      }
    } catch let error as KubernetesError {
      throw CommandFailure(asking: error)
    }
  }

  private func nodeFindings() async throws -> [Finding] {
    let release = try TextFile.read("/proc/sys/kernel/osrelease", limit: 256)
    let sockets = runtimeSocket.map { [$0] } ?? NodeFacts.usualSockets
    let directories = Self.agentDirectories + directory
    return await onDedicatedThread {
      NodeFacts(
        sockets: sockets, directories: directories,
        kernel: String(release.prefix { !$0.isWhitespace }), isRoot: geteuid() == 0
      ).findings
    }
  }
}

extension CommandFailure {
  /// The API server could not be asked at all.
  fileprivate init(asking error: KubernetesError) {
    let kind: Kind =
      switch error.code {
      case .unreachable, .timedOut, .cancelled: .unreachable
      case .identity: .identity
      case .configuration, .input: .input
      case .refused: .refused(code: error.reason?.rawValue ?? "Unknown")
      case .protocolMismatch, .tooLarge: .protocolMismatch
      }
    self.init(
      kind, "the cluster was not looked at: \(error.message)",
      hint: error.hint ?? "check --kubeconfig and --context, or look at a node with --node")
  }
}

/// One line for each finding, with what to do below it, and how it stands in the end.
func examinationText(_ examination: Examination) -> String {
  let width = (examination.findings.map(\.check.count).max() ?? 0) + 2
  var text = ""
  for finding in examination.findings {
    text +=
      "\(finding.verdict.rawValue.filled(to: 9))\(finding.check.filled(to: width))\(finding.text.printable)\n"
    if let advice = finding.advice {
      text += "".filled(to: 9 + width) + "→ \(advice.printable)\n"
    }
  }
  let missing = examination.count(.missing)
  let warnings = examination.count(.warning)
  let counts = "\(missing) missing, \(warnings) \(warnings == 1 ? "warning" : "warnings")"
  return text + "\n"
    + (examination.canInstall
      ? "\(counts): Stillpoint can be installed\n"
      : "\(counts): Stillpoint does not work here before what is missing is there\n")
}

extension String {
  fileprivate func filled(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
