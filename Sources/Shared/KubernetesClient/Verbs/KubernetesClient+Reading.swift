internal import NIOHTTP1

extension KubernetesClient {
  /// The object of that name. `isNotFound` when there is none.
  package func get(
    _ type: ResourceType, _ name: String, in namespace: String? = nil, subresource: String? = nil
  ) async throws(KubernetesError) -> KubernetesObject {
    try await object(
      APIRequest(
        method: .GET,
        path: type.path(name, namespace: place(type, namespace), subresource: subresource),
        summary: summary("get", type, name, namespace)))
  }

  /// The object of that name, nil when there is none.
  package func find(_ type: ResourceType, _ name: String, in namespace: String? = nil)
    async throws(KubernetesError) -> KubernetesObject?
  {
    do {
      return try await get(type, name, in: namespace)
    } catch {
      guard error.reason == .notFound else { throw error }
      return nil
    }
  }

  /// One page. `namespace` nil means all of them; `next` comes from the page before; `limit` 0 asks for all. An answer of more
  /// than `largest` bytes is refused as `tooLarge`.
  package func page(
    _ type: ResourceType, in namespace: String? = nil, matching selector: ResourceSelector = .all,
    limit: Int? = nil, next: String? = nil, largest: Int? = nil
  ) async throws(KubernetesError) -> KubernetesList {
    var query = selector.query
    let limit = limit ?? transport.options.pageSize
    if limit > 0 { query.append(("limit", String(limit))) }
    if let next { query.append(("continue", next)) }
    let request = APIRequest(
      method: .GET, path: type.path(namespace: namespace), query: query,
      summary: summary("list", type, nil, namespace))
    let value = try await answer(request, largest: largest ?? transport.options.largestPage)
    guard let list = KubernetesList(value, of: type) else {
      throw KubernetesError(.protocolMismatch, "\(request.summary): the answer is no list")
    }
    return list
  }

  /// All objects of a type as they were together, page after page. `namespace` nil means all of them.
  ///
  /// A list that takes longer than the server remembers is begun anew once, and then asked for as one page: the server's
  /// offer to go on with a later state would give objects of two times.
  package func list(
    _ type: ResourceType, in namespace: String? = nil, matching selector: ResourceSelector = .all
  ) async throws(KubernetesError) -> KubernetesList {
    for _ in 0..<2 {
      do {
        return try await pages(type, namespace, selector)
      } catch {
        guard error.isExpired else { throw error }
      }
    }
    return try await page(type, in: namespace, matching: selector, limit: 0)
  }

  private func pages(
    _ type: ResourceType, _ namespace: String?, _ selector: ResourceSelector
  ) async throws(KubernetesError) -> KubernetesList {
    var whole = try await page(type, in: namespace, matching: selector)
    while let next = whole.next {
      let page = try await page(type, in: namespace, matching: selector, next: next)
      whole.items += page.items
      whole.next = page.next
    }
    return whole
  }

  /// The namespace of a request for one object: the credentials' own where none is named.
  func place(_ type: ResourceType, _ namespace: String?) -> String? {
    type.namespaced ? namespace ?? transport.access.namespace : nil
  }

  func summary(_ verb: String, _ type: ResourceType, _ name: String?, _ namespace: String?)
    -> String
  {
    var text = "\(verb) \(type)"
    if let name { text += " \(name)" }
    if type.namespaced {
      if let namespace { text += " in \(namespace)" } else if name == nil { text += " everywhere" }
    }
    return text
  }
}
