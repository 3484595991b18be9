import CutProtocol
import KubernetesClient
import Model
import Testing

@testable import KubernetesSnapshots

struct CutVerdictTests {
  private static let uid = "6a6a6193-9806-45d4-83d6-c6bcd9ac9fe2"

  private static func claim(_ handle: String) -> ClaimedVolume {
    let volume = VolumeRef(
      driver: DriverName(accepted: "hostpath.csi.k8s.io"), handle: VolumeHandle(accepted: handle),
      publishedAt: "/var/lib/kubelet/pods/p/volumes/kubernetes.io~csi/\(handle)/mount")
    return ClaimedVolume(
      members: [MemberVolume(containerPath: "/data/\(handle)", volume: volume)],
      persistentVolume: handle, namespace: "shop", claim: "data-\(handle)", claimUID: "c-\(handle)",
      isShared: false, askedClass: nil)
  }

  private let single = PlannedSnapshot(
    name: "sp-1", claims: [claim("v1")], className: "usual", group: nil)
  private let group = PlannedSnapshot(
    name: "sp-g", claims: [claim("v1"), claim("v2")], className: "usual",
    group: SnapshotTypes.Groups(version: "v1"))

  private func content(
    uid: String = uid, volume: String = "v1", driver: String = "hostpath.csi.k8s.io",
    status: JSONValue? = nil
  ) -> KubernetesObject {
    var object = KubernetesObject(
      .volumeSnapshotContents, name: "snapcontent-\(uid)",
      fields: [
        "spec": [
          "driver": .string(driver), "deletionPolicy": "Delete",
          "source": ["volumeHandle": .string(volume)],
          "volumeSnapshotRef": ["name": "sp-1", "namespace": "shop", "uid": .string(uid)],
        ]
      ])
    object["status"] = status
    return object
  }

  private func groupContent(_ volumes: [String], status: JSONValue?) -> KubernetesObject {
    var object = KubernetesObject(
      SnapshotTypes.Groups(version: "v1").contents, name: "groupsnapcontent-\(Self.uid)",
      fields: [
        "spec": [
          "driver": "hostpath.csi.k8s.io",
          "source": ["volumeHandles": .array(volumes.map { .string($0) })],
          "volumeGroupSnapshotRef": [
            "name": "sp-g", "namespace": "shop", "uid": .string(Self.uid),
          ],
        ]
      ])
    object["status"] = status
    return object
  }

  private func judge(_ planned: PlannedSnapshot, _ content: KubernetesObject?) -> CutVerdict {
    planned.judge(SeenSnapshot(content: content), uid: Self.uid)
  }

  @Test func `a handle with a time is the cut, ready or not`() {
    let status: JSONValue = [
      "snapshotHandle": "s1", "creationTime": 1_795_350_848_895_489_629, "readyToUse": false,
      "restoreSize": 67_108_864,
    ]
    let cut = CutVolume(
      handle: VolumeHandle(accepted: "v1"), snapshot: SnapshotHandle(accepted: "s1"), group: nil,
      sizeBytes: 67_108_864, createdAt: Timestamp(nanoseconds: 1_795_350_848_895_000_000),
      readyToUse: false)
    #expect(judge(single, content(status: status)) == .cut([cut]))
  }

  @Test func `a content without a handle is waited for`() {
    #expect(judge(single, nil) == .waiting(error: nil))
    #expect(judge(single, content()) == .waiting(error: nil))
    #expect(
      judge(single, content(status: ["snapshotHandle": "s1", "readyToUse": true]))
        == .waiting(error: nil))
  }

  @Test func `an error may be taken back`() {
    let failed = content(status: ["error": ["message": "deadline exceeded"], "readyToUse": false])
    #expect(judge(single, failed) == .waiting(error: "deadline exceeded"))
    let mended: JSONValue = [
      "snapshotHandle": "s1", "creationTime": 1_795_350_848_895_489_629, "readyToUse": true,
    ]
    guard case .cut = judge(single, content(status: mended)) else {
      Issue.record("a snapshot that was cut after an error does not count")
      return
    }
  }

  @Test func `a content of another snapshot or volume never counts`() {
    let status: JSONValue = ["snapshotHandle": "s1", "creationTime": 1_795_350_848_895_489_629]
    for wrong in [
      content(uid: "other", status: status), content(volume: "v2", status: status),
      content(driver: "other", status: status),
    ] {
      guard case .broken = judge(single, wrong) else {
        Issue.record("\(wrong.value) counts as a cut")
        continue
      }
    }
    let seen = SeenSnapshot(
      snapshot: KubernetesObject(
        .volumeSnapshots, name: "sp-1",
        fields: ["status": ["boundVolumeSnapshotContentName": "snapcontent-other"]]),
      content: content(status: status))
    guard case .broken = single.judge(seen, uid: Self.uid) else {
      Issue.record("a snapshot that is bound elsewhere counts as a cut")
      return
    }
  }

  @Test func `a group is cut when each of its volumes has a handle`() {
    let infos: JSONValue = [
      ["volumeHandle": "v1", "snapshotHandle": "s1", "readyToUse": true],
      ["volumeHandle": "v2", "snapshotHandle": "s2", "readyToUse": true],
    ]
    let part: JSONValue = [
      "volumeGroupSnapshotHandle": "g", "creationTime": "2026-11-22T12:34:09Z",
      "volumeSnapshotInfoList": [infos[0] ?? .null],
    ]
    #expect(judge(group, groupContent(["v1", "v2"], status: part)) == .waiting(error: nil))
    for field in ["volumeSnapshotInfoList", "volumeSnapshotHandlePairList"] {
      var whole = part
      whole["volumeSnapshotInfoList"] = nil
      whole[field] = infos
      guard case .cut(let volumes) = judge(group, groupContent(["v2", "v1"], status: whole)) else {
        Issue.record("a group with \(field) is not cut")
        continue
      }
      #expect(volumes.map(\.snapshot.text) == ["s1", "s2"])
      #expect(volumes.allSatisfy { $0.group?.text == "g" })
    }
  }

  @Test func `a group that took another claim never counts`() {
    guard case .broken = judge(group, groupContent(["v1", "v2", "v3"], status: nil)) else {
      Issue.record("a group with a volume that nobody asked for counts")
      return
    }
  }

  @Test func `a group selects by one label that no other hold has`() {
    let name = SnapshotName(
      fence: Fence(epoch: 1, cut: 1, attempt: 1), member: ServiceName(accepted: "orders"),
      hold: HoldID(boot: "01234567", incarnation: 1, counter: 1),
      backup: BackupID(accepted: "b-1"))
    let selector = group.object(for: name)["spec", "source", "selector"]
    #expect(
      selector == [
        "matchLabels": [StillpointLabel.group: .string(group.groupValue)]
      ])
    #expect(group.groupValue != PlannedSnapshot.groupValue("sp-h"))
  }
}
