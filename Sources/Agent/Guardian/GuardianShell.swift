internal import CLinux
internal import Glibc
internal import GuardianWatch

/// Feeds the watch with the agent's messages, the clock and ended actions, and performs its orders.
///
/// One thread that never waits for anything but its poll: whatever may block is done by a forked child.
struct GuardianShell {
  /// A child that performs an action.
  struct Child {
    var pid: pid_t
    /// -1 where the kernel gave none; then its end is asked for every 20 ms.
    var descriptor: Int32
    var key: HoldKey
    var action: Int
  }

  private let socket: Int32
  private let protection: Protection
  private var watch = GuardianWatch()
  /// By hold and action; -1 for actions without one.
  private var descriptors: [HoldKey: [Int32]] = [:]
  private var children: [Child] = []
  private var peerIsOpen = true
  private var runs = 0
  private var buffer = [UInt8](repeating: 0, count: GuardianLimits.messageBytes)

  init(socket: Int32, protection: Protection) {
    self.socket = socket
    self.protection = protection
  }

  private var now: Duration { .nanoseconds(cl_boot_time()) }

  mutating func runUntilFinished() {
    while !watch.isFinished {
      wait()
      reap()
      perform(watch.tick(now: now))
    }
  }

  /// Waits for a message, the end of a child, or the next deadline; a message is answered at once.
  private mutating func wait() {
    var events = [pollfd(fd: peerIsOpen ? socket : -1, events: Int16(POLLIN), revents: 0)]
    events += children.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    var limit = watch.nextDeadline.map { milliseconds(until: $0) } ?? -1
    if children.contains(where: { $0.descriptor < 0 }) { limit = limit < 0 ? 20 : min(limit, 20) }
    let ready = poll(&events, nfds_t(events.count), limit)
    if ready > 0, events[0].revents != 0 { receive() }
  }

  /// Rounded up, so that the deadline has passed when the poll returns.
  private func milliseconds(until deadline: Duration) -> Int32 {
    let (seconds, attoseconds) = (deadline - now).components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    return Int32(min(seconds, 3600)) * 1000 + Int32(attoseconds / 1_000_000_000_000_000) + 1
  }

  // MARK: The agent

  private mutating func receive() {
    var received = [Int32](repeating: -1, count: Int(CL_MAX_DESCRIPTORS))
    var count = 0
    let size = cl_receive_message(socket, &buffer, buffer.count, &received, &count)
    var carried = Array(received.prefix(count))
    if size == 0 || size == -Int(ECONNRESET) {
      peerIsOpen = false
      close(socket)
      perform(watch.peerClosed(now: now))
      return
    }
    guard size > 0 else { return }
    let answer: GuardianMessage
    do {
      let message = try GuardianMessage(buffer.prefix(size))
      answer = GuardianMessage(
        number: message.number, content: self.answer(message.content, &carried))
    } catch {
      // The number's place is the same in every version, so that even a strange message gets an answer.
      let number =
        size < 12 ? 0 : buffer[4..<12].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      answer = GuardianMessage(number: number, content: .refused(error.description))
    }
    for descriptor in carried { close(descriptor) }
    send(answer)
  }

  /// An agent that does not read its answers loses them; it notices by its own limit.
  private func send(_ message: GuardianMessage) {
    guard let bytes = try? message.encoded() else {
      // Only our own short texts are in an answer, so this cannot be; without an answer the agent gives up on us.
      return
    }
    _ = cl_send_message(socket, bytes, bytes.count, nil, 0)
  }

  /// Takes the descriptors that it keeps out of `carried`.
  private mutating func answer(
    _ request: GuardianMessage.Content, _ carried: inout [Int32]
  ) -> GuardianMessage.Content {
    switch request {
    case .hello:
      return .ready(
        GuardianCondition(
          pid: getpid(), residentBytes: Protection.residentBytes(),
          memoryIsLocked: protection.memoryIsLocked,
          isSparedByOutOfMemory: protection.isSparedByOutOfMemory,
          armedHolds: UInt32(watch.armedCount)))
    case .arm(let key, let actions, let lease, let cap):
      guard carried.count == actions.count(where: \.takesDescriptor) else {
        return .refused(
          "hold \(key) came with \(carried.count) descriptors, which do not match its actions")
      }
      switch watch.arm(key, actions: actions, lease: lease, cap: cap, now: now) {
      case .refused(let reason): return .refused(reason)
      case .armed:
        var next = carried.makeIterator()
        descriptors[key] = actions.map { $0.takesDescriptor ? next.next() ?? -1 : -1 }
        carried = []
        return .armed
      }
    case .renew(let key, let lease):
      return .renewal(watch.renew(key, lease: lease, now: now))
    case .disarm(let key):
      let (finding, orders) = watch.disarm(key, now: now)
      perform(orders)
      return .disarmed(finding)
    case .ready, .armed, .refused, .renewal, .disarmed:
      return .refused("an answer came where a request was expected")
    }
  }

  // MARK: Rescues

  private mutating func perform(_ orders: [GuardianWatch.Order]) {
    for order in orders {
      switch order {
      case .start(let key, let action): start(key, action)
      case .forget(let key):
        for descriptor in descriptors.removeValue(forKey: key) ?? [] where descriptor >= 0 {
          close(descriptor)
        }
      }
    }
  }

  private mutating func start(_ key: HoldKey, _ action: Int) {
    guard let kind = watch.action(key, action) else { return }
    let descriptor = descriptors[key]?[action] ?? -1
    switch kind {
    case .thaw:
      let child = cl_fork_thaw(descriptor)
      // Without a child the thaw is tried here: it blocks only behind a freeze that is under way.
      if child > 0 {
        add(child, key, action)
      } else {
        ended(key, action, code: -cl_thaw(descriptor))
      }
    case .unpause:
      let child = cl_fork_unpause(descriptor)
      if child > 0 {
        add(child, key, action)
      } else {
        ended(key, action, code: -cl_unpause(descriptor))
      }
    case .kill:
      ended(key, action, code: -cl_pidfd_signal(descriptor, SIGKILL))
    case .write(let bytes):
      let child = cl_fork_write(descriptor, bytes, bytes.count)
      close(descriptor)
      descriptors[key]?[action] = -1
      if child > 0 { add(child, key, action) } else { ended(key, action, code: -child) }
    case .run(let arguments, let environment, let timeout):
      let child = run(arguments, environment, min(timeout, GuardianLimits.longestRun))
      if child > 0 { add(child, key, action) } else { ended(key, action, code: -child) }
    }
  }

  private mutating func add(_ pid: pid_t, _ key: HoldKey, _ action: Int) {
    children.append(Child(pid: pid, descriptor: cl_pidfd_open(pid), key: key, action: action))
  }

  private mutating func ended(_ key: HoldKey, _ action: Int, code: Int32) {
    let outcome: GuardianWatch.Outcome =
      code == 0 ? .done : code == EINVAL ? nothingFrozen(key, action) : .failed
    perform(watch.actionEnded(key, action: action, outcome: outcome, now: now))
  }

  private func nothingFrozen(_ key: HoldKey, _ action: Int) -> GuardianWatch.Outcome {
    watch.action(key, action)?.isRepeated == true ? .nothingFrozen : .failed
  }

  private mutating func reap() {
    for child in children {
      var status: Int32 = 0
      guard waitpid(child.pid, &status, WNOHANG) == child.pid else { continue }
      children.removeAll { $0.pid == child.pid }
      if child.descriptor >= 0 { close(child.descriptor) }
      let code = cl_exited(status) != 0 ? cl_exit_code(status) : ECHILD
      ended(child.key, child.action, code: code)
    }
  }

  /// Starts a program under a supervisor, with the null device as its input and output.
  private mutating func run(_ arguments: [String], _ environment: [String], _ timeout: Duration)
    -> pid_t
  {
    runs += 1
    let mark = "STILLPOINT_RUN=guardian-\(getpid())-\(runs)"
    let null: [Int32] = [-1, -1, -1]
    let (seconds, attoseconds) = timeout.components
    let milliseconds = Int32(seconds) * 1000 + Int32(attoseconds / 1_000_000_000_000_000)
    var argumentPointers = arguments.map { strdup($0) } + [nil]
    var environmentPointers = ([mark] + environment).map { strdup($0) } + [nil]
    defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
    return cl_spawn_supervised(
      arguments[0], &argumentPointers, &environmentPointers, null, 3, milliseconds, -1, -1, mark)
  }
}
