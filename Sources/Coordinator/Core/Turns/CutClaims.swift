package import CutProtocol
package import Model

/// What one cut uses, and no other may use meanwhile.
package struct CutClaims: Hashable, Sendable {
  private enum Claim: Hashable, Sendable {
    /// An agent orders fences by the member's name, and a higher one ends what the lower one holds.
    case member(NodeID, ServiceName)
    /// Two plans may give one container two names.
    case container(NodeID, ContainerID)
    /// A hold reaches into the other containers of its pod.
    case pod(NodeID, namespace: String, String)
    case volume(VolumeRef.Identity)
  }

  /// Each with the first member, by name, that uses it.
  private let users: [Claim: ServiceName]

  package init(_ plan: CutPlan) {
    var users: [Claim: ServiceName] = [:]
    for member in plan.members.sorted(by: { $0.name < $1.name }) {
      var claims: [Claim] = [
        .member(member.node, member.name), .container(member.node, member.container),
      ]
      if !member.pod.isEmpty {
        claims.append(.pod(member.node, namespace: member.namespace, member.pod))
      }
      claims += member.volumes.map { .volume($0.volume.identity) }
      for claim in claims where users[claim] == nil { users[claim] = member.name }
    }
    self.users = users
  }

  /// The first member, by name, that uses something of the other's; nil where they have nothing in common.
  package func firstShared(with other: CutClaims) -> ServiceName? {
    users.filter { other.users[$0.key] != nil }.values.min()
  }
}
