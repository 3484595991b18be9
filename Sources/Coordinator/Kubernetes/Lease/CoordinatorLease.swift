package import CutProtocol
package import KubernetesClient
package import Logging
internal import Model

/// The Lease that lets one coordinator of several be active.
///
/// It keeps two from starting; that two never act on one backup is what the epoch in the catalog ensures, lease or none.
package actor CoordinatorLease {
  private var election: LeaseElection
  private let client: KubernetesClient
  private let clock: any CutClock
  private let logger: Logger
  private var said: String?

  /// `identity` has to be new for every process. One process that loses the lease and finds that nobody took it goes on
  /// under the same one.
  package init(
    client: KubernetesClient, namespace: String, name: String, identity: String,
    clock: any CutClock = BootClock(), logger: Logger
  ) {
    let times = LeaseElection.Times()
    election = LeaseElection(
      key: ObjectKey(namespace: namespace, name: name), identity: identity, times: times)
    // Never behind an inventory, and no single request may use up what a renewal has.
    self.client = client.with(.cut, timeout: times.retry * 2)
    self.clock = clock
    self.logger = logger
  }

  /// Waits as a standby until the lease is this process's; false when the task was cancelled before. Called again after a
  /// loss, when nothing runs any more that the lease had allowed.
  package func acquire() async -> Bool {
    election.stand()
    said = nil
    while !Task.isCancelled {
      _ = await step()
      if election.isHolding {
        logger.notice("lease acquired", metadata: ["lease": "\(election.key)"])
        return true
      }
      guard await pause() else { return false }
    }
    return false
  }

  /// Renews the lease until it is lost, and says why it was; nil when the task was cancelled.
  package func hold() async -> String? {
    while !Task.isCancelled {
      if case .lost(let reason)? = await step() { return reason }
      guard await pause() else { return nil }
      if case .lost(let reason)? = election.expire(now: clock.now()) { return reason }
    }
    return nil
  }

  /// Lets the next one begin at once. Called when nothing of the coordinator runs any more.
  package func release() async {
    guard election.isHolding else { return }
    do throws(KubernetesError) {
      let lease = try await client.get(.leases, election.key.name, in: election.key.namespace)
      guard let released = election.released(lease, clock.timestamp()) else { return }
      _ = try await client.replace(released, as: .leases)
    } catch {
      // It runs out by itself.
      logger.info("lease not released", metadata: ["error": "\(error)"])
    }
  }

  private func pause() async -> Bool {
    (try? await clock.sleep(until: clock.now() + election.times.retry)) != nil
  }

  /// One look and what follows from it; nil when the API server could not be asked.
  private func step() async -> LeaseElection.Step? {
    do throws(KubernetesError) {
      let lease = try await client.find(.leases, election.key.name, in: election.key.namespace)
      let step = election.look(at: lease, now: clock.now(), wall: clock.timestamp())
      let sent = clock.now()
      switch step {
      case .create(let lease): _ = try await client.create(lease, as: .leases)
      case .replace(let lease): _ = try await client.replace(lease, as: .leases)
      case .wait(let holder):
        say("standing by", "holder", holder)
        return step
      case .lost: return step
      }
      election.written(sent: sent)
      return step
    } catch {
      // Somebody else was faster: the next look shows who.
      if !error.isConflict, !error.isAlreadyExists { say("lease not reached", "error", "\(error)") }
      return election.expire(now: clock.now())
    }
  }

  /// Each thing once, until there is another.
  private func say(_ event: Logger.Message, _ key: String, _ value: String) {
    guard said != "\(event)\(value)" else { return }
    said = "\(event)\(value)"
    logger.notice(event, metadata: ["lease": "\(election.key)", "\(key)": "\(value)"])
  }
}
