internal import Hummingbird
internal import NIOCore

/// What belongs to one request: its logger with the request's ID, and the connection that it came by.
struct OperatorContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}
