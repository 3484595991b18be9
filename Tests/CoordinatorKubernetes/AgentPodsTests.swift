import ClusterTesting
import CoordinatorCore
import CoordinatorKubernetes
import KubernetesClient
import Logging
import Model
import Testing

struct AgentPodsTests {
  private static let podName = "authentication.kubernetes.io/pod-name"
  private static let nodeName = "authentication.kubernetes.io/node-name"

  private func answer(_ user: TestUser?, fault: Bool = false) async throws
    -> Result<NodeID, PodIdentityError>
  {
    try await TestCluster.with { cluster in
      await cluster.api.user("coordinator", .admin)
      await cluster.api.user("jwt-1", user)
      let access = ClusterAccess(
        server: ServerAddress(isSecure: false, host: "127.0.0.1", port: fault ? 1 : cluster.port),
        identity: .token(BearerToken("coordinator")), namespace: "stillpoint")
      return try await KubernetesClient.with(access, logger: Logger(label: "test")) { client in
        do throws(PodIdentityError) {
          return .success(try await AgentPods(client: client).node(ofToken: "jwt-1"))
        } catch {
          return .failure(error)
        }
      }
    }
  }

  private func agent(
    _ name: String = "system:serviceaccount:stillpoint:stillpoint-agent", pod: String? = "agent-x1",
    node: String? = "node-1", audiences: [String] = ["stillpoint"]
  ) -> TestUser {
    let claims = [(Self.podName, pod), (Self.nodeName, node)]
    let extra = claims.compactMap { key, value in value.map { (key, [$0]) } }
    return TestUser(
      name, extra: Dictionary(uniqueKeysWithValues: extra), rules: [], audiences: audiences)
  }

  @Test func `the token of an agent's pod names its node`() async throws {
    #expect(try await answer(agent()).get() == NodeID("node-1"))
  }

  @Test func `tokens of others, for others, and without a pod and its node are refused`()
    async throws
  {
    for (user, words) in [
      (nil, "does not know the pod's token"),
      (agent(audiences: ["vault"]), "does not know the pod's token"),
      (agent("system:serviceaccount:other:stillpoint-agent"), "not of service account"),
      (agent("system:serviceaccount:stillpoint:default"), "not of service account"),
      (agent(pod: nil), "bound to no pod"),
      (agent(node: nil), "on which node"),
    ] {
      let answer = try await answer(user)
      let error = #expect(throws: PodIdentityError.self) { try answer.get() }
      #expect(error?.code == .refused)
      #expect(error?.description.contains(words) == true)
    }
  }

  @Test func `an API server that is away refuses nobody`() async throws {
    let answer = try await answer(agent(), fault: true)
    let error = #expect(throws: PodIdentityError.self) { try answer.get() }
    #expect(error?.code == .unavailable)
    #expect(error?.description.contains("127.0.0.1") == false)
    #expect(error?.cause?.contains("127.0.0.1") == true)
  }
}
