package import Logging

/// Speaks to one Kubernetes API server.
///
/// A value: copies share connections, allowances and credentials, and differ in priority and patience alone. Every call
/// throws a `KubernetesError`. Requests that the server sends away with "later" (429, or 503 with a time) are repeated
/// within their timeout; nothing else is: whether a lost request took effect is for the caller to find out.
package struct KubernetesClient: Sendable {
  package static let usualTimeout = Duration.seconds(30)

  let transport: Transport
  package var priority = RequestPriority.usual
  /// How long one request may take, with all waiting. A list has this for each page.
  package var timeout = usualTimeout

  /// A client that is closed with `close`.
  package init(_ access: ClusterAccess, options: ClientOptions = ClientOptions(), logger: Logger) {
    transport = Transport(access, options, logger)
  }

  /// Runs `body` with a client whose connections are closed afterwards.
  package static func with<Result: Sendable>(
    _ access: ClusterAccess, options: ClientOptions = ClientOptions(), logger: Logger,
    _ body: (KubernetesClient) async throws -> Result
  ) async throws -> Result {
    let client = KubernetesClient(access, options: options, logger: logger)
    do {
      let result = try await body(client)
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }

  /// Closes all connections, of copies too. Called once; requests that still run fail.
  package func close() async { await transport.connections.close() }

  /// The same client for requests of another priority.
  package func with(_ priority: RequestPriority, timeout: Duration? = nil) -> KubernetesClient {
    var copy = self
    copy.priority = priority
    if let timeout { copy.timeout = timeout }
    return copy
  }

  /// The namespace of the credentials.
  package var namespace: String { transport.access.namespace }
  package var server: ServerAddress { transport.access.server }

  func answer(_ request: APIRequest, largest: Int? = nil) async throws(KubernetesError)
    -> JSONValue
  {
    let answer = try await transport.answer(
      request, priority: priority, timeout: timeout,
      largest: largest ?? transport.options.largestObject)
    do {
      return try JSONValue(json: answer.bytes)
    } catch {
      throw KubernetesError(
        .protocolMismatch, "\(request.summary): the answer is no JSON: \(error.description)")
    }
  }

  func object(_ request: APIRequest) async throws(KubernetesError) -> KubernetesObject {
    guard let object = KubernetesObject(try await answer(request)) else {
      throw KubernetesError(.protocolMismatch, "\(request.summary): the answer is no object")
    }
    return object
  }
}
