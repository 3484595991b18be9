package import CutProtocol

/// What the fleet link calls when the coordinator says something, and asks before it speaks itself.
///
/// Orders of one member arrive one after the other, each when the call for the one before has returned; orders
/// of different members, and requests, arrive concurrently. Reports go back through a `ReportSink`.
package protocol OrderHandler: Sendable {
  /// Returns when the order is taken in. Must not wait for what can last: a member that is being quiesced
  /// still has to take in `renew` and `abort`.
  func handle(_ order: CutOrder) async
  /// Returns the request's reply; may take as long as a restore takes, and goes on when the link is lost. A
  /// request that is asked again while it runs is not handled twice: both get the one reply.
  func handle(_ request: NodeRequest) async -> NodeReply
  /// What to say of this node when a connection is made.
  func hello() async -> AgentHello
  /// What to say each second; must not wait for the container runtime or for a disk.
  func heartbeat() async -> AgentHeartbeat
  /// The connection is gone, or the coordinator has ended it. Every lease still runs; nothing has to be done
  /// but to note it.
  func coordinatorLost() async
}
