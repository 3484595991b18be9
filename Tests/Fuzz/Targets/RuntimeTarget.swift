import CRIWire
import CutProtocol
import FleetWire
import Foundation
import Model
import SwiftProtobuf

@testable import AgentCore
@testable import ContainerRuntimes

extension FuzzTarget {
  /// What a container runtime answers: a list entry, its pod, its image, its verbose status; and containerd's events.
  static let runtimeAnswer = FuzzTarget(
    name: "runtime-answer",
    words: [
      "info", #"{"pid":4711}"#, "OOMKilled", "io.kubernetes.pod.name",
      "io.kubernetes.pod.namespace",
      "sha256:", "@sha256:", "/tasks/exit", "/tasks/oom", "/containers/delete",
    ],
    seeds: { try runtimeSeeds() },
    run: { bytes in
      var parts = Parts(bytes)
      if parts.byte() == 0xff {
        if let envelope = try? Containerd_Types_Envelope(serializedBytes: parts.rest) {
          _ = RuntimeChange(envelope)
        }
        return
      }
      let listed = (try? Runtime_V1_Container(serializedBytes: parts.next())) ?? .init()
      let pod = try? Runtime_V1_PodSandbox(serializedBytes: parts.next())
      let image = (try? Runtime_V1_ImageStatusResponse(serializedBytes: parts.next())) ?? .init()
      let answer =
        (try? Runtime_V1_ContainerStatusResponse(serializedBytes: parts.rest)) ?? .init()
      let id = (try? ContainerID(listed.id)) ?? ContainerID(accepted: "c1")
      let description = ContainerDescription(id: id, listed: listed, pod: pod, answer: answer)
      var observed = description.observed
      observed.imageDigest =
        description.digestInReference
        ?? ContainerDescription.digest(of: image, reference: description.imageReference)
      try record(observed)
    })

  /// What is seen becomes records that fit the journal and the wire.
  private static func record(_ observed: ObservedContainer) throws {
    var tracker = PlacementTracker(
      node: NodeID(accepted: "node-1"), knowledge: PlacementKnowledge(), observedThrough: nil)
    let time = Timestamp(nanoseconds: 1_772_600_767_000_000_000)
    let changes = tracker.listed([observed], at: time) + tracker.listed([], at: time)
    for (index, change) in changes.enumerated() {
      let record = PlacementRecord(
        sequence: UInt64(index + 1), time: change.time, change: change.change)
      try Sample.survivesJSON(record, "placement record")
      _ = try RecordBatch([record])
      _ = try PlacementJournal.payloads(of: [.record(record)])
    }
  }

  private static func runtimeSeeds() throws -> [[UInt8]] {
    let listed = Runtime_V1_Container.with {
      $0.id = "c1"
      $0.podSandboxID = "p1"
      $0.metadata.name = "app"
      $0.image.image = "registry.example/orders:4"
      $0.labels = ["app": "orders", "io.kubernetes.pod.name": "orders-0"]
    }
    let pod = Runtime_V1_PodSandbox.with {
      $0.id = "p1"
      $0.metadata.name = "orders-0"
      $0.metadata.namespace = "shop"
      $0.labels = ["tier": "data"]
    }
    let digest = "sha256:" + String(repeating: "ab", count: 32)
    let image = Runtime_V1_ImageStatusResponse.with {
      $0.image.id = digest
      $0.image.repoDigests = ["registry.example/orders@" + digest]
    }
    let states: [Runtime_V1_ContainerState] = [
      .containerRunning, .containerExited, .containerCreated, .containerUnknown,
    ]
    return try states.map { state in
      let answer = Runtime_V1_ContainerStatusResponse.with {
        $0.status.id = "c1"
        $0.status.state = state
        $0.status.startedAt = 1_772_600_000_000_000_000
        $0.status.finishedAt = 1_772_600_100_000_000_000
        $0.status.exitCode = 137
        $0.status.reason = "OOMKilled"
        $0.status.imageRef = digest
        $0.status.mounts = [
          .with {
            $0.containerPath = "/data"
            $0.hostPath = "/srv/data"
          }
        ]
        $0.info = ["info": #"{"pid":4711,"sandboxID":"p1"}"#]
      }
      return try [0]
        + Parts.joined(
          [listed.serializedBytes(), pod.serializedBytes(), image.serializedBytes()],
          rest: answer.serializedBytes())
    } + [[0xff] + Containerd_Types_Envelope.with { $0.topic = "/tasks/exit" }.serializedBytes()]
  }
}
