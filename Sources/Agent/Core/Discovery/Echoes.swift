internal import Model

/// Containers that are asked about again after their events.
///
/// A runtime may publish an event before its own answers follow it: containerd 1.6 tells of an exit some milliseconds
/// before its container runtime interface calls the container exited, and of nothing afterwards. So each is asked about a
/// second time shortly after its event, and a third time one to two pulses later.
struct Echoes {
  private var fresh: Set<ContainerID> = []
  private var recent: Set<ContainerID> = []
  private var aging: Set<ContainerID> = []

  mutating func add(_ id: ContainerID) { Self.insert(id, into: &fresh) }

  /// Those whose second question is due.
  mutating func settled() -> Set<ContainerID> {
    defer {
      for id in fresh { Self.insert(id, into: &recent) }
      fresh = []
    }
    return fresh
  }

  /// Those whose third question is due; to be called at every pulse.
  mutating func pulsed() -> Set<ContainerID> {
    defer {
      aging = recent
      recent = []
    }
    return aging
  }

  /// One more than are asked for singly says as much as any greater number: that a listing is due.
  private static func insert(_ id: ContainerID, into set: inout Set<ContainerID>) {
    if set.count <= Discovery.Pending.mostContainers { set.insert(id) }
  }
}
