internal import CutProtocol
internal import Model

/// Which volumes of a plan's members are also others', and what that means for the cut.
struct VolumeSharing {
  /// As many as a message and a certificate name.
  private static let mostWriters = 8

  private let planned: [MemberPlan]
  /// The members with each volume that several have, in the order of their names.
  private let sharers: [VolumeRef.Identity: [ServiceName]]
  private let writers: [VolumeRef.Identity: [String]]
  /// Why the plan cannot be cut as it stands.
  let problems: [String]

  init(_ members: [MemberPlan], placed: [ServiceName: Placement], running: [Placement]) {
    var users: [VolumeRef.Identity: Set<ServiceName>] = [:]
    for member in members {
      for volume in member.volumes {
        users[volume.volume.identity, default: []].insert(member.name)
      }
    }
    planned = members
    sharers = users.filter { $0.value.count > 1 }.mapValues { $0.sorted() }
    writers = Self.unheldWriters(of: Set(users.keys), placed: placed, running: running)
    problems =
      Self.frozenUnderOthers(members, sharers) + Self.unlisted(members, users, placed: placed)
  }

  /// The members with the delegate of each volume that several have: the first by name, since all are held when it begins.
  ///
  /// - Parameters:
  ///   - graph: where the plan is cut in groups; those who share a volume are one.
  ///   - acrossServices: the volumes of a namespace and driver have one delegate as well, within each group.
  func members(in graph: DependencyGraph?, acrossServices: Bool) -> [MemberPlan] {
    let groups = graph?.components(joining: sharers.values.map { Set($0) }) ?? [:]
    let members = planned.map { member in
      var member = member
      member.group = groups[member.name] ?? 0
      for index in member.volumes.indices {
        let identity = member.volumes[index].volume.identity
        member.volumes[index].delegate = sharers[identity]?.first
        member.volumes[index].unheldWriters = writers[identity]
      }
      return member
    }.sorted { $0.name < $1.name }
    return acrossServices ? Self.together(members) : members
  }

  /// What one group snapshot can have: it is of one namespace and one driver.
  private struct Together: Hashable {
    var group: Int
    var namespace: String
    var driver: DriverName
  }

  private static func together(_ members: [MemberPlan]) -> [MemberPlan] {
    var delegates: [Together: [ServiceName]] = [:]
    func key(_ member: MemberPlan, _ volume: MemberVolume) -> Together {
      Together(
        group: member.group, namespace: member.namespace, driver: volume.volume.driver)
    }
    for member in members {
      for key in Set(member.volumes.map({ key(member, $0) })) {
        delegates[key, default: []].append(member.name)
      }
    }
    return members.map { member in
      var member = member
      for index in member.volumes.indices {
        let names = delegates[key(member, member.volumes[index])] ?? []
        if names.count > 1 { member.volumes[index].delegate = names[0] }
      }
      return member
    }
  }

  /// A filesystem that is frozen for one member would stop another in the middle of getting ready.
  private static func frozenUnderOthers(
    _ members: [MemberPlan], _ sharers: [VolumeRef.Identity: [ServiceName]]
  ) -> [String] {
    sharers.sorted { $0.value.lexicographicallyPrecedes($1.value) }.compactMap { identity, names in
      let freezes = members.first { names.contains($0.name) && $0.holds.contains(.filesystem) }
      guard let freezes else { return nil }
      return "\(names.map(\.text).joined(separator: " and ")) share volume \(identity.handle), "
        + "which 'filesystem' of \(freezes.name) would freeze under the other; hold both by their "
        + "applications, or leave out the one that only reads"
    }
  }

  /// A member that could write to a volume of another, but does not wait until that is cut.
  private static func unlisted(
    _ members: [MemberPlan], _ users: [VolumeRef.Identity: Set<ServiceName>],
    placed: [ServiceName: Placement]
  ) -> [String] {
    members.flatMap { member in
      (placed[member.name]?.mounts ?? []).compactMap { mount in
        guard let volume = mount.volume, !mount.readOnly, let owners = users[volume.identity],
          !owners.contains(member.name), let owner = owners.min()
        else { return nil }
        return "service \(member.name) mounts volume \(volume.handle) of \(owner) at "
          + "\(mount.containerPath): name that path in its volumes too"
      }
    }
  }

  /// Containers of other pods than the members' that have one of the volumes mounted and could write to it.
  private static func unheldWriters(
    of volumes: Set<VolumeRef.Identity>, placed: [ServiceName: Placement], running: [Placement]
  ) -> [VolumeRef.Identity: [String]] {
    let pods = Set(placed.values.map { Self.pod(of: $0) })
    var writers: [VolumeRef.Identity: Set<String>] = [:]
    for placement in running where !pods.contains(Self.pod(of: placement)) {
      for mount in placement.mounts where !mount.readOnly {
        guard let identity = mount.volume?.identity, volumes.contains(identity) else { continue }
        writers[identity, default: []].insert("\(placement.namespace)/\(placement.pod)")
      }
    }
    return writers.mapValues { Array($0.sorted().prefix(mostWriters)) }
  }

  /// What is held together, as far as a member's containers are: the pod, or a container that has none.
  private static func pod(of placement: Placement) -> String {
    placement.podUID.isEmpty ? placement.container.text : placement.podUID
  }
}
