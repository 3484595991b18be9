internal import KubernetesClient

/// The API server's version, and what it serves of Stillpoint itself.
enum ServerCheck {
  /// The first that says in a token review on which node a pod runs, which agents are enrolled by; the manifests need no
  /// later one.
  static let oldest = 32

  static func findings(_ facts: ClusterFacts) -> [Finding] {
    let version = facts.version
    let isNewEnough = version.major > 1 || version.minor >= oldest
    let own = facts.directory.versions(ofKind: "BackupPlan", group: "stillpoint.dev")
    let broken = facts.directory.unavailable
    return [
      isNewEnough
        ? Finding("api-server", .good, "Kubernetes \(version.text) at \(facts.server)")
        : Finding(
          "api-server", .missing,
          "Kubernetes \(version.text) at \(facts.server) is older than 1.\(oldest): its token reviews do not say on which "
            + "node a pod runs, so agents cannot enrol by their pods' tokens",
          advice:
            "upgrade the cluster, or install the agents on the nodes as services (docs/operations.md)"
        )
    ]
      + (broken.isEmpty
        ? []
        : [
          Finding(
            "api-server", .warning,
            "\(broken.joined(separator: ", ")) is registered and does not answer: what it serves is not known",
            advice: "kubectl get apiservices shows whose server is down")
        ]) + [
        Finding(
          "stillpoint-types", .note,
          own.isEmpty
            ? "BackupPlan, Backup and Restore are not known yet: the installation brings them"
            : "BackupPlan is served as \(own.map(\.type.version).joined(separator: ", ")): Stillpoint was installed here before"
        )
      ]
  }
}
