/// How much a search goes through.
struct Bounds: Hashable {
  var members = 2
  var attempts = 2
  /// How often an agent may die.
  var agentCrashes = 0
  /// A second coordinator may start at any time.
  var secondCoordinator = false
  /// The first one may live on beside it.
  var firstGoesOn = true
  /// How often somebody else may thaw a held member.
  var thirdParties = 0
  /// Preparing, holding, cutting and signing may fail. They end an attempt as an expired lease does.
  var failures = false
  var bestEffort = false
  var drain = false
  /// Every member has the others' volumes too.
  var shared = false
  /// Give up after this many states.
  var most = 20_000_000
}

extension Bounds: CustomStringConvertible {
  var description: String {
    var words = ["\(members) members", "\(attempts) attempts"]
    if agentCrashes > 0 { words.append("\(agentCrashes) crashes of agents") }
    if secondCoordinator {
      words.append(firstGoesOn ? "a second coordinator beside the first" : "a second coordinator")
    }
    if thirdParties > 0 { words.append("\(thirdParties) thaws by others") }
    if failures { words.append("failures") }
    if bestEffort { words.append("best effort") }
    if drain { words.append("drain") }
    if shared { words.append("shared volumes") }
    return words.joined(separator: ", ")
  }
}
