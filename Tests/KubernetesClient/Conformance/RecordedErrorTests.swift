import AsyncHTTPClient
import ClusterTesting
import Foundation
import KubernetesClient
import Logging
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Testing

/// The test server against what a real one answered to the same request.
@Suite struct KubernetesRecordedErrorTests {
  /// Made as the recording's cluster was.
  static func server() async throws -> APIServer {
    let limited = TestUser(
      "tb-limited", rules: [.init(["get", "list", "watch"], ["pods"], namespace: "tb-rec")])
    let api = APIServer(
      users: ["admin": .admin, "limited": limited],
      admissions: [
        .snapshotRules, .quota(named: "q", "persistentvolumeclaims", most: 1, used: 4),
      ])
    var pods = ServedType(.pods)
    pods.hasStatus = true
    await api.serve(pods)
    await api.put(KubernetesObject(.namespaces, name: "tb-rec"), as: .namespaces)
    await api.put(
      KubernetesObject(
        .volumeSnapshots, name: "snap-a", namespace: "tb-rec",
        fields: ["spec": ["source": ["persistentVolumeClaimName": "pvc-a"]]]),
      as: .volumeSnapshots)
    return api
  }

  static let names = [
    "error-400-bad-continue.json", "error-400-bad-fieldselector.json",
    "error-400-bad-labelselector.json", "error-400-malformed-json.json",
    "error-400-strict-unknown-field.json", "error-401-bad-token.json", "error-403-anonymous.json",
    "error-403-limited-create.json", "error-403-limited-user.json", "error-403-quota.json",
    "error-404-namespace-object.json", "error-404-no-such-group.txt", "error-404-path.txt",
    "error-404-pod.json", "error-405-method.json", "error-406-accept.json",
    "error-409-already-exists.json", "error-415-mediatype.json", "error-422-pod-name.json",
    "error-422-volumesnapshot-bad-source.json", "error-422-volumesnapshot-immutable.json",
    "error-410-list-exact-old-rv.json", "warning-unknown-field.json",
  ]

  @Test(arguments: names)
  func `a request is refused word by word as a real server does`(_ name: String) async throws {
    let recording = try Recording(name)
    let answer = try await TestCluster.with(Self.server()) { cluster in
      try await Raw(cluster).send(recording)
    }
    #expect(answer.status == recording.status)
    #expect(answer.contentType == recording.headers["Content-Type"])
    #expect(answer.cacheControl == recording.headers["Cache-Control"])
    #expect(answer.warning == recording.headers["Warning"])
    guard recording.status >= 400, name.hasSuffix(".json") else {
      if recording.status >= 400 { #expect(answer.text == recording.answer) }
      return
    }
    #expect(try JSONValue(json: answer.text) == JSONValue(json: recording.answer))
  }

  @Test func `a version of the future is answered with the time to wait`() async throws {
    let recording = try Recording("error-504-future-resourceversion.json")
    let answer = try await TestCluster.with(Self.server()) { cluster in
      try await Raw(cluster).send(recording)
    }
    #expect(answer.status == 504)
    #expect(answer.retryAfter == recording.headers["Retry-After"])
    var said = try JSONValue(json: answer.text)
    var expected = try JSONValue(json: recording.answer)
    // The version of the day differs.
    for key in ["message"] { (said[key], expected[key]) = (nil, nil) }
    #expect(said == expected)
  }

  @Test func `stale versions, preconditions and foreign fields conflict as recorded`() async throws
  {
    try await TestCluster.with(Self.server()) { cluster in
      let raw = Raw(cluster)
      let client = KubernetesClient(
        try cluster.access(token: "admin"), logger: .init(label: "test"))
      let lease = try await client.create(
        KubernetesObject(.leases, name: "rec", namespace: "tb-rec", fields: ["spec": [:]]),
        as: .leases)
      for name in [
        "error-409-stale-resourceversion.json", "error-409-delete-precondition-uid.json",
      ] {
        let recording = try Recording(name)
        let answer = try await raw.send(recording)
        var expected = try JSONValue(json: recording.answer)
        let uid = lease.uid ?? ""
        let text = expected["message"]?.string?.replacingOccurrences(
          of: "8cb3e989-2b08-4754-8a10-340977f91caf", with: uid)
        expected["message"] = .string(text ?? "")
        let said = try JSONValue(json: answer.text)
        #expect(said == expected)
      }
      let applied = try await raw.send(Recording("configmap-server-side-applied.json"))
      #expect(applied.status == 201)
      let shape = try Shape(JSONValue(json: applied.text))
      let recorded = try Shape(Recording.json("configmap-server-side-applied.json"))
      #expect(shape == recorded)
      let conflict = try Recording("error-409-apply-conflict.json")
      let refused = try JSONValue(json: await raw.send(conflict).text)
      let expected = try JSONValue(json: conflict.answer)
      #expect(refused == expected)
      await client.close()
    }
  }

  @Test func `a terminating namespace takes nothing new, as recorded`() async throws {
    try await TestCluster.with(Self.server()) { cluster in
      await cluster.api.setKeepsTerminatingNamespaces(true)
      let raw = Raw(cluster)
      let deleted = try await raw.send(Recording("namespace-deleted.json"))
      let namespace = try JSONValue(json: deleted.text)
      #expect(namespace[path: ["status", "phase"]] == "Terminating")
      let recording = try Recording("error-403-namespace-terminating.json")
      let refused = try JSONValue(json: await raw.send(recording).text)
      let expected = try JSONValue(json: recording.answer)
      #expect(refused == expected)
    }
  }

  @Test func `pages and their expiry have the recorded form`() async throws {
    try await TestCluster.with(Self.server()) { cluster in
      for index in 0..<8 {
        await cluster.api.put(
          KubernetesObject(
            .configMaps, name: "c\(index)", namespace: "default", labels: ["t": "410"]),
          as: .configMaps)
      }
      let raw = Raw(cluster)
      let first = try await raw.send(Recording("configmaps-limit2.json"))
      let page = try JSONValue(json: first.text)
      let recorded = try Recording.json("configmaps-limit2.json")
      #expect(page[path: ["metadata", "remainingItemCount"]] == 6)
      #expect(page["metadata"].map { Shape($0) } == recorded["metadata"].map { Shape($0) })
      #expect(page["items"]?[0]?.object?.keys.contains("kind") == false)
      await cluster.api.compact()
      let token = page[path: ["metadata", "continue"]]?.string ?? ""
      let expired = try await raw.get(
        "/api/v1/namespaces/default/configmaps?limit=2&continue=\(token)")
      #expect(expired.status == 410)
      let said = try JSONValue(json: expired.text)
      let expected = try Recording.json("error-410-expired-continue.json")
      #expect(said["message"] == expected["message"])
      #expect(said[path: ["metadata", "continue"]] == expected[path: ["metadata", "continue"]])
      let rest = try await raw.send(
        Recording("configmaps-continue-after-410-inconsistent.json"))
      let items = try JSONValue(json: rest.text)["items"]?.array ?? []
      #expect(items.compactMap { KubernetesObject($0)?.name } == ["c2", "c3"])
    }
  }

  @Test func `a watch from too long ago ends with the recorded event`() async throws {
    try await TestCluster.with(Self.server()) { cluster in
      let raw = Raw(cluster)
      for name in [
        "error-410-watch-too-old.jsonl", "error-410-watch-volumesnapshots-too-old.jsonl",
      ] {
        let recording = try Recording(name)
        let answer = try await raw.send(recording, as: "admin")
        #expect(answer.status == 200)
        var said = try JSONValue(json: answer.text)
        var expected = try JSONValue(json: recording.answer)
        #expect(
          said[path: ["object", "message"]]?.string?.hasPrefix("too old resource version: 2 (")
            == true)
        for path in [["object", "message"]] {
          (said[path: path], expected[path: path]) = (nil, nil)
        }
        #expect(said == expected)
      }
    }
  }
}
