package import AgentCore
package import CutProtocol
internal import GRPCCore
internal import LinuxSystem
package import Logging
package import Model

/// Snapshots and volumes of this node through its CSI drivers.
package struct CSISnapshotProvider: SnapshotProvider {
  package let drivers: CSIDrivers
  package let publisher: VolumePublisher
  /// Where trials of drivers mount their volumes.
  let probeDirectory: String
  let probes = RunningProbes()
  let logger: Logger

  package init(
    drivers: CSIDrivers, probeDirectory: String = "/run/stillpoint/probes", logger: Logger
  ) {
    self.drivers = drivers
    self.probeDirectory = probeDirectory
    self.publisher = VolumePublisher(drivers: drivers)
    self.logger = logger
  }

  package func volume(at hostPath: String) async throws(Refusal) -> VolumeRef? {
    do throws(SystemError) {
      return try VolumeLocator.volume(at: hostPath, in: try MountTable.read())
    } catch {
      throw Refusal(.failed, "finding the volume at \(hostPath) failed: \(error)")
    }
  }

  /// Refuses volumes that are not mounted any more where they were planned on.
  package func requireMounted(_ volumes: [MemberVolume]) async throws(Refusal) {
    for member in volumes {
      guard let mounted = try await volume(at: member.volume.publishedAt),
        mounted.driver == member.volume.driver, mounted.handle == member.volume.handle
      else {
        throw Refusal(
          .moved,
          "volume \(member.volume.handle) is no longer mounted at \(member.volume.publishedAt)")
      }
    }
  }

  package func prepare(_ volumes: [MemberVolume], for cut: PlannedCut) async throws(Refusal)
    -> SnapshotReadiness
  {
    if let other = cut.forOthers.first {
      throw Refusal(
        .hazard,
        "volume \(other.volume.handle) of another service is to be cut in one group with those of "
          + "\(cut.name.member), which takes a cluster's API",
        hint:
          "leave spec.snapshots.acrossServices out of the plan, or configure kubernetes: in the agent"
      )
    }
    return SnapshotReadiness(
      predicted: try await prepare(volumes),
      copies: try CopiedVolumes.among(volumes + cut.entrusted))
  }

  package func prepare(_ volumes: [MemberVolume]) async throws(Refusal) -> Duration {
    try await requireMounted(volumes)
    var longest = Duration.zero
    for (name, members) in Self.byDriver(volumes) {
      let driver = try drivers.driver(name)
      do throws(CSIError) {
        try await driver.probe()
        let abilities = try await driver.inspect()
        guard abilities.snapshots else {
          throw CSIError(
            call: "ControllerGetCapabilities", driver: name.text, code: .unimplemented,
            message: "the driver cannot make snapshots")
        }
        let calls = Self.usesGroup(members, abilities) ? 1 : members.count
        longest = max(longest, driver.typicalCut * calls)
      } catch {
        throw error.refusal
      }
    }
    return longest
  }

  package func delete(driver: DriverName, snapshot: SnapshotHandle, group: SnapshotHandle?)
    async throws(Refusal)
  {
    let csi = try drivers.driver(driver)
    do throws(CSIError) {
      if let group {
        try await csi.deleteGroup(group, known: snapshot)
      } else {
        try await csi.deleteSnapshot(snapshot)
      }
    } catch {
      throw error.refusal
    }
    logger.notice("snapshot deleted", metadata: ["driver": "\(driver)", "snapshot": "\(snapshot)"])
  }

  package func presence(of snapshots: [SnapshotReference]) async -> [SnapshotPresence] {
    let places = Dictionary(grouping: snapshots.indices) { snapshots[$0].driver }
    return await withTaskGroup(of: [(Int, SnapshotPresence)].self) { drivers in
      for (driver, places) in places {
        drivers.addTask {
          let found = await presence(of: places.map { snapshots[$0].snapshot }, driver)
          return Array(zip(places, found))
        }
      }
      var found = [SnapshotPresence](repeating: .missing, count: snapshots.count)
      for await told in drivers { for (place, presence) in told { found[place] = presence } }
      return found
    }
  }

  /// A driver that does not answer once is not asked any further.
  private func presence(of snapshots: [SnapshotHandle], _ name: DriverName) async
    -> [SnapshotPresence]
  {
    var found: [SnapshotPresence] = []
    var obstacle: String?
    for snapshot in snapshots where obstacle == nil {
      do throws(Refusal) {
        let driver = try drivers.driver(name)
        do throws(CSIError) {
          switch try await driver.has(snapshot) {
          case true: found.append(.there)
          case false: found.append(.missing)
          case nil: obstacle = "driver \(name) cannot tell which snapshots it has"
          }
        } catch {
          throw error.refusal
        }
      } catch {
        obstacle = error.message
      }
    }
    let left = snapshots.count - found.count
    return found + Array(repeating: .unknown(obstacle ?? ""), count: left)
  }

  /// The volumes of each driver, in the order given, each once.
  static func byDriver(_ volumes: [MemberVolume]) -> [(DriverName, [MemberVolume])] {
    var order: [DriverName] = []
    var groups: [DriverName: [MemberVolume]] = [:]
    for member in volumes {
      let driver = member.volume.driver
      if groups[driver] == nil { order.append(driver) }
      groups[driver, default: []].append(member)
    }
    return order.map { ($0, groups[$0] ?? []) }
  }

  /// Several volumes of one driver are cut by one call where the driver can.
  static func usesGroup(_ members: [MemberVolume], _ abilities: CSIAbilities) -> Bool {
    abilities.groups && Set(members.map(\.volume.handle)).count > 1
  }
}
