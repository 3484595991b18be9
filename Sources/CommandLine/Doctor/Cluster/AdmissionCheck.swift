internal import KubernetesClient

/// Whether the namespace would refuse the agents' pods.
enum AdmissionCheck {
  private static let enforce = "pod-security.kubernetes.io/enforce"

  static func findings(_ facts: ClusterFacts) -> [Finding] {
    facts.namespace.findings("pod-security") { [finding($0, facts.namespaceName)] }
  }

  private static func finding(_ namespace: KubernetesObject?, _ name: String) -> Finding {
    let check = "pod-security"
    let label = "kubectl label namespace \(name) --overwrite \(enforce)=privileged"
    guard let namespace else {
      return Finding(
        check, .note,
        "namespace \(name) does not exist yet; deploy/kubernetes makes it with \(enforce)=privileged, helm --create-namespace "
          + "without", advice: "with the chart: make the namespace first, then \(label)")
    }
    switch namespace.labels[enforce] {
    case "privileged"?:
      return Finding(check, .good, "namespace \(name) takes the agents' pods (privileged)")
    case "baseline"?, "restricted"?:
      return Finding(
        check, .missing,
        "namespace \(name) enforces \(namespace.labels[enforce] ?? ""): the agents' pods (host's processes and directories, "
          + "CAP_SYS_ADMIN) are refused", advice: label)
    default:
      return Finding(
        check, .warning,
        "namespace \(name) does not say which pods it takes: a default of the cluster decides, which cannot be seen from here",
        advice: label)
    }
  }
}
