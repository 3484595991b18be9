import ClusterTesting
import Foundation
import KubernetesClient
import Synchronization
import Testing

/// The versions of the objects that a reflector has told of.
private final class Told: Sendable {
  private let versions = Mutex<[String: String]>([:])

  func hear(_ event: ReflectorEvent) {
    versions.withLock { versions in
      switch event {
      case .added(let object), .modified(let object):
        versions[object.name] = object.resourceVersion
      case .deleted(let object): versions[object.name] = nil
      case .synced, .interrupted: break
      }
    }
  }

  var all: [String: String] { versions.withLock { $0 } }
}

/// Watching a Kubernetes API server.
@Suite(.enabled(if: RealServer.isGiven, Comment(rawValue: RealServer.why)), .serialized)
struct KubernetesRealServerWatchTests {
  @Test func `initial events end with a bookmark, and changes follow`() async throws {
    try await RealServer.with { client, name in
      for map in ["one", "two"] {
        _ = try await client.create(RealServer.map(map), as: .configMaps)
      }
      var seen: Set<String> = []
      var changes: [String] = []
      let end = try await client.with(.cut).watch(
        .configMaps, in: name, from: nil, initialEvents: true
      ) { event in
        switch event {
        case .bookmark(_, true):
          _ = try? await client.patch(.configMaps, "one", merging: ["data": ["a": "b"]])
          _ = try? await client.delete(.configMaps, "two")
        case .bookmark: break
        case .added(let object): seen.insert(object.name)
        case .modified(let object): changes.append("~" + object.name)
        case .deleted(let object): changes.append("-" + object.name)
        }
        return changes.count == 2 ? .stop : .goOn
      }
      #expect(end == .stopped)
      #expect(seen.isSuperset(of: ["one", "two"]))
      #expect(changes == ["~one", "-two"])
    }
  }

  @Test func `a server ends a watch when it was asked to`() async throws {
    var options = ClientOptions()
    options.cutWatch.renewal = .seconds(1)
    try await RealServer.with(options: options) { client, name in
      let list = try await client.list(.configMaps, in: name)
      let end = try await client.with(.cut).watch(
        .configMaps, in: name, from: list.resourceVersion
      ) { _ in .goOn }
      #expect(end == .byServer)
    }
  }

  @Test func `waiting ends with what was waited for, or with the limit`() async throws {
    try await RealServer.with { client, _ in
      async let found = client.with(.cut).wait(
        for: .configMaps, "one", within: .seconds(60)
      ) { $0?["data", "v"]?.string == "ready" ? $0?.uid : nil }
      let made = try await client.create(RealServer.map("one"), as: .configMaps)
      _ = try await client.patch(.configMaps, "one", merging: ["data": ["v": "ready"]])
      #expect(try await found == made.uid)
      let error = await #expect(throws: KubernetesError.self) {
        try await client.with(.cut).wait(
          for: .configMaps, "none", within: .milliseconds(500)
        ) { $0?.uid }
      }
      #expect(error?.code == .timedOut)
    }
  }

  /// Writes go on through whatever happens to the server meanwhile, and a reflector has to know in the end what is there.
  @Test func `a reflector knows in the end what is there`() async throws {
    var options = ClientOptions()
    options.cutWatch.renewal = .seconds(1)
    options.pageSize = 7
    let environment = ProcessInfo.processInfo.environment
    let seconds = environment["STILLPOINT_TEST_API_SECONDS"].flatMap(Int.init)
    try await RealServer.with(options: options) { client, name in
      let told = Told()
      let end = ContinuousClock.now + .seconds(seconds ?? 3)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          await Reflector(client.with(.cut), .configMaps, in: name).run { event in
            told.hear(event)
            return .goOn
          }
        }
        var round = 0
        while ContinuousClock.now < end {
          round += 1
          let object = "m\(round % 30)"
          do {
            if round.isMultiple(of: 7) {
              _ = try await client.delete(.configMaps, object)
            } else {
              var map = RealServer.map(object, ["round": "\(round)"])
              map["metadata", "namespace"] = .string(name)
              _ = try await client.apply(map, as: .configMaps)
            }
          } catch let error as KubernetesError {
            guard error.isNotFound || error.isTransient else { throw error }
          }
        }
        let there = Dictionary(
          uniqueKeysWithValues: try await client.list(.configMaps, in: name).items.map {
            ($0.name, $0.resourceVersion ?? "")
          })
        for _ in 0..<3000 where told.all != there {
          try await Task.sleep(for: .milliseconds(10))
        }
        #expect(told.all == there)
        #expect(round > 30)
        group.cancelAll()
      }
    }
  }
}
