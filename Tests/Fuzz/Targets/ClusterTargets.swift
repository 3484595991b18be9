import CutProtocol
import Foundation
import Model
import NIOHTTP1

@testable import CoordinatorKubernetes
@testable import KubernetesClient
@testable import KubernetesSnapshots

extension FuzzTarget {
  /// What something that says it is an API server answers: lists, watches, refusals, discovery, reviews of tokens.
  static let clusterAnswer = FuzzTarget(
    name: "cluster-answer",
    words: [
      "\"kind\":\"Status\"", "\"code\":410", "\"retryAfterSeconds\":", "\"continue\":\"",
      "\"items\":[",
      "\"type\":\"BOOKMARK\"", "\"type\":\"DELETED\"", "\"resourceVersion\":\"", "\"metadata\":{",
      "\"authenticated\":true", "system:serviceaccount:stillpoint:stillpoint-agent",
      "authentication.kubernetes.io/node-name", "authentication.kubernetes.io/pod-name",
      "\"audiences\":[\"stillpoint\"]", "\"extra\":{", "\"freshness\":\"Stale\"", "1e999", "-0",
      "9223372036854775808", "\\ud800", "\\u0000", "[[[[[[[[", "\n",
    ],
    seeds: {
      let review = #"""
        {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true,"user":{
        "username":"system:serviceaccount:stillpoint:stillpoint-agent","uid":"u","groups":["system:authenticated"],
        "extra":{"authentication.kubernetes.io/node-name":["node-1"],
        "authentication.kubernetes.io/pod-name":["agent-x"]}},"audiences":["stillpoint"]}}
        """#
      return try [
        [0] + Recorded.bytes("configmaps-limit2.json"),
        [0] + Recorded.bytes("error-410-expired-continue.json"),
        [1] + Recorded.lines("watch-pvcs.jsonl", 3),
        [1] + Recorded.bytes("error-410-watch-too-old.jsonl"),
        [2] + Recorded.bytes("api-aggregated-discovery.json"),
        [2] + Recorded.bytes("discovery-apis-apps-v1.json"), [2] + Recorded.bytes("version.json"),
        [3] + Array(review.utf8),
      ]
    },
    run: { bytes in
      guard let kind = bytes.first else { return }
      let rest = Array(bytes.dropFirst())
      switch kind % 4 {
      case 0: try readList(rest)
      case 1: try readWatch(rest)
      case 2: try readDiscovery(rest)
      default: try readReview(rest)
      }
    })

  private static let request = APIRequest(
    method: .GET, path: ["api", "v1", "configmaps"], summary: "list configmaps everywhere")

  private static func readList(_ bytes: [UInt8]) throws {
    guard let value = try? JSONValue(json: bytes) else { return }
    try BrokenPromise.unlessSame(try JSONValue(json: value.bytes), value, "JSON that was written")
    try BrokenPromise.unlessSame(
      try JSONValue(json: value.bytes).bytes, value.bytes, "JSON that was written twice")
    if let status = APIStatus(value) {
      let error = KubernetesError(status, of: request.summary)
      _ = (error.isTransient, error.isExpired, error.retryAfter)
      _ = Transport.postponement(status, of: .GET)
    }
    guard let list = KubernetesList(value, of: .configMaps) else { return }
    for object in list.items { try look(object) }
  }

  private static func look(_ object: KubernetesObject) throws {
    _ = (object.key, object.labels, object.annotations, object.finalizers, object.ownerReferences)
    _ = (object.creationTimestamp, object.deletionTimestamp, object.generation, object.controller)
    try BrokenPromise.unless(object.kind == "ConfigMap" || object.json["kind"] != nil, "no kind")
  }

  private static func readWatch(_ bytes: [UInt8]) throws {
    var whole = LineReader(largest: 4096)
    var pieces = LineReader(largest: 4096)
    let found = try? whole.read(bytes)
    let first = try? pieces.read(bytes.prefix(bytes.count / 3))
    let second = try? pieces.read(bytes.suffix(bytes.count - bytes.count / 3))
    if let found, let first, let second {
      try BrokenPromise.unlessSame(first + second, found, "lines that came in two pieces")
    }
    for line in found ?? [] {
      do throws(KubernetesError) {
        _ = try WatchEvent(line: line, of: request).resourceVersion
      } catch {
        try BrokenPromise.unlessShort(error.description, atMost: 1024 + 2 * line.count)
      }
    }
  }

  private static func readDiscovery(_ bytes: [UInt8]) throws {
    guard let value = try? JSONValue(json: bytes) else { return }
    _ = ServerVersion(value)
    let versions = APIDirectory.GroupVersion(list: value, group: "apps", version: "v1")
    let directory =
      APIDirectory(aggregated: value) ?? APIDirectory(versions: versions.map { [$0] } ?? [])
    let chosen = KindChoice(rules: ManifestRules()).namespaced(in: directory)
    try BrokenPromise.unless(
      Set(chosen.map { [$0.type.group, $0.type.plural] }).count == chosen.count, "a kind twice")
    for kind in chosen {
      try BrokenPromise.unless(kind.type.namespaced, "\(kind.type) is of no namespace")
      // A name could otherwise mean another path.
      let request = APIRequest(method: .GET, path: kind.type.path(namespace: "shop"), summary: "")
      try BrokenPromise.unless(!(request.target?.contains("/../") ?? false), "\(request.path)")
    }
    _ = KindChoice(rules: ManifestRules()).unknown(in: directory)
  }

  private static func readReview(_ bytes: [UInt8]) throws {
    guard let value = try? JSONValue(json: bytes), let object = KubernetesObject(value) else {
      return
    }
    let account = "system:serviceaccount:stillpoint:stillpoint-agent"
    guard let node = try? AgentPods.node(in: TokenReview(object), account: account) else { return }
    let status = object["status"]
    try BrokenPromise.unless(
      status?["authenticated"] == true && status?["user"]?["username"] == .string(account)
        && status?["audiences"]?.array?.contains("stillpoint") == true
        && !node.text.isEmpty, "node \(node) was believed")
  }

  /// Files that say where a cluster is, and what credential plugins print.
  static let clusterAccess = FuzzTarget(
    name: "cluster-access",
    words: [
      "apiVersion: v1\n", "kind: Config\n", "current-context: a\n", "clusters:\n", "contexts:\n",
      "users:\n", "- name: a\n", "  cluster: ", "server: https://h:6443", "proxy-url: http://p:1",
      "certificate-authority-data: ", "client-key-data: ", "token: t", "tokenFile: f", "exec:\n",
      "interactiveMode: Never", "insecure-skip-tls-verify: true", "tls-server-name: ", "&a", "*a",
      "<<: ", "\"kind\":\"ExecCredential\"", "\"expirationTimestamp\":\"", "https://[::1]:0/",
    ],
    seeds: {
      [
        """
        \u{0}apiVersion: v1
        kind: Config
        current-context: a
        clusters: [{name: a, cluster: {server: "https://h.example:6443/k", tls-server-name: n,
          certificate-authority-data: YQ==, proxy-url: "http://p:3128"}}]
        contexts: [{name: a, context: {cluster: a, user: a, namespace: shop}}]
        users:
        - name: a
          user:
            exec: {apiVersion: client.authentication.k8s.io/v1, command: p, args: [x], env: [{name: A, value: b}],
              interactiveMode: Never, provideClusterInfo: true}
        """,
        """
        \u{0}current-context: a
        clusters: [{name: a, cluster: {server: "https://h", certificate-authority: ca.crt}}]
        contexts: [{name: a, context: {cluster: a, user: a}}]
        users: [{name: a, user: {client-certificate-data: YQ==, client-key-data: YQ==}}]
        """,
        """
        \u{1}{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{
        "expirationTimestamp":"2026-11-22T12:00:00Z","token":"t","clientCertificateData":"c","clientKeyData":"k"}}
        """,
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      guard let kind = bytes.first else { return }
      let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
      do throws(KubernetesError) {
        if kind % 2 == 0 {
          let access = try Kubeconfig(text: text, file: "/etc/k").access(context: nil)
          _ = "\(access.server)"
        } else {
          let plugin = CredentialPlugin(
            apiVersion: CredentialPlugin.versions[0], command: "p", arguments: [], environment: [:])
          _ = try plugin.read(text).endsSoon(at: Timestamp(nanoseconds: 0))
        }
      } catch {
        try BrokenPromise.unlessShort(error.description, atMost: 8192 + 64 * text.utf8.count)
      }
    })

  /// A snapshot and its content as the API server shows them. Nothing counts as cut that is not the snapshot's own.
  static let clusterSnapshot = FuzzTarget(
    name: "cluster-snapshot",
    words: [
      "\"snapshotHandle\":\"", "\"creationTime\":", "\"readyToUse\":true", "\"restoreSize\":",
      "\"volumeSnapshotRef\":{", "\"volumeGroupSnapshotRef\":{", "\"volumeHandle\":\"handle-a\"",
      "\"volumeHandles\":[", "\"volumeSnapshotInfoList\":[", "\"volumeSnapshotHandlePairList\":[",
      "\"volumeGroupSnapshotHandle\":\"g\"", "\"deletionTimestamp\":\"2026-11-22T12:00:00Z\"",
      "\"error\":{\"message\":\"", "\"uid\":\"u\"", "\"driver\":\"hostpath.csi.k8s.io\"",
      "-9223372036854775808", "1e18", "\\u0000",
    ],
    seeds: {
      func content(_ group: Bool) -> String {
        group
          ? #"""
          {"metadata":{"name":"c"},"spec":{"driver":"hostpath.csi.k8s.io","source":{"volumeHandles":["handle-a","handle-b"]},
          "volumeGroupSnapshotRef":{"name":"s","namespace":"shop","uid":"u"}},"status":{"volumeGroupSnapshotHandle":"g",
          "creationTime":"2026-11-22T12:34:09Z","readyToUse":true,"volumeSnapshotInfoList":[
          {"volumeHandle":"handle-a","snapshotHandle":"1","restoreSize":4096,"creationTime":1790000000000000000},
          {"volumeHandle":"handle-b","snapshotHandle":"2"}]}}
          """#
          : #"""
          {"metadata":{"name":"c"},"spec":{"driver":"hostpath.csi.k8s.io","source":{"volumeHandle":"handle-a"},
          "volumeSnapshotRef":{"name":"s","namespace":"shop","uid":"u"}},"status":{"snapshotHandle":"1",
          "creationTime":1790000000000000000,"readyToUse":false,"restoreSize":4096}}
          """#
      }
      let snapshot =
        #"{"metadata":{"name":"s","uid":"u"},"status":{"boundVolumeSnapshotContentName":"snapcontent-u"}}"#
      return try [
        Parts.joined([[0], Array(snapshot.utf8)], rest: Array(content(false).utf8)),
        Parts.joined([[1], Array(snapshot.utf8)], rest: Array(content(true).utf8)),
        Parts.joined(
          [[0], Recorded.bytes("volumesnapshot-3-ready.json")],
          rest: Recorded.bytes("volumesnapshotcontent-ready.json")),
        Parts.joined(
          [[1], Recorded.bytes("volumegroupsnapshot-3-ready.json")],
          rest: Recorded.bytes("volumegroupsnapshotcontent-ready.json")),
        Parts.joined(
          [[2], Recorded.bytes("pv-bound.json")], rest: Recorded.bytes("pvc-bound.json")),
      ]
    },
    run: { bytes in
      var parts = Parts(bytes)
      let kind = parts.next().first ?? 0
      func object(_ bytes: [UInt8]) -> KubernetesObject? {
        (try? JSONValue(json: bytes)).flatMap { KubernetesObject($0) }
      }
      let (first, second) = (object(parts.next()), object(parts.rest))
      if kind == 2 { return try readClaim(first, second) }
      let planned = planned(isGroup: kind == 1)
      _ = first.map { SnapshotClass($0) }
      switch planned.judge(SeenSnapshot(snapshot: first, content: second), uid: "u") {
      case .waiting(let said?): _ = said
      case .waiting: break
      case .broken(let message):
        try BrokenPromise.unlessShort(message, atMost: 4096 + 2 * bytes.count)
      case .cut(let volumes): try check(volumes, planned, second)
      }
    })

  static func planned(isGroup: Bool) -> PlannedSnapshot {
    let names = isGroup ? ["a", "b"] : ["a"]
    return PlannedSnapshot(
      name: "s",
      claims: names.map { name in
        ClaimedVolume(
          members: [member(name)], persistentVolume: "pvc-\(name)", namespace: "shop", claim: name,
          claimUID: "u-\(name)", isShared: false, askedClass: nil)
      }, className: "usual", group: isGroup ? SnapshotTypes.Groups(version: "v1") : nil)
  }

  private static func member(_ name: String) -> MemberVolume {
    MemberVolume(
      containerPath: "/data/\(name)",
      volume: VolumeRef(
        driver: DriverName(accepted: "hostpath.csi.k8s.io"),
        handle: VolumeHandle(accepted: "handle-\(name)"),
        publishedAt: "/var/lib/kubelet/pods/p/volumes/kubernetes.io~csi/pvc-\(name)/mount"))
  }

  private static func check(
    _ volumes: [CutVolume], _ planned: PlannedSnapshot, _ content: KubernetesObject?
  ) throws {
    try BrokenPromise.unlessSame(
      volumes.map(\.handle), planned.claims.map(\.handle), "the volumes that were cut")
    let reference = content?[
      "spec", planned.group == nil ? "volumeSnapshotRef" : "volumeGroupSnapshotRef"]
    try BrokenPromise.unless(
      reference?["uid"]?.string == "u" && content?["spec", "driver"] == "hostpath.csi.k8s.io"
        && content?.deletionTimestamp == nil, "another snapshot's content was believed")
    for volume in volumes {
      try BrokenPromise.unless(volume.sizeBytes >= 0, "a size of \(volume.sizeBytes)")
      try BrokenPromise.unless(!volume.snapshot.text.isEmpty, "a handle that is empty")
    }
  }

  private static func readClaim(_ volume: KubernetesObject?, _ claim: KubernetesObject?) throws {
    guard let volume else { return }
    let name = volume["spec", "csi", "volumeHandle"]?.string ?? "handle-a"
    guard let handle = try? VolumeHandle(name),
      let driver = try? DriverName(volume["spec", "csi", "driver"]?.string ?? "d")
    else { return }
    var member = member("a")
    member.volume.driver = driver
    member.volume.handle = handle
    let found: ClaimedVolume?
    do throws(CutProtocol.Refusal) {
      found = try ClaimedVolume(member, volume: volume, claim: claim)
    } catch {
      return try BrokenPromise.unlessShort(error.message)
    }
    guard let found else { return }
    try BrokenPromise.unless(
      found.claimUID == claim?.uid && claim?["spec", "volumeName"]?.string == volume.name,
      "claim \(found.claim) is not bound to volume \(volume.name)")
  }
}
