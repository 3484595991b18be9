internal import Foundation
internal import Hummingbird
internal import Logging
internal import NIOCore

/// What belongs to one request: its ID, its logger, and the connection that it came by.
struct OperatorContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  /// Told to the caller and in every log entry of the request.
  let requestID: String

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
    requestID = UUID().uuidString.lowercased()
    logger[metadataKey: "request"] = "\(requestID)"
  }
}
