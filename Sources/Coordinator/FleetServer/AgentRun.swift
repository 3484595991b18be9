internal import CutProtocol

/// One start of an agent: the same for all of its connections, and another one after each restart.
struct AgentRun: Hashable, Sendable, CustomStringConvertible {
  var boot: String
  var incarnation: UInt64

  init(_ hello: AgentHello) {
    boot = hello.boot
    incarnation = hello.incarnation
  }

  var description: String { "start \(incarnation) in boot \(boot)" }
}
