package import Model

/// What the coordinator asks of a node outside any hold; answered by one `NodeReply`. Each but a hook is idempotent; a
/// hook's result is remembered for whoever asks again, as long as the agent lives.
package enum NodeRequest: Hashable, Sendable {
  case deleteSnapshot(driver: DriverName, snapshot: SnapshotHandle, group: SnapshotHandle?)
  case restore(VolumeRestore)
  case probe(DriverProbe)
  case runHook(HookRun)
  /// At most 1,024; answered in the same order.
  case findSnapshots([SnapshotReference])

  /// The oldest version of the fleet protocol that has it.
  package var sinceProtocol: UInt32 {
    switch self {
    case .deleteSnapshot, .restore, .probe: 3
    case .runHook, .findSnapshots: 4
    }
  }
}

package enum NodeReply: Hashable, Sendable {
  case done
  case restored(VolumeRef)
  case probed(ProbeFindings)
  case ran(HookResult)
  case found([SnapshotPresence])
  case failed(Refusal)
}

/// What an agent says of itself when it connects.
package struct AgentHello: Hashable, Sendable {
  package var version: String
  package var boot: String
  package var incarnation: UInt64
  /// The highest fence that this node has ever accepted; a coordinator below it was restored from an old catalog.
  package var highestFence: Fence
  /// The journal's newest sequence number.
  package var journalEnd: UInt64
  /// Which journal it is: a new one starts again from 1 under another ID.
  package var journal: String

  package init(
    version: String, boot: String, incarnation: UInt64, highestFence: Fence, journalEnd: UInt64,
    journal: String
  ) {
    self.version = version
    self.boot = boot
    self.incarnation = incarnation
    self.highestFence = highestFence
    self.journalEnd = journalEnd
    self.journal = journal
  }
}

/// What an agent says each heartbeat.
package struct AgentHeartbeat: Hashable, Sendable {
  package struct Held: Hashable, Codable, Sendable {
    package var member: ServiceName
    package var fence: Fence
    package var hold: HoldID
    /// How long it has been held.
    package var age: Elapsed

    package init(member: ServiceName, fence: Fence, hold: HoldID, age: Duration) {
      self.member = member
      self.fence = fence
      self.hold = hold
      self.age = Elapsed(age)
    }
  }

  /// Nil while the runtime cannot be asked, or what it says cannot be kept.
  package var observed: JournalObservation?
  package var held: [Held]
  /// What does not work on this node, one sentence each.
  package var troubles: [String]

  package init(observed: JournalObservation?, held: [Held], troubles: [String]) {
    self.observed = observed
    self.held = held
    self.troubles = troubles
  }
}
