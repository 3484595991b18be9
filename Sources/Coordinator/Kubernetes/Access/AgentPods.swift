package import CoordinatorCore
package import KubernetesClient
package import Model

/// Asks the cluster's API server to whom a token belongs (TokenReview), and believes it for pods of the agents' own account only.
package struct AgentPods: PodIdentity {
  /// What a token must be meant for, so that none that was given to another service can be used here.
  package static let audience = "stillpoint"
  /// Less than an agent waits for its answer.
  private static let timeout = Duration.seconds(10)
  /// The pod that a token is bound to: it ends with that pod, as one of the account or of a node does not.
  private static let podName = "authentication.kubernetes.io/pod-name"
  /// Where the pod of a bound token runs; Kubernetes 1.30 and later.
  private static let nodeName = "authentication.kubernetes.io/node-name"

  private let client: KubernetesClient
  private let account: String

  /// `account` is the service account of the agents, in the namespace of the client's own.
  package init(client: KubernetesClient, account: String = "stillpoint-agent") {
    self.client = client.with(.usual, timeout: Self.timeout)
    self.account = "system:serviceaccount:\(client.namespace):\(account)"
  }

  package func node(ofToken token: String) async throws(PodIdentityError) -> NodeID {
    try Self.node(in: try await review(token), account: account)
  }

  /// The node of the pod that a review speaks for. Throws for everything but a pod of the account.
  static func node(in review: TokenReview, account: String) throws(PodIdentityError) -> NodeID {
    guard review.isAuthenticated, review.audiences.contains(audience) else {
      throw PodIdentityError(
        .refused, "the cluster does not know the pod's token, or not for '\(audience)'")
    }
    guard review.username == account else {
      throw PodIdentityError(.refused, "the pod's token is not of service account \(account)")
    }
    guard review.extra[podName]?.first?.isEmpty == false else {
      throw PodIdentityError(.refused, "the token is bound to no pod")
    }
    guard let name = review.extra[nodeName]?.first, let node = try? NodeID(name) else {
      throw PodIdentityError(
        .refused,
        "the cluster does not say on which node the token's pod runs, as Kubernetes 1.30 and later do"
      )
    }
    return node
  }

  private func review(_ token: String) async throws(PodIdentityError) -> TokenReview {
    do throws(KubernetesError) {
      return try await client.review(token: BearerToken(token), audiences: [Self.audience])
    } catch {
      // The stranger learns no more than that; whoever runs the coordinator learns it all.
      throw PodIdentityError(
        .unavailable, "the cluster cannot be asked now about the pod's token", cause: "\(error)")
    }
  }
}
