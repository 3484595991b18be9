/// Everything that can go wrong in a simulated fleet.
enum Fault: String, CaseIterable, Sendable {
  // Drawn for each message.
  case messageLost = "message-lost"
  case messageDoubled = "message-doubled"
  case messageSlow = "message-slow"
  // Drawn for each call that an agent makes.
  case prepareBusy = "prepare-busy"
  case prepareHazard = "prepare-hazard"
  case slowPrepare = "slow-prepare"
  case runtimeAway = "runtime-away"
  case slowQuiesce = "slow-quiesce"
  case hungQuiesce = "hung-quiesce"
  case failingQuiesce = "failing-quiesce"
  case lyingQuiesce = "lying-quiesce"
  case slowRelease = "slow-release"
  case stuckRelease = "stuck-release"
  case lateSnapshot = "late-snapshot"
  case lateAnswer = "late-snapshot-answer"
  case hungSnapshot = "hung-snapshot"
  case failingSnapshot = "failing-snapshot"
  case lostAnswer = "snapshot-cut-but-answer-lost"
  case earlyAnswer = "snapshot-answered-before-its-cut"
  case failingDeletion = "failing-deletion"
  case thirdPartyThaw = "thawed-by-another"
  case thirdPartyCycle = "thawed-and-frozen-again"
  case containerRestart = "container-restarted"
  case forgedSignature = "forged-signature"
  case failingSigner = "failing-signer"
  case ledgerFull = "ledger-disk-full"
  case ledgerSync = "ledger-sync-failed"
  case recordFull = "run-directory-full"
  // Drawn for each call that a coordinator makes.
  case catalogFull = "catalog-disk-full"
  case catalogFailing = "catalog-failing"
  case catalogSlow = "catalog-slow"
  // Drawn once for each time that they might strike.
  case coordinatorCrash = "coordinator-crashed"
  case coordinatorStop = "coordinator-stopped"
  case coordinatorSuperseded = "coordinator-superseded"
  case oldCatalog = "old-catalog-restored"
  case agentCrash = "agent-crashed"
  case agentStop = "agent-stopped"
  case agentAndGuardianCrash = "agent-and-guardian-crashed"
  case agentStall = "agent-stalled"
  case guardianCrash = "guardian-crashed"
  case nodeSuspended = "node-suspended"
  case nodeReboot = "node-rebooted"
  case clonedAgent = "agent-cloned"
  case partitionToNode = "partition-to-node"
  case partitionToCoordinator = "partition-to-coordinator"
  case partitionBoth = "partition-both-ways"
  case flapping = "partition-flapping"
  case connectionLost = "connection-lost"
  case podMoved = "pod-moved"
  case revoked = "agent-revoked"
  case certificateExpired = "certificate-expired"
  case clockJump = "wall-clock-jumped"

  /// How many chances a run gives to those that are drawn once each; 0 for those that are drawn for each decision.
  var chances: Int {
    switch self {
    case .coordinatorCrash, .agentCrash, .agentStall, .connectionLost: 3
    case .guardianCrash, .partitionToNode, .partitionToCoordinator, .partitionBoth, .flapping,
      .agentAndGuardianCrash, .podMoved, .clockJump:
      2
    case .coordinatorStop, .coordinatorSuperseded, .oldCatalog, .agentStop, .nodeSuspended,
      .nodeReboot, .clonedAgent, .revoked, .certificateExpired:
      1
    default: 0
    }
  }

  /// Of a thousand runs, how many may meet it, and then of a thousand decisions how many at most.
  var likelihood: (runs: Int, most: Int) {
    switch self {
    case .messageLost: (200, 150)
    case .messageDoubled: (250, 300)
    case .messageSlow: (200, 150)
    case .prepareBusy, .prepareHazard: (60, 250)
    case .slowPrepare, .runtimeAway: (60, 200)
    case .slowQuiesce: (120, 300)
    case .hungQuiesce: (70, 200)
    case .failingQuiesce: (80, 300)
    case .lyingQuiesce: (60, 400)
    case .slowRelease: (100, 300)
    case .stuckRelease: (100, 400)
    case .lateSnapshot, .lateAnswer: (90, 400)
    case .hungSnapshot: (70, 200)
    case .failingSnapshot, .lostAnswer: (80, 300)
    case .earlyAnswer: (40, 400)
    case .failingDeletion: (120, 600)
    case .thirdPartyThaw, .thirdPartyCycle: (90, 500)
    case .containerRestart: (80, 300)
    case .forgedSignature, .failingSigner: (60, 200)
    case .ledgerFull, .ledgerSync: (80, 200)
    case .recordFull: (50, 200)
    case .catalogFull, .catalogFailing: (80, 200)
    case .catalogSlow: (100, 200)
    case .coordinatorCrash: (250, 1000)
    case .agentCrash, .agentStall, .connectionLost: (150, 1000)
    case .coordinatorStop, .coordinatorSuperseded, .oldCatalog, .agentStop, .guardianCrash,
      .agentAndGuardianCrash, .nodeSuspended, .nodeReboot, .clonedAgent, .partitionToNode,
      .partitionToCoordinator, .partitionBoth, .flapping, .podMoved, .revoked,
      .certificateExpired, .clockJump:
      (90, 1000)
    }
  }
}
