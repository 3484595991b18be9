import CSIWire
import GRPCCore
import LocalStorage
import StorageTesting
import SwiftProtobuf
import Testing

/// The code of a call's error; nil when it succeeded.
func code(_ call: () async throws -> Void) async -> RPCError.Code? {
  do {
    try await call()
    return nil
  } catch {
    return (error as? RPCError)?.code ?? .unknown
  }
}

@Suite(.enabled(if: TestStorage.isPossible), .serialized)
struct ErrorCodeTests {
  @Test func `requests without their required fields are invalid`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let (controller, group, node) = (calls.controller, calls.group, calls.node)
        let capability = TestCalls.capability()
        let wrong: [(String, () async throws -> Void)] = [
          ("CreateVolume name", { _ = try await calls.createVolume("") }),
          (
            "CreateVolume capabilities",
            { _ = try await controller.createVolume(.with { $0.name = "a" }) }
          ),
          (
            "CreateVolume parameter",
            {
              var request = TestCalls.volumeRequest("a")
              request.parameters = ["color": "blue"]
              _ = try await controller.createVolume(request)
            }
          ),
          (
            "CreateVolume mutable",
            {
              var request = TestCalls.volumeRequest("a")
              request.mutableParameters = ["color": "blue"]
              _ = try await controller.createVolume(request)
            }
          ),
          (
            "CreateVolume block",
            {
              var request = TestCalls.volumeRequest("a")
              request.volumeCapabilities[0].block = .init()
              _ = try await controller.createVolume(request)
            }
          ),
          (
            "CreateVolume filesystem", { _ = try await calls.createVolume("a", filesystem: "ntfs") }
          ),
          (
            "CreateVolume multi-node",
            {
              var request = TestCalls.volumeRequest("a")
              request.volumeCapabilities[0].accessMode.mode = .multiNodeMultiWriter
              _ = try await controller.createVolume(request)
            }
          ),
          ("DeleteVolume", { try await calls.deleteVolume("") }),
          ("CreateSnapshot name", { _ = try await calls.createSnapshot("", of: "v") }),
          ("CreateSnapshot source", { _ = try await calls.createSnapshot("s", of: "") }),
          (
            "CreateSnapshot long",
            {
              _ = try await calls.createSnapshot(String(repeating: "n", count: 129), of: "v")
            }
          ),
          ("DeleteSnapshot", { _ = try await controller.deleteSnapshot(.init()) }),
          ("Validate", { _ = try await controller.validateVolumeCapabilities(.init()) }),
          (
            "Expand",
            { _ = try await controller.controllerExpandVolume(.with { $0.volumeID = "v" }) }
          ),
          (
            "CreateGroup name",
            {
              _ = try await group.createVolumeGroupSnapshot(.with { $0.sourceVolumeIds = ["v"] })
            }
          ),
          (
            "CreateGroup sources",
            {
              _ = try await group.createVolumeGroupSnapshot(.with { $0.name = "g" })
            }
          ),
          ("DeleteGroup", { _ = try await group.deleteVolumeGroupSnapshot(.init()) }),
          ("GetGroup", { _ = try await group.getVolumeGroupSnapshot(.init()) }),
          (
            "Stage capability",
            {
              _ = try await node.nodeStageVolume(
                .with {
                  $0.volumeID = "v"
                  $0.stagingTargetPath = "/x"
                })
            }
          ),
          (
            "Stage path",
            {
              _ = try await node.nodeStageVolume(
                .with {
                  $0.volumeID = "v"
                  $0.volumeCapability = capability
                })
            }
          ),
          (
            "Publish path",
            {
              _ = try await node.nodePublishVolume(
                .with {
                  $0.volumeID = "v"
                  $0.volumeCapability = capability
                })
            }
          ),
          ("Unpublish", { _ = try await node.nodeUnpublishVolume(.with { $0.volumeID = "v" }) }),
          ("Unstage", { _ = try await node.nodeUnstageVolume(.with { $0.volumeID = "v" }) }),
          ("Stats", { _ = try await node.nodeGetVolumeStats(.with { $0.volumeID = "v" }) }),
          ("NodeExpand", { _ = try await node.nodeExpandVolume(.with { $0.volumeID = "v" }) }),
        ]
        for (name, call) in wrong {
          #expect(await code(call) == .invalidArgument, "\(name)")
        }
      }
    }
  }

  @Test func `what does not exist is not found, but counts as deleted`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        #expect(await code { _ = try await calls.createSnapshot("s", of: "vol-no") } == .notFound)
        #expect(
          await code { _ = try await calls.createVolume("a", snapshot: "snap-no") } == .notFound)
        #expect(await code { _ = try await calls.createVolume("a", volume: "vol-no") } == .notFound)
        #expect(
          await code { try await calls.publish("vol-no", in: storage.directory) } == .notFound)
        #expect(
          await code { try await calls.unpublish("vol-no", in: storage.directory) } == .notFound)
        for path in ["/somewhere", "some/path"] {
          let stats = await code {
            _ = try await calls.node.nodeGetVolumeStats(
              .with {
                $0.volumeID = "vol-no"
                $0.volumePath = path
              })
          }
          #expect(stats == .notFound)
          let expansion = await code {
            _ = try await calls.node.nodeExpandVolume(
              .with {
                $0.volumeID = "vol-no"
                $0.volumePath = path
              })
          }
          #expect(expansion == .notFound)
        }
        let group = await code {
          _ = try await calls.group.getVolumeGroupSnapshot(.with { $0.groupSnapshotID = "no" })
        }
        #expect(group == .notFound)
        try await calls.deleteVolume("vol-no")
        _ = try await calls.controller.deleteSnapshot(.with { $0.snapshotID = "snap-no" })
        _ = try await calls.group.deleteVolumeGroupSnapshot(.with { $0.groupSnapshotID = "no" })
      }
    }
  }

  @Test func `a name gives the same object again, or already exists`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let first = try await calls.createVolume("data")
        #expect(try await calls.createVolume("data") == first)
        #expect(
          await code { _ = try await calls.createVolume("data", bytes: 128 << 20) }
            == .alreadyExists)
        #expect(
          await code { _ = try await calls.createVolume("data", filesystem: "xfs") }
            == .alreadyExists)
        let other = try await calls.createVolume("other")
        let snapshot = try await calls.createSnapshot("s", of: first.volumeID)
        #expect(try await calls.createSnapshot("s", of: first.volumeID) == snapshot)
        #expect(
          await code { _ = try await calls.createSnapshot("s", of: other.volumeID) }
            == .alreadyExists)
        let group = try await calls.group.createVolumeGroupSnapshot(
          .with {
            $0.name = "g"
            $0.sourceVolumeIds = [first.volumeID, other.volumeID]
          })
        let again = try await calls.group.createVolumeGroupSnapshot(
          .with {
            $0.name = "g"
            $0.sourceVolumeIds = [other.volumeID, first.volumeID]
          })
        #expect(again == group)
        let differing = await code {
          _ = try await calls.group.createVolumeGroupSnapshot(
            .with {
              $0.name = "g"
              $0.sourceVolumeIds = [other.volumeID]
            })
        }
        #expect(differing == .alreadyExists)
      }
    }
  }

  @Test func `impossible sizes are out of range`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        func sized(_ required: Int64, _ limit: Int64, _ snapshot: String? = nil) async
          -> RPCError.Code?
        {
          await code {
            var request = TestCalls.volumeRequest("sized", snapshot: snapshot)
            request.capacityRange.requiredBytes = required
            request.capacityRange.limitBytes = limit
            _ = try await calls.controller.createVolume(request)
          }
        }
        #expect(await sized(2 << 20, 1 << 20) == .outOfRange)
        #expect(await sized(0, 1 << 20) == .outOfRange)
        #expect(await sized(-1, 0) == .outOfRange)
        #expect(await sized(17 << 40, 0) == .outOfRange)
        let volume = try await calls.createVolume("source")
        let snapshot = try await calls.createSnapshot("s", of: volume.volumeID)
        #expect(await sized(32 << 20, 0, snapshot.snapshotID) == .outOfRange)
        #expect(await sized(0, 32 << 20, snapshot.snapshotID) == .outOfRange)
      }
    }
  }

  @Test func `a full pool is exhausted, and takes volumes again once there is room`() async throws {
    try await TestStorage.with(poolSize: "400Mi") { storage in
      try await storage.connected(overcommit: 1) { client in
        let calls = TestCalls(client)
        // More than the pool may promise.
        #expect(
          await code { _ = try await calls.createVolume("big", bytes: 1 << 30) }
            == .resourceExhausted)
        let volume = try await calls.createVolume("small")
        let filler = "\(storage.pool)/filler"
        let (total, free) = try PoolDirectory(path: storage.pool).space()
        let filled = try await TestStorage.run(
          "fallocate", ["-l", "\(free - total / 100)", filler])
        #expect(filled.succeeded, "\(filled.output)")
        #expect(await code { _ = try await calls.createVolume("late") } == .resourceExhausted)
        #expect(
          await code { _ = try await calls.createSnapshot("late", of: volume.volumeID) }
            == .resourceExhausted)
        let removed = try await TestStorage.run("rm", [filler])
        #expect(removed.succeeded)
        _ = try await calls.createSnapshot("late", of: volume.volumeID)
      }
    }
  }
}
