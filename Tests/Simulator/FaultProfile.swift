import Model

/// Which faults one run meets, and how hard; every run draws its own.
struct FaultProfile {
  var nodes: Int
  var members: Int
  var drain: Bool
  /// The plans' budget: enough for the slowest quiesce where there are slow ones.
  var budget = FreezeLimits.defaultBudget
  var policyIndex: Int
  var weakMember: Bool
  var emptyMember: Bool
  var backups: Int

  var lossPermille = 0
  var duplicatePermille = 0
  var slowPermille = 0
  var partitions = 0
  var coordinatorCrashes = 0
  var zombies = false
  var restoresOldCatalog = false
  var agentCrashes = 0
  var agentStalls = 0
  var guardianDeaths = 0
  var slowQuiescePermille = 0
  var hungQuiescePermille = 0
  var failingQuiescePermille = 0
  var slowSnapshotPermille = 0
  var failingSnapshotPermille = 0
  var hungSnapshotPermille = 0
  var refusePermille = 0
  var slowPreparePermille = 0
  var thirdPartyThawPermille = 0
  var containerRestartPermille = 0
  var badSignaturePermille = 0
  var slowReleasePermille = 0
  var drift = false
  var cancels = false

  /// After this nothing goes wrong any more.
  static let healAt = Duration.seconds(45)

  init(random: inout SplitMix64) {
    nodes = 1 + random.below(3)
    members = 2 + random.below(3)
    drain = random.chance(250)
    policyIndex = random.below(3)
    weakMember = random.chance(120)
    emptyMember = random.chance(200)
    backups = 1 + random.below(2)
    func maybe(_ permille: Int, _ most: Int) -> Int {
      random.chance(permille) ? 1 + random.below(most) : 0
    }
    lossPermille = maybe(250, 150)
    duplicatePermille = maybe(300, 300)
    slowPermille = maybe(250, 150)
    partitions = maybe(200, 3)
    coordinatorCrashes = maybe(300, 3)
    zombies = random.chance(300)
    restoresOldCatalog = random.chance(200)
    agentCrashes = maybe(200, 3)
    agentStalls = maybe(150, 3)
    guardianDeaths = maybe(150, 2)
    slowQuiescePermille = maybe(150, 300)
    hungQuiescePermille = maybe(80, 200)
    failingQuiescePermille = maybe(120, 300)
    slowSnapshotPermille = maybe(150, 400)
    failingSnapshotPermille = maybe(120, 300)
    hungSnapshotPermille = maybe(80, 200)
    refusePermille = maybe(120, 300)
    slowPreparePermille = maybe(80, 200)
    thirdPartyThawPermille = maybe(200, 500)
    containerRestartPermille = maybe(100, 300)
    badSignaturePermille = maybe(80, 200)
    slowReleasePermille = maybe(120, 300)
    drift = random.chance(500)
    cancels = random.chance(80)
    if slowQuiescePermille > 0 { budget = .seconds(5) }
  }

  /// A run of two members on two nodes that meets only what the caller adds.
  static func calm(members: Int = 2, nodes: Int = 2) -> FaultProfile {
    var random = SplitMix64(seed: 0)
    var profile = FaultProfile(random: &random)
    profile = profile.healed
    profile.nodes = nodes
    profile.members = members
    profile.drain = false
    profile.budget = FreezeLimits.defaultBudget
    profile.policyIndex = 0
    profile.weakMember = false
    profile.emptyMember = false
    profile.backups = 1
    profile.drift = false
    return profile
  }

  /// Nothing stands between an order and the thaw it asks for.
  var isReachable: Bool {
    [
      lossPermille, slowPermille, partitions, coordinatorCrashes, agentCrashes, agentStalls,
      slowReleasePermille,
    ].allSatisfy { $0 == 0 }
  }

  /// The same fleet with nothing that goes wrong.
  var healed: FaultProfile {
    var calm = self
    for path in Self.rates { calm[keyPath: path] = 0 }
    calm.zombies = false
    calm.restoresOldCatalog = false
    calm.cancels = false
    return calm
  }

  private static let rates: [any WritableKeyPath<FaultProfile, Int> & Sendable] = [
    \.lossPermille, \.duplicatePermille, \.slowPermille, \.partitions, \.coordinatorCrashes,
    \.agentCrashes, \.agentStalls, \.guardianDeaths, \.slowQuiescePermille, \.hungQuiescePermille,
    \.failingQuiescePermille, \.slowSnapshotPermille, \.failingSnapshotPermille,
    \.hungSnapshotPermille, \.refusePermille, \.slowPreparePermille, \.thirdPartyThawPermille,
    \.containerRestartPermille, \.badSignaturePermille, \.slowReleasePermille,
  ]
}
