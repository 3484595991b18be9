internal import CoordinatorCore
internal import KubernetesClient

/// Asks once for each kind and place whether the coordinator may write it, before anything is written.
struct RightsCheck {
  private struct Question: Hashable {
    var verb: String
    var type: ResourceType
    var namespace: String?
  }

  private let client: KubernetesClient
  private var answers: [Question: Bool] = [:]

  init(_ client: KubernetesClient) { self.client = client }

  /// What is missing, for people; nil when it may, or when that was said before.
  mutating func lacks(_ verb: String, _ item: RestoreItem) async throws(OperationError) -> String? {
    let namespace = item.type.namespaced ? item.key.namespace : nil
    let question = Question(verb: verb, type: item.type, namespace: namespace)
    guard answers[question] == nil else { return nil }
    do throws(KubernetesError) {
      let review = try await client.mayI(verb, item.type, in: namespace)
      answers[question] = review.isAllowed
      guard !review.isAllowed else { return nil }
      let place = namespace.map { " in \($0)" } ?? ""
      return "the coordinator may not \(verb) \(item.type)\(place): it needs \(item.neededRole)"
    } catch {
      throw OperationError(error, doing: "asking for the right to \(verb)", item)
    }
  }
}

extension RestoreItem {
  /// Which of the roles of `deploy/kubernetes` is meant for it, for people.
  var neededRole: String {
    type.namespaced
      ? "the ClusterRole stillpoint-restore bound there"
      : "the ClusterRole stillpoint-restore-cluster bound in the whole cluster"
  }
}
