internal import CSIWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import SwiftProtobuf
internal import Synchronization

/// A driver in front of the real one that breaks one rule of the specification.
package struct MisbehavingDriver: Sendable {
  package enum Fault: Sendable, CaseIterable {
    /// Answers at once, and cuts a moment later.
    case answersBeforeTheCut
    /// A repeated name gives a second snapshot.
    case cutsTwice
    /// A repeated name gives the same handle, with another cut behind it.
    case cutsAnew
    /// Forgets that a snapshot was deleted.
    case listsDeleted
    /// Makes no volumes at all.
    case makesNoVolumes
    /// Makes volumes, but none from a snapshot.
    case restoresNothing
    /// Makes no snapshots.
    case cutsNothing
  }

  package var fault: Fault
  /// The real driver's socket, and this one's.
  package var real: String
  package var socket: String

  package init(_ fault: Fault, of real: String, at socket: String) {
    self.fault = fault
    self.real = real
    self.socket = socket
  }

  /// Serves calls while `body` runs.
  package func serve<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    let client = GRPCClient(
      transport: try HTTP2ClientTransport.Posix(
        target: .unixDomainSocket(path: real, authority: "localhost"),
        transportSecurity: .plaintext))
    let calls = TestCalls(client)
    let cuts = LateCuts()
    let server = GRPCServer(
      transport: HTTP2ServerTransport.Posix(
        address: .unixDomainSocket(path: socket), transportSecurity: .plaintext),
      services: [
        MisbehavingIdentity(real: calls), MisbehavingNode(real: calls),
        MisbehavingController(fault: fault, real: calls, cuts: cuts),
      ])
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await client.runConnections() }
      group.addTask { try await server.serve() }
      group.addTask { try await cuts.run() }
      defer { group.cancelAll() }
      return try await body()
    }
  }
}

/// Snapshots that a driver still owes, and what they became.
final class LateCuts: Sendable {
  typealias Work = @Sendable () async throws -> Void

  private let found = Mutex<[String: String]>([:])
  private let queue: AsyncStream<Work>
  private let entry: AsyncStream<Work>.Continuation

  init() { (queue, entry) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(64)) }

  func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      for await work in queue { group.addTask { try await work() } }
    }
  }

  func add(_ work: @escaping Work) { entry.yield(work) }
  func set(_ handle: String, is real: String) { found.withLock { $0[handle] = real } }
  func real(_ handle: String) -> String? { found.withLock { $0[handle] } }

  func waited(for handle: String) async throws -> String {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
      if let real = real(handle) { return real }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw RPCError(code: .notFound, message: "no snapshot \(handle)")
  }
}

struct MisbehavingIdentity: Csi_V1_Identity.SimpleServiceProtocol {
  let real: TestCalls

  /// Without the groups of the real driver, which are not tried here.
  func getPluginCapabilities(
    request: Csi_V1_GetPluginCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_GetPluginCapabilitiesResponse {
    var answer = try await real.identity.getPluginCapabilities(request)
    answer.capabilities.removeAll { $0.service.type == .groupControllerService }
    return answer
  }
}

struct MisbehavingNode: Csi_V1_Node.SimpleServiceProtocol {
  let real: TestCalls
}

struct MisbehavingController: Csi_V1_Controller.SimpleServiceProtocol {
  let fault: MisbehavingDriver.Fault
  let real: TestCalls
  let cuts: LateCuts

  func controllerGetCapabilities(
    request: Csi_V1_ControllerGetCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerGetCapabilitiesResponse {
    var answer = try await real.controller.controllerGetCapabilities(request)
    answer.capabilities.removeAll { capability in
      switch fault {
      case .makesNoVolumes: capability.rpc.type == .createDeleteVolume
      case .cutsNothing: capability.rpc.type == .createDeleteSnapshot
      default: false
      }
    }
    return answer
  }

  func createVolume(request: Csi_V1_CreateVolumeRequest, context: ServerContext) async throws
    -> Csi_V1_CreateVolumeResponse
  {
    var request = request
    let source = request.volumeContentSource.snapshot.snapshotID
    if !source.isEmpty {
      if fault == .restoresNothing {
        throw RPCError(code: .invalidArgument, message: "content sources are not supported")
      }
      if source.hasPrefix("owed-") {
        request.volumeContentSource.snapshot.snapshotID = try await cuts.waited(for: source)
      }
    }
    return try await real.controller.createVolume(request)
  }

  func createSnapshot(request: Csi_V1_CreateSnapshotRequest, context: ServerContext)
    async throws -> Csi_V1_CreateSnapshotResponse
  {
    let handle = "owed-\(request.name)"
    switch fault {
    case .answersBeforeTheCut:
      let isNew = cuts.real(handle) == nil
      if isNew {
        cuts.add { [real, cuts] in
          try await Task.sleep(for: .milliseconds(300))
          let snapshot = try await real.controller.createSnapshot(request).snapshot
          cuts.set(handle, is: snapshot.snapshotID)
        }
      }
      return .with {
        $0.snapshot.snapshotID = handle
        $0.snapshot.sourceVolumeID = request.sourceVolumeID
        $0.snapshot.readyToUse = !isNew
      }
    case .cutsTwice, .cutsAnew:
      var again = request
      if cuts.real(handle) != nil { again.name += "-again" }
      var answer = try await real.controller.createSnapshot(again)
      cuts.set(handle, is: answer.snapshot.snapshotID)
      if fault == .cutsAnew { answer.snapshot.snapshotID = handle }
      return answer
    default: return try await real.controller.createSnapshot(request)
    }
  }

  func deleteSnapshot(request: Csi_V1_DeleteSnapshotRequest, context: ServerContext)
    async throws -> Csi_V1_DeleteSnapshotResponse
  {
    var request = request
    if request.snapshotID.hasPrefix("owed-") {
      request.snapshotID = try await cuts.waited(for: request.snapshotID)
    }
    if fault == .listsDeleted { cuts.set("deleted", is: request.snapshotID) }
    return try await real.controller.deleteSnapshot(request)
  }

  func listSnapshots(request: Csi_V1_ListSnapshotsRequest, context: ServerContext) async throws
    -> Csi_V1_ListSnapshotsResponse
  {
    var answer = try await real.controller.listSnapshots(request)
    for index in answer.entries.indices {
      let name = answer.entries[index].snapshot.snapshotID
      if let owed = cuts.handle(of: name) { answer.entries[index].snapshot.snapshotID = owed }
    }
    if fault == .listsDeleted, let deleted = cuts.real("deleted") {
      answer.entries.append(
        .with {
          $0.snapshot.snapshotID = deleted
          $0.snapshot.sourceVolumeID = request.sourceVolumeID
        })
    }
    return answer
  }
}

extension LateCuts {
  /// The handle that was answered for a snapshot of the real driver.
  func handle(of real: String) -> String? {
    found.withLock { found in found.first { $0.value == real && $0.key.hasPrefix("owed-") }?.key }
  }
}
