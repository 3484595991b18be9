internal import KubernetesClient
internal import Model

/// Who of several may be the coordinator, by a Lease of `coordination.k8s.io`: as client-go's leader election does it.
///
/// No clocks are compared: a candidate takes over what it has not seen change for the lease's duration, by its own clock,
/// and the holder gives up well before that.
struct LeaseElection {
  struct Times {
    /// How long others leave a lease alone that is not renewed any more.
    var duration = Duration.seconds(15)
    /// How long the holder goes on without a renewal.
    var renewal = Duration.seconds(10)
    /// Between two looks.
    var retry = Duration.seconds(2)
  }

  enum Step: Equatable {
    /// Write it as a new object.
    case create(KubernetesObject)
    /// Write it over the version that it carries.
    case replace(KubernetesObject)
    /// Another one holds it: look again after the retry time.
    case wait(holder: String)
    /// This one held it and has it no longer. Leads further only by `stand`.
    case lost(reason: String)
  }

  private enum State {
    /// Leads to `holding`.
    case candidate(Observation?)
    /// Since the moment at which the last renewal was sent. Leads to `lost`.
    case holding(renewed: Duration)
    /// Leads to `candidate`, once what the lease had allowed has come to its end.
    case lost
  }

  private struct Observation {
    var spec: JSONValue
    var since: Duration
  }

  let key: ObjectKey
  let identity: String
  let times: Times
  private var state = State.candidate(nil)

  init(key: ObjectKey, identity: String, times: Times = Times()) {
    self.key = key
    self.identity = identity
    self.times = times
  }

  var isHolding: Bool { if case .holding = state { true } else { false } }

  /// After a loss, a candidate like every other one: what was seen of the lease before does not count.
  mutating func stand() {
    if case .lost = state { state = .candidate(nil) }
  }

  /// What to do about the lease as it was just read, nil where there is none. `now` is a clock that never stands still.
  mutating func look(at lease: KubernetesObject?, now: Duration, wall: Timestamp) -> Step {
    if let lost = expire(now: now) { return lost }
    guard let lease else {
      if isHolding { return lose("the lease \(key) was deleted") }
      return .create(
        KubernetesObject(
          .leases, name: key.name, namespace: key.namespace,
          fields: ["spec": spec(transitions: 0, acquired: wall, renewed: wall)]))
    }
    let holder = lease["spec", "holderIdentity"]?.string ?? ""
    if holder == identity { return .replace(renewed(lease, wall)) }
    if isHolding { return lose("the lease \(key) was taken by '\(holder)'") }
    guard holder.isEmpty || hasRunOut(lease, now) else { return .wait(holder: holder) }
    return .replace(taken(lease, wall))
  }

  /// The step was carried out; it had been sent at `sent`.
  mutating func written(sent: Duration) {
    if case .lost = state { return }
    state = .holding(renewed: sent)
  }

  /// Ends a holding that was not renewed for too long.
  mutating func expire(now: Duration) -> Step? {
    guard case .holding(let renewed) = state, now - renewed >= times.renewal else { return nil }
    return lose("the lease \(key) could not be renewed for \((now - renewed).shortText)")
  }

  private mutating func lose(_ reason: String) -> Step {
    state = .lost
    return .lost(reason: reason)
  }

  /// Whether nothing of the lease has changed for as long as its holder said.
  private mutating func hasRunOut(_ lease: KubernetesObject, _ now: Duration) -> Bool {
    let spec = lease["spec"] ?? .null
    guard case .candidate(let seen?) = state, seen.spec == spec else {
      state = .candidate(Observation(spec: spec, since: now))
      return false
    }
    let seconds = lease["spec", "leaseDurationSeconds"]?.int ?? 0
    let duration = seconds > 0 ? Duration.seconds(min(seconds, 3600)) : times.duration
    return now - seen.since >= duration
  }

  private func renewed(_ lease: KubernetesObject, _ wall: Timestamp) -> KubernetesObject {
    var lease = lease
    lease["spec", "renewTime"] = .string(wall.microTime)
    lease["spec", "leaseDurationSeconds"] = JSONValue(times.duration.components.seconds)
    return lease
  }

  private func taken(_ lease: KubernetesObject, _ wall: Timestamp) -> KubernetesObject {
    var lease = lease
    let transitions = (lease["spec", "leaseTransitions"]?.int ?? 0) + 1
    lease["spec"] = spec(transitions: transitions, acquired: wall, renewed: wall)
    return lease
  }

  /// The lease without a holder, for whoever comes next.
  func released(_ lease: KubernetesObject, _ wall: Timestamp) -> KubernetesObject? {
    guard lease["spec", "holderIdentity"]?.string == identity else { return nil }
    var lease = renewed(lease, wall)
    lease["spec", "holderIdentity"] = ""
    lease["spec", "leaseDurationSeconds"] = 1
    return lease
  }

  private func spec(transitions: Int64, acquired: Timestamp, renewed: Timestamp) -> JSONValue {
    [
      "holderIdentity": .string(identity),
      "leaseDurationSeconds": JSONValue(times.duration.components.seconds),
      "acquireTime": .string(acquired.microTime), "renewTime": .string(renewed.microTime),
      "leaseTransitions": JSONValue(transitions),
    ]
  }
}

extension Timestamp {
  /// As `meta/v1.MicroTime` is written.
  var microTime: String { description.dropLast() + "000Z" }
}
