internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// Whether whoever handles events wants more of them.
package enum WatchStep: Hashable, Sendable {
  case goOn
  case stop
}

/// Why a watch ended without an error.
package enum WatchEnd: Hashable, Sendable {
  /// The server closed it, which is usual after a while: go on from the last version.
  case byServer
  /// The handler wanted no more.
  case stopped
}

extension KubernetesClient {
  /// Hands every event to `handle`, over one connection.
  ///
  /// `version` is where to begin: that of a list, or of the last event. Nil begins with what is there now, as added; with
  /// `initialEvents` a bookmark marks its end. A refusal can come at any time; `isExpired` means that what happened since
  /// `version` is no longer known, and that everything has to be listed again. The connection is read only as fast as
  /// events are handled.
  package func watch(
    _ type: ResourceType, in namespace: String? = nil, matching selector: ResourceSelector = .all,
    from version: String?, initialEvents: Bool = false,
    _ handle: (WatchEvent) async -> WatchStep
  ) async throws(KubernetesError) -> WatchEnd {
    var query = selector.query
    query.append(("watch", "1"))
    query.append(("allowWatchBookmarks", "true"))
    let renewal = transport.options.watchTimes(priority).renewal
    query.append(("timeoutSeconds", String(max(1, renewal.components.seconds))))
    if initialEvents {
      query.append(("sendInitialEvents", "true"))
      query.append(("resourceVersionMatch", "NotOlderThan"))
    }
    if let version { query.append(("resourceVersion", version)) }
    let request = APIRequest(
      method: .GET, path: type.path(namespace: namespace), query: query,
      summary: summary("watch", type, nil, namespace))
    let end: WatchEnd
    do {
      end = try await follow(request, handle)
    } catch {
      throw KubernetesError(any: error, of: request, at: server, timeout: timeout)
    }
    // A cancelled stream ends as if the server had ended it.
    guard !Task.isCancelled else {
      throw KubernetesError(.cancelled, "\(request.summary) was given up")
    }
    return end
  }

  private func follow(
    _ request: APIRequest, _ handle: (WatchEvent) async -> WatchStep
  ) async throws -> WatchEnd {
    let response = try await transport.stream(request, priority: priority, timeout: timeout)
    var reader = LineReader(largest: transport.options.largestEvent)
    for try await piece in response.body {
      let lines: [[UInt8]]
      do {
        lines = try reader.read(piece.readableBytesView)
      } catch {
        throw KubernetesError(
          .tooLarge,
          "\(request.summary): an event is larger than \(transport.options.largestEvent) bytes")
      }
      for line in lines {
        let event = try WatchEvent(line: line, of: request)
        if await handle(event) == .stop { return .stopped }
      }
    }
    // Half an event is none: it comes again after the last version.
    return .byServer
  }
}
