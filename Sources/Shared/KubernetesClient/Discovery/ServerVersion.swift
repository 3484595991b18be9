internal import NIOHTTP1

/// The release of an API server.
package struct ServerVersion: Hashable, Sendable {
  package var major: Int
  package var minor: Int
  /// As the server writes it, for example `v1.36.2` or `v1.33.1-gke.100`.
  package var text: String

  package init(major: Int, minor: Int, text: String) {
    self.major = major
    self.minor = minor
    self.text = text
  }

  /// Nil for what is no such answer.
  init?(_ value: JSONValue) {
    /// Some distributions write `33+`.
    func number(_ key: String) -> Int? {
      value[key]?.string.flatMap { Int($0.prefix(while: \.isNumber)) }
    }
    guard let major = number("major"), let minor = number("minor"),
      let text = value["gitVersion"]?.string
    else { return nil }
    self.init(major: major, minor: minor, text: text)
  }
}

extension KubernetesClient {
  package func serverVersion() async throws(KubernetesError) -> ServerVersion {
    let request = APIRequest(method: .GET, path: ["version"], summary: "get the server's version")
    guard let version = ServerVersion(try await answer(request)) else {
      throw KubernetesError(
        .protocolMismatch, "\(request.summary): the answer is no version",
        hint: "check that the address is that of a Kubernetes API server")
    }
    return version
  }
}
