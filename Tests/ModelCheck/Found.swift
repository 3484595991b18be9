/// What a search came to.
struct Found: CustomStringConvertible {
  var states = 0
  var transitions = 0
  /// How often a backup ended, and how often with evidence that proves it.
  var commits = 0
  var proved = 0
  var nodeStates = 0
  var coordinatorStates = 0
  var messages = 0
  /// Events on the longest of the shortest ways to any state.
  var depth = 0
  /// Nothing within the bounds was left out.
  var isComplete = false
  var breach: String?
  /// The shortest history that ends in the breach.
  var trace: [String] = []

  var description: String {
    "\(states) states, \(transitions) transitions, \(commits) ends, \(proved) of them proved"
      + " (\(nodeStates) states of a node, \(coordinatorStates) of coordinators, \(messages) messages, depth \(depth))"
  }

  /// The breach as a scenario.
  var scenario: String {
    (["# \(breach ?? "nothing was broken")"] + trace.map { "then  \($0)" }).joined(separator: "\n")
  }
}
