internal import AgentCore
internal import CSIWire
internal import GRPCCore
internal import SwiftProtobuf
package import Model
internal import Synchronization

/// A CSI driver of this node, whichever it is: what it can do is asked before anything else.
package final class CSIDriver: Sendable {
  package let configuration: CSIDriverConfiguration
  package let limits: CSITimeLimits
  let connection: CSIConnection
  private let abilities = Mutex<CSIAbilities?>(nil)
  private let cuts = Mutex<MeasuredCuts>(MeasuredCuts())

  package var name: DriverName { configuration.name }

  package init(_ configuration: CSIDriverConfiguration, limits: CSITimeLimits = CSITimeLimits())
    throws(CSIError)
  {
    self.configuration = configuration
    self.limits = limits
    connection = try CSIConnection(driver: configuration.name.text, socket: configuration.socket)
  }

  /// Keeps the connection, and opens it again soon after the driver was restarted, until cancelled or `stop`.
  package func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.connection.run() }
      group.addTask {
        while !Task.isCancelled {
          // Only to make the client dial; who needs an answer asks for itself.
          _ = try? await self.probe()
          try await Task.sleep(for: .seconds(10))
        }
      }
      // The connection ends first, by `stop` or a failure; the probing goes with it.
      try await group.next()
      group.cancelAll()
    }
  }

  package func stop() { connection.stop() }

  /// Asks whether the driver is ready.
  package func probe() async throws(CSIError) {
    let client = identity
    let answer = try await connection.call("Probe", within: limits.question) {
      try await client.probe(Csi_V1_ProbeRequest(), options: $0)
    }
    guard !answer.hasReady || answer.ready.value else {
      throw CSIError(
        call: "Probe", driver: name.text, code: .unavailable,
        message: "it says that it is not ready")
    }
  }

  /// What the driver can do. Asked once; a driver of another name than the configured is refused.
  package func inspect() async throws(CSIError) -> CSIAbilities {
    if let known = abilities.withLock({ $0 }) { return known }
    let client = identity
    let info = try await connection.call("GetPluginInfo", within: limits.question) {
      try await client.getPluginInfo(Csi_V1_GetPluginInfoRequest(), options: $0)
    }
    guard info.name == name.text else {
      throw CSIError(
        call: "GetPluginInfo", driver: name.text, code: .invalidArgument,
        message: "the driver at \(configuration.socket) calls itself '\(info.name.prefix(80))'")
    }
    let found = try await askAbilities(version: info.vendorVersion)
    abilities.withLock { $0 = found }
    return found
  }

  private func askAbilities(version: String) async throws(CSIError) -> CSIAbilities {
    let (identity, controller, node, group) = (identity, controller, node, groupController)
    var result = CSIAbilities(version: version)
    let plugin = try await connection.call("GetPluginCapabilities", within: limits.question) {
      try await identity.getPluginCapabilities(
        Csi_V1_GetPluginCapabilitiesRequest(), options: $0)
    }
    let services = Set(plugin.capabilities.map(\.service.type))
    result.hasTopology = services.contains(.volumeAccessibilityConstraints)
    if services.contains(.controllerService) {
      let answer = try await connection.call("ControllerGetCapabilities", within: limits.question) {
        try await controller.controllerGetCapabilities(
          Csi_V1_ControllerGetCapabilitiesRequest(), options: $0)
      }
      let types = Set(answer.capabilities.map(\.rpc.type))
      result.volumes = types.contains(.createDeleteVolume)
      result.snapshots = types.contains(.createDeleteSnapshot)
      result.listsSnapshots = types.contains(.listSnapshots)
      result.getsSnapshots = types.contains(.getSnapshot)
      result.attaches = types.contains(.publishUnpublishVolume)
    }
    if services.contains(.groupControllerService) {
      let answer = try await connection.call(
        "GroupControllerGetCapabilities", within: limits.question
      ) {
        try await group.groupControllerGetCapabilities(
          Csi_V1_GroupControllerGetCapabilitiesRequest(), options: $0)
      }
      result.groups = answer.capabilities.contains {
        $0.rpc.type == .createDeleteGetVolumeGroupSnapshot
      }
    }
    let answer = try await connection.call("NodeGetCapabilities", within: limits.question) {
      try await node.nodeGetCapabilities(Csi_V1_NodeGetCapabilitiesRequest(), options: $0)
    }
    result.stages = answer.capabilities.contains { $0.rpc.type == .stageUnstageVolume }
    return result
  }

  /// What the newest cuts took, or a guess where none was measured.
  package var typicalCut: Duration {
    cuts.withLock { $0.typical(at: .now) } ?? .milliseconds(20)
  }

  /// A cut that was asked for at `start` has been answered now.
  func noteCut(since start: ContinuousClock.Instant) {
    let now = ContinuousClock.now
    cuts.withLock { $0.add(now - start, at: now) }
  }

  var identity: Csi_V1_Identity.Client<CSIConnection.Transport> {
    .init(wrapping: connection.client)
  }
  var controller: Csi_V1_Controller.Client<CSIConnection.Transport> {
    .init(wrapping: connection.client)
  }
  var node: Csi_V1_Node.Client<CSIConnection.Transport> { .init(wrapping: connection.client) }
  var groupController: Csi_V1_GroupController.Client<CSIConnection.Transport> {
    .init(wrapping: connection.client)
  }
}

/// What a driver said that it can do.
package struct CSIAbilities: Hashable, Sendable {
  package var version: String
  package var volumes = false
  package var snapshots = false
  package var listsSnapshots = false
  /// One snapshot can be asked for by its handle.
  package var getsSnapshots = false
  /// Several volumes by one call.
  package var groups = false
  /// Volumes must be attached to the node by ControllerPublishVolume first.
  package var attaches = false
  /// Volumes must be staged before they are published.
  package var stages = false
  /// Volumes must be made for a node's topology.
  package var hasTopology = false
}
