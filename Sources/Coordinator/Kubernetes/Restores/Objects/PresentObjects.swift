internal import CoordinatorCore
internal import KubernetesClient

/// What is there of the objects that a restore is about: asked for one by one where they are few, by one list where they are many.
struct PresentObjects {
  private struct Place: Hashable {
    var type: ResourceType
    var namespace: String?

    init(_ item: RestoreItem) {
      type = item.type
      namespace = item.type.namespaced ? item.key.namespace : nil
    }
  }

  /// Beyond this, a list costs less than asking for each.
  private static let few = 8

  private let client: KubernetesClient
  private let counts: [Place: Int]
  private var lists: [Place: [String: KubernetesObject]] = [:]

  init(_ client: KubernetesClient, _ items: [RestoreItem]) {
    self.client = client
    counts = items.reduce(into: [:]) { $0[Place($1), default: 0] += 1 }
  }

  /// With its metadata at least; nil for what is not there, and for what is of a kind whose definition is yet to come.
  mutating func object(of item: RestoreItem) async throws(OperationError) -> KubernetesObject? {
    let place = Place(item)
    do throws(KubernetesError) {
      guard counts[place] ?? 0 > Self.few else {
        return try await client.find(item.type, item.key.name, in: place.namespace)
      }
      if let list = lists[place] { return list[item.key.name] }
      let list = try await Self.list(client, place)
      lists[place] = list
      return list[item.key.name]
    } catch {
      if error.isNotFound { return nil }
      throw OperationError(error, doing: "looking for", item)
    }
  }

  private static func list(_ client: KubernetesClient, _ place: Place)
    async throws(KubernetesError) -> [String: KubernetesObject]
  {
    var found: [String: KubernetesObject] = [:]
    for object in try await client.list(place.type, in: place.namespace).items {
      // Nothing else is looked at.
      found[object.name] = KubernetesObject(["metadata": .object(object.metadata)])
    }
    return found
  }
}
