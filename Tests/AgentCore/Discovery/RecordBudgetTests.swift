import AgentCore
import Foundation
import Model
import SeededRandom
import Testing

/// What the fleet protocol takes of one record.
private let largestRecord = 1 << 20

private func record(_ container: ObservedContainer) throws -> (Placement, bytes: Int) {
  var tracker = PlacementTracker(node: sampleNode, knowledge: .init(), observedThrough: nil)
  let changes = tracker.listed([container.withinBudget()], at: at(1000))
  guard case .started(let placement)? = changes.last?.change else {
    throw CocoaError(.coderInvalidValue)
  }
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  let record = PlacementRecord(sequence: .max, time: at(1000), change: .started(placement))
  return (placement, try encoder.encode(record).count)
}

private func mount(_ path: String, _ volume: String? = nil) -> ContainerMount {
  ContainerMount(
    containerPath: path, hostPath: "/host" + path, readOnly: false,
    volume: volume.map {
      VolumeRef(
        driver: DriverName(accepted: "csi.example"), handle: VolumeHandle(accepted: $0),
        publishedAt: "/published/\($0)")
    })
}

@Suite struct RecordBudgetTests {
  @Test func `a container that says little is kept as it is`() {
    let container = sampleContainer("one", mounts: [mount("/data", "v")])
    #expect(container.withinBudget() == container)
  }

  @Test func `of huge labels and mounts those are kept that name service and volumes`() throws {
    var labels = ["app.kubernetes.io/name": "orders", "small": "yes"]
    for number in 0..<300 { labels["note-\(number)"] = String(repeating: "\u{1}", count: 4000) }
    var mounts = (0..<9000).map { mount("/mounts/\($0)/\(String(repeating: "x", count: 90))") }
    mounts.append(mount("/data", "vol-orders"))
    var container = sampleContainer("one", labels: labels, mounts: mounts)
    container.image = String(repeating: "é", count: 1 << 14)
    let (placement, bytes) = try record(container)
    #expect(bytes < largestRecord)
    #expect(placement.service.text == "orders")
    #expect(placement.labels["small"] == "yes")
    #expect(placement.mounts.last == mount("/data", "vol-orders"))
    #expect(placement.mounts.first == mounts.first)
    let omitted = try #require(placement.omitted)
    #expect(omitted.labels == labels.count - placement.labels.count)
    #expect(omitted.mounts == mounts.count - placement.mounts.count)
    #expect(omitted.labels > 200 && omitted.mounts > 5000 && omitted.names)
    #expect(placement.labels.allSatisfy { labels[$0.key] == $0.value })
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `no record is larger than the fleet protocol takes`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let alphabet = Array("a\u{0}\u{1f}\u{7f}\"\\/é漢🙂\u{2028}".unicodeScalars)
    func text(_ most: Int) -> String {
      let letter = alphabet.randomElement(using: &random) ?? "a"
      let count = Int.random(in: 0...most, using: &random)
      return String(String.UnicodeScalarView(repeatElement(letter, count: count)))
    }
    var labels: [String: String] = [:]
    for _ in 0..<Int.random(in: 0...40, using: &random) { labels[text(2000)] = text(16_000) }
    let mounts = (0..<Int.random(in: 0...1200, using: &random)).map { index in
      var mount = mount("/\(index)" + text(400), Bool.random(using: &random) ? "v\(index)" : nil)
      mount.hostPath = text(400)
      return mount
    }
    var container = sampleContainer("one", labels: labels, mounts: mounts)
    container.name = text(20_000)
    container.image = text(20_000)
    let (placement, bytes) = try record(container)
    #expect(bytes < largestRecord, "seed \(seed)")
    // What is already within bounds does not change any more.
    let again = container.withinBudget()
    #expect(again.withinBudget().labels == again.labels, "seed \(seed)")
    #expect(placement.labels == again.labels && placement.mounts == again.mounts, "seed \(seed)")
  }

  @Test func `volumes that are recognised later never make a record too large`() throws {
    let mounts = (0..<4000).map { index in
      ContainerMount(
        containerPath: "/m/\(index)", hostPath: "/h/\(index)", readOnly: false,
        volume: VolumeRef(
          driver: DriverName(accepted: "csi.example"), handle: VolumeHandle(accepted: "v\(index)"),
          publishedAt: "/p/" + String(repeating: "p", count: 100)))
    }
    var tracker = PlacementTracker(node: sampleNode, knowledge: .init(), observedThrough: nil)
    _ = tracker.listed([sampleContainer("one", mounts: mounts).withinBudget()], at: at(1000))
    let bare = mounts.map { mount in
      var mount = mount
      mount.volume = nil
      return mount
    }
    let container = sampleContainer("one", mounts: bare).withinBudget()
    _ = tracker.listed([container], at: at(2000))
    let running = try #require(tracker.knowledge.running.values.first)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    #expect(try encoder.encode(running).count < largestRecord)
    #expect(running.mounts.first?.volume != nil)
    // The same again tells nothing new.
    #expect(tracker.listed([container], at: at(3000)) == [])
  }
}

extension DiscoveryTests {
  @Test func `a container of huge labels is recorded, and said to be, and the journal moves on`()
    async throws
  {
    var labels = ["app": "orders"]
    for number in 0..<40 { labels["note-\(number)"] = String(repeating: "x", count: 100_000) }
    runtime.put(sampleContainer("huge", labels: labels))
    let discovery = try discovery()
    try await running(discovery) {
      #expect(discovery.current().map(\.service.text) == ["orders"])
      #expect(
        discovery.view.troubles == [
          "container huge says more of itself than a record takes; left out: 39 labels"
        ])
      runtime.put(sampleContainer("next", startedAt: 10))
      try await eventually("the next one is recorded") { discovery.current().count == 2 }
      var delivered: [PlacementChange] = []
      while let record = try await discovery.records(after: UInt64(delivered.count), limit: 1).first
      {
        delivered.append(record.change)
      }
      #expect(delivered.count == 3)
    }
  }
}
