internal import GRPCCore
internal import Logging

/// Logs every call with its time and its answer's code; never a request's content, which may be secret.
struct CallLog: ServerInterceptor {
  let logger: Logger

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next:
      @concurrent @Sendable (StreamingServerRequest<Input>, ServerContext) async throws ->
      StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    let start = ContinuousClock.now
    var metadata: Logger.Metadata = ["call": "\(context.descriptor.method)"]
    do {
      let response = try await next(request, context)
      metadata["duration"] = "\(ContinuousClock.now - start)"
      if case .failure(let error) = response.accepted {
        metadata["code"] = "\(error.code)"
        metadata["error"] = "\(error.message)"
        logger.warning("call refused", metadata: metadata)
      } else {
        logger.debug("call answered", metadata: metadata)
      }
      return response
    } catch {
      metadata["duration"] = "\(ContinuousClock.now - start)"
      metadata["error"] = "\((error as? RPCError)?.message ?? "\(error)")"
      if let error = error as? RPCError { metadata["code"] = "\(error.code)" }
      logger.warning("call refused", metadata: metadata)
      throw error
    }
  }
}
