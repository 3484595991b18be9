import ConfigurationFile
import Foundation
import KubernetesClient
import Testing

@testable import stillpoint_coordinator

struct CoordinatorConfigurationTests {
  private func read(kubernetes: String?) throws -> CoordinatorConfiguration {
    let file = FileManager.default.temporaryDirectory.appending(
      path: "coordinator-\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    let text = """
      fleet: shop
      stateDirectory: /var/lib/stillpoint-coordinator
      fleetListen: 127.0.0.1:7443
      enrolmentListen: 127.0.0.1:7444
      apiListen: 127.0.0.1:7445
      \(kubernetes.map { "kubernetes: \($0)" } ?? "")
      """
    try Data(text.utf8).write(to: file)
    return try CoordinatorConfiguration.read(file.path)
  }

  @Test func `names the cluster that is served, or none`() throws {
    #expect(try read(kubernetes: nil).kubernetes == nil)
    #expect(try read(kubernetes: "in-cluster").kubernetes == .inCluster)
    #expect(
      try read(kubernetes: "{kubeconfig: /etc/stillpoint/kubeconfig}").kubernetes
        == .kubeconfig("/etc/stillpoint/kubeconfig"))
  }

  @Test(arguments: [
    "out-of-cluster", "{}", "{kubeconfig: relative}", "{kubeconfig: /a, context: b}", "[a]",
  ])
  func `refuses what names no cluster, and says the key`(value: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try read(kubernetes: value) }
    #expect(error?.message.contains("'kubernetes'") == true, "\(error?.message ?? "")")
  }

  @Test func `outside of a pod, in-cluster says what is missing`() throws {
    let error = #expect(throws: KubernetesError.self) {
      try ClusterUse.inCluster.access(environment: [:])
    }
    #expect(error?.message.contains("KUBERNETES_SERVICE_HOST") == true)
  }
}
