internal import CutProtocol
internal import LinuxSystem
internal import Model

/// What prepare opened so far; all of it is ended when prepare fails or is cancelled.
struct OpenedSessions: Sendable {
  var sessions: [ClientSession]

  /// Runs `body`; on failure, and on cancellation whatever came out, the sessions end.
  func keptIfSuccessful<T: Sendable>(
    of member: ServiceName, _ body: () async throws(Refusal) -> T
  ) async throws(Refusal) -> T {
    let sessions = sessions
    let result: Result<T, Refusal> = await withTaskCancellationHandler {
      do throws(Refusal) { return .success(try await body()) } catch { return .failure(error) }
    } onCancel: {
      for session in sessions { session.kill() }
    }
    if case .success(let value) = result, !Task.isCancelled { return value }
    await runUncancelled { for session in sessions { await session.end() } }
    if Task.isCancelled { throw Refusal(.failed, "prepare of \(member) was cancelled") }
    return try result.get()
  }
}

extension Refusal {
  /// What a client session's failure means while `tried` was done.
  static func because(
    _ failure: ClientSession.Failure, _ member: ServiceName, _ tried: String, hint: String? = nil
  ) -> Refusal {
    switch failure {
    case .timedOut:
      return Refusal(.busy, "\(tried) of \(member) was not answered in time", hint: hint)
    case .ended(let lines):
      let said = lines.filter { !$0.isEmpty }.joined(separator: "; ")
      return Refusal(
        .failed, "\(tried) of \(member) failed: the client ended\(said.isEmpty ? "" : ": \(said)")",
        hint: hint)
    case .system(let error): return .because(error, member, tried)
    }
  }
}
