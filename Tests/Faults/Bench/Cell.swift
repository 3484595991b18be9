/// How far a cut has come when a fault strikes, as the node of the struck parts sees it.
package enum Phase: String, CaseIterable, Sendable {
  /// Its members are prepared, nothing is held; another node's are not ready yet.
  case prepare
  /// One of its members is frozen and has said so, the other one's hold is half taken.
  case freeze
  /// Both of its members are held; one of another node is not yet, so there is no witness.
  case held
  /// Every member has been held and the witness is out; its snapshots are not cut.
  case witnessed
  /// One of its members is being thawed and its filesystem is still frozen.
  case thaw
  /// Its certificates are stored; another node's is still to come.
  case certify
}

/// A process that can be struck.
package enum Part: String, CaseIterable, Sendable {
  case coordinator, agent, guardian
  case agentAndGuardian = "agent+guardian"
  case containerd
  case driver = "csi-driver"
  /// The database's own client, which holds its lock for the agent.
  case client
  /// The server of a database, with its container.
  case database
}

package enum Fault: Hashable, Sendable {
  /// SIGKILL; started again as its unit for systemd would.
  case kill(Part)
  /// SIGSTOP, and SIGCONT later.
  case stop(Part)
  /// The node's cable is pulled, and put back later.
  case linkDown
  /// The filesystems of the agent's state and run directories take nothing more.
  case diskFull
  /// The hook does not end.
  case hookHangs
  /// The hook does not end either, and has children: one with its output open, one in a session of its own.
  case hookForks
  /// The freeze has to wait until hundreds of megabytes are on the disk.
  case dirtyVolume
  /// Somebody else runs `fsfreeze --unfreeze`.
  case thirdPartyThaw
  /// A member's container is replaced.
  case containerRestart

  package var name: String {
    switch self {
    case .kill(let part): "\(part.rawValue)-killed"
    case .stop(let part): "\(part.rawValue)-stopped"
    case .linkDown: "link-down"
    case .diskFull: "disk-full"
    case .hookHangs: "hook-hangs"
    case .hookForks: "hook-forks"
    case .dirtyVolume: "dirty-volume"
    case .thirdPartyThaw: "third-party-thaw"
    case .containerRestart: "container-restarted"
    }
  }
}

/// One fault in one phase.
package struct Cell: Hashable, Sendable {
  package var phase: Phase
  package var fault: Fault

  package init(_ phase: Phase, _ fault: Fault) {
    self.phase = phase
    self.fault = fault
  }

  /// What chooses it: `phase/fault`.
  package var name: String { "\(phase.rawValue)/\(fault.name)" }

  /// The whole matrix, fault by fault.
  package static let all: [Cell] = {
    var cells: [Cell] = []
    for part in Part.allCases {
      for fault in [Fault.kill(part), .stop(part)] {
        cells += phases(of: part).map { Cell($0, fault) }
      }
    }
    cells += Phase.allCases.map { Cell($0, .linkDown) }
    cells += Phase.allCases.map { Cell($0, .diskFull) }
    cells += [Cell(.freeze, .hookHangs), Cell(.thaw, .hookHangs)]
    cells += [Cell(.freeze, .hookForks), Cell(.thaw, .hookForks)]
    cells += [Cell(.prepare, .dirtyVolume)]
    cells += [Phase.freeze, .held, .witnessed].map { Cell($0, .thirdPartyThaw) }
    cells += [Cell(.prepare, .containerRestart)]
    return cells
  }()

  /// The client is there from prepare until its own member's thaw.
  private static func phases(of part: Part) -> [Phase] {
    part == .client ? [.prepare, .freeze, .held, .witnessed] : Phase.allCases
  }

  /// The cells whose name contains the filter; a filter of `phase/` or `/fault` works too.
  package static func matching(_ filter: String) -> [Cell] {
    all.filter { filter.isEmpty || "/\($0.name)/".contains(filter) }
  }
}
