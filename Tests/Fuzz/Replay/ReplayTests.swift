import Foundation
import LinuxSystem
import Testing

/// Every kept input, every seed and some changes of each: nothing ends the process, hangs, or takes memory without bound.
///
/// A target that breaks a promise under the fuzzer gets the input that did it into its corpus, so that it stays here.
@Suite(.serialized) struct `Hostile input` {
  /// Longer for one input is a hang; a loaded machine is not.
  private static let slowest = Duration.seconds(120)
  /// How much one target may leave in memory over all its inputs, caches of the runtime included.
  private static let largestGrowth: UInt64 = 256 << 20
  private static let seed: UInt64 = 2611
  private static let changesOfEach = 60
  /// Enough to go through everything once on a loaded machine; changes after it are left out.
  private static let patience = Duration.milliseconds(600)

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `is read or refused`(name: String) throws {
    let target = try #require(FuzzTarget.named(name))
    let before = try ProcessFacts.residentMemory(getpid())
    let inputs = try kept(name) + target.seeds()
    #expect(!inputs.isEmpty, "target \(name) has nothing to begin with")
    for input in inputs { try check(input, of: target) }
    let start = ContinuousClock.now
    var random = Mutation(seed: Self.seed)
    changes: for round in 0..<Self.changesOfEach {
      for input in inputs {
        guard ContinuousClock.now - start < Self.patience else { break changes }
        let other = inputs.randomElement(using: &random) ?? []
        let changed = random.changed(input, words: target.words, other: other)
        try check(changed, of: target, "change \(round) under seed \(Self.seed)")
      }
    }
    let after = try ProcessFacts.residentMemory(getpid())
    #expect(after < before + Self.largestGrowth, "\(name) took \((after - before) >> 20) MiB")
  }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `may be as long and as deep as it likes`(name: String) throws {
    let target = try #require(FuzzTarget.named(name))
    let before = try ProcessFacts.residentMemory(getpid())
    for input in Self.oversized { try check(input, of: target) }
    let after = try ProcessFacts.residentMemory(getpid())
    #expect(after < before + Self.largestGrowth, "\(name) took \((after - before) >> 20) MiB")
  }

  /// A quarter of a megabyte each: deep, long, and repeated, behind every first byte that selects a reader.
  private static let oversized: [[UInt8]] = {
    let size = 1 << 18
    let units = [
      "[", "{\"a\":", "- ", "? ", "a: {", "\n", "\u{0}", "\u{ff}", "a:\n ", "%TAG ! x\n",
    ]
    return units.enumerated().map { index, unit in
      let text = String(repeating: unit, count: size / unit.utf8.count)
      return (index < 4 ? [UInt8(index)] : []) + Array(text.utf8)
    } + [Array(repeating: 0xff, count: size), Array(repeating: 0x0a, count: size)]
  }()

  private func check(_ input: [UInt8], of target: FuzzTarget, _ what: String = "kept") throws {
    let start = ContinuousClock.now
    do {
      try target.run(input)
    } catch {
      Issue.record(
        "\(target.name), \(what): \("\(error)".prefix(400)); input \(Data(input.prefix(300)).base64EncodedString())"
      )
    }
    let took = ContinuousClock.now - start
    #expect(took < Self.slowest, "\(target.name), \(what): \(input.count) bytes took \(took)")
  }

  private func kept(_ name: String) throws -> [[UInt8]] {
    let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Corpus/\(name)")
    guard FileManager.default.fileExists(atPath: directory.path) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().map {
      Array(try Data(contentsOf: directory.appending(path: $0)))
    }
  }
}
