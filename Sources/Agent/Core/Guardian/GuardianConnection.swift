internal import CutProtocol
internal import GuardianWatch
internal import LinuxSystem
internal import Synchronization

/// One running guardian and the agent's end of its socket. A thread of its own reads the answers.
final class GuardianConnection: Sendable {
  private struct Request {
    var deadline: Duration
    var continuation: CheckedContinuation<GuardianMessage.Content?, Never>
  }

  private struct State {
    var nextNumber: UInt64 = 1
    var requests: [UInt64: Request] = [:]
    var isGone = false
  }

  let process: ChildProcess
  private let socket: MessageSocket
  private let wakeReading: DescriptorHandle
  private let wakeWriting: DescriptorHandle
  private let state = Mutex(State())
  private let onGone: @Sendable () -> Void

  /// Starts the program and the reading thread; `onGone` is called once, when the guardian has ended.
  init(executable: String, onGone: @escaping @Sendable () -> Void) throws(SystemError) {
    let (own, theirs) = try MessageSocket.pair()
    (wakeReading, wakeWriting) = try DescriptorHandle.pipe()
    socket = own
    process = try ChildProcess(
      path: executable, arguments: [], environment: ["LC_ALL=C"],
      descriptors: [nil, nil, nil, theirs.descriptor])
    self.onGone = onGone
  }

  /// Begins to read answers. Called once.
  func beginReading() { startThread { [self] in read() } }

  /// Sends one request and waits for its answer; nil when the guardian is gone or did not answer in time.
  func ask(
    _ content: GuardianMessage.Content, descriptors: [DescriptorHandle] = [], limit: Duration
  ) async -> GuardianMessage.Content? {
    await withCheckedContinuation { continuation in
      let number = state.withLock { state -> UInt64? in
        guard !state.isGone else { return nil }
        let number = state.nextNumber
        state.nextNumber += 1
        state.requests[number] = Request(
          deadline: LinuxKernel.timeSinceBoot() + limit, continuation: continuation)
        return number
      }
      guard let number else { return continuation.resume(returning: nil) }
      do {
        try socket.send(
          GuardianMessage(number: number, content: content).encoded(), descriptors: descriptors)
        wake()
      } catch {
        answer(number, .refused("\(error)"))
      }
    }
  }

  /// Ends the guardian by force, because it does not answer.
  func kill() {
    // It can fail only for a guardian that is gone already, and then there is nothing left to do.
    try? process.kill()
  }

  /// Lets the guardian go: it ends what is still held, and then itself.
  func close() { socket.shutDown() }

  var isGone: Bool { state.withLock(\.isGone) }

  // MARK: The reading thread

  private func wake() { wakeWriting.writeByte() }

  private func read() {
    while true {
      let ready = DescriptorHandle.waitUntilReadable(
        [socket.descriptor, wakeReading], limit: nextTimeout())
      if ready.contains(1) { wakeReading.discardBytes() }
      if ready.contains(0) {
        // An error on the socket leaves nothing to be heard from this guardian.
        guard let received = try? socket.receive(limit: GuardianLimits.messageBytes) else { break }
        if let message = try? GuardianMessage(received.message) {
          answer(message.number, message.content)
        }
      }
      giveUpOnOverdue()
    }
    // It closed its socket, so it ends; one that does not would hold descriptors for nothing.
    if !process.reap(.seconds(2)) {
      kill()
      process.reap(.seconds(5))
    }
    let waiting = state.withLock { state in
      state.isGone = true
      defer { state.requests = [:] }
      return Array(state.requests.values)
    }
    for request in waiting { request.continuation.resume(returning: nil) }
    onGone()
  }

  private func nextTimeout() -> Duration? {
    let deadline = state.withLock { $0.requests.values.map(\.deadline).min() }
    return deadline.map { max(.zero, $0 - LinuxKernel.timeSinceBoot()) }
  }

  private func giveUpOnOverdue() {
    let now = LinuxKernel.timeSinceBoot()
    let overdue = state.withLock { state in
      let numbers = state.requests.filter { now >= $0.value.deadline }.keys
      return numbers.compactMap { state.requests.removeValue(forKey: $0) }
    }
    for request in overdue { request.continuation.resume(returning: nil) }
  }

  private func answer(_ number: UInt64, _ content: GuardianMessage.Content) {
    let request = state.withLock { $0.requests.removeValue(forKey: number) }
    request?.continuation.resume(returning: content)
  }
}
