import NIOHTTP1
import Testing

@testable import KubernetesClient

/// What the client makes of a real server's answers.
@Suite struct KubernetesRecordedReadingTests {
  static let answers = [
    "pod-running.json", "pvc-bound.json", "pv-bound.json", "deployment.json", "statefulset.json",
    "volumesnapshot-3-ready.json", "volumesnapshotcontent-ready.json",
    "volumegroupsnapshotcontent-ready.json", "pods-list.json", "apis-aggregated-discovery.json",
  ]

  @Test(arguments: answers)
  func `a real answer survives reading and writing byte by byte`(_ name: String) throws {
    let text = try Recording.text(name)
    let line = text.hasSuffix("\n") ? String(text.dropLast()) : text
    #expect(try JSONValue(json: text).description == line)
  }

  @Test func `a pod's owner, labels and times are read`() throws {
    let pods = try #require(
      KubernetesList(try Recording.json("pods-list-all-namespaces.json"), of: .pods))
    #expect(!pods.items.isEmpty)
    #expect(pods.items.allSatisfy { $0.kind == "Pod" && $0.apiVersion == "v1" && $0.uid != nil })
    let owned = try #require(pods.items.first { $0.controller != nil })
    #expect(owned.controller?.uid.count == 36)
    #expect(owned.creationTimestamp != nil)
  }

  @Test func `both forms of discovery tell the same of what both were recorded for`() throws {
    let core = try #require(
      APIDirectory(aggregated: try Recording.json("api-aggregated-discovery.json")))
    let groups = try #require(
      APIDirectory(aggregated: try Recording.json("apis-aggregated-discovery.json")))
    let recorded: [(String, String, String, APIDirectory)] = [
      ("", "v1", "discovery-api-v1.json", core),
      ("apps", "v1", "discovery-apis-apps-v1.json", groups),
      ("storage.k8s.io", "v1", "discovery-apis-storage-v1.json", groups),
      ("snapshot.storage.k8s.io", "v1", "discovery-apis-snapshot-v1.json", groups),
      ("groupsnapshot.storage.k8s.io", "v1", "discovery-apis-groupsnapshot-v1.json", groups),
    ]
    for (group, version, file, directory) in recorded {
      let listed = try #require(
        APIDirectory.GroupVersion(
          list: try Recording.json(file), group: group, version: version))
      let aggregated = try #require(
        directory.versions.first { $0.group == group && $0.version == version })
      let known = Dictionary(
        uniqueKeysWithValues: aggregated.resources.map { ($0.type.plural, $0) })
      for resource in listed.resources {
        let other = try #require(known[resource.type.plural])
        #expect(other.type == resource.type)
        #expect(other.verbs == resource.verbs)
        #expect(other.subresources == resource.subresources)
      }
    }
    #expect(
      groups.versions(ofKind: "VolumeGroupSnapshot", group: "groupsnapshot.storage.k8s.io").first?
        .type.version == "v1")
    #expect(
      groups.resource(apiVersion: "apps/v1", kind: "Deployment")?.subresources.contains("scale")
        == true)
  }

  @Test(arguments: [
    "watch-pods.jsonl", "watch-pods-sendInitialEvents.jsonl", "watch-pvcs.jsonl",
    "watch-volumesnapshots.jsonl", "watch-volumesnapshotcontents.jsonl",
    "watch-volumegroupsnapshots.jsonl",
  ])
  func `a real watch in pieces of any size gives the same events`(_ name: String) throws {
    let bytes = Array(try Recording.text(name).utf8)
    let request = APIRequest(method: .GET, path: ["api"], summary: "watch")
    var counts: [[WatchEvent]] = []
    for size in [1, 7, 4096, bytes.count] {
      var reader = LineReader(largest: 1 << 20)
      var events: [WatchEvent] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        for line in try reader.read(bytes[start..<min(start + size, bytes.count)]) {
          events.append(try WatchEvent(line: line, of: request))
        }
      }
      counts.append(events)
    }
    #expect(counts[0].count > 3)
    #expect(counts.dropFirst().allSatisfy { $0 == counts[0] })
    // What is still there at the end is what a reflector knows then.
    var state = ReflectorState()
    var told: Set<ObjectKey> = []
    for event in counts[0] {
      for change in state.apply(event) {
        switch change {
        case .added(let object): #expect(told.insert(object.key).inserted)
        case .deleted(let object): #expect(told.remove(object.key) != nil)
        default: break
        }
      }
    }
    #expect(told == Set(state.objects.keys))
  }

  @Test func `the API's reasons, causes and times to wait are read`() throws {
    let two = try #require(APIStatus(try Recording.json("error-422-pod-two-causes.json")))
    #expect(two.reason == .invalid)
    #expect(two.causes.map(\.field) == ["spec.containers[0].image", "spec.restartPolicy"])
    let future = try #require(
      APIStatus(try Recording.json("error-504-future-resourceversion.json")))
    #expect(future.retryAfter == .seconds(1))
    #expect(Transport.postponement(future, of: .GET) == .seconds(1))
    // A write may have taken effect.
    #expect(Transport.postponement(future, of: .POST) == nil)
    // A disruption budget is not an overloaded server: nothing is gained by sending it again.
    let eviction = try #require(APIStatus(try Recording.json("error-429-eviction-pdb.json")))
    #expect(Transport.postponement(eviction, of: .POST) == nil)
    let expired = try #require(APIStatus(try Recording.json("error-410-expired-continue.json")))
    #expect(expired.continueToken != nil)
  }
}
