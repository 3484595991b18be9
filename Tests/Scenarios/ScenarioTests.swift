import CutModel
import Foundation
import Testing

@Suite struct ScenarioTests {
  /// Every scenario, by name.
  static let texts: [(name: String, text: String)] = {
    let folder = Bundle.module.bundleURL.appending(path: "Texts")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".txt") }.sorted().compactMap { name in
      (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)).map { (name, $0) }
    }
  }()

  @Test func `there are scenarios`() { #expect(Self.texts.count >= 15) }

  @Test(arguments: texts.map(\.name))
  func `a scenario goes as its text says`(name: String) throws {
    let text = try #require(Self.texts.first { $0.name == name }?.text)
    var run = try ScenarioRun(try Scenario(file: name, text: text))
    do {
      try run.play()
    } catch {
      Issue.record("\(error)")
    }
  }

  /// Without the rule the scenario cannot be played to its end.
  static let needed: [(rule: Rule, name: String)] = [
    (.callersFirst, "drained-levels.txt"), (.epochRaised, "stale-fence.txt"),
    (.nameOfTheHold, "late-snapshot.txt"),
  ]

  @Test(arguments: needed)
  func `a scenario notices that its rule is missing`(rule: Rule, name: String) throws {
    let text = try #require(Self.texts.first { $0.name == name }?.text)
    var run = try ScenarioRun(try Scenario(file: name, text: text), without: rule)
    let fault = #expect(throws: Scenario.Fault.self) { try run.play() }
    print("without \(rule): \(fault?.description ?? "")")
  }

  @Test func `a line that is not as it says is named with file and line`() throws {
    let good = try #require(Self.texts.first { $0.name == "good-path.txt" }?.text)
    func fault(_ old: String, _ new: String) throws -> String? {
      let text = good.replacing(old, with: new, maxReplacements: 1)
      return #expect(throws: Scenario.Fault.self) {
        var run = try ScenarioRun(try Scenario(file: "x.txt", text: text))
        try run.play()
      }?.description
    }
    #expect(
      try fault("expect    orders: take the holds", "expect    orders: sign")
        == "x.txt:21: expected of orders: sign\n  but it was: take the holds")
    #expect(
      try fault("at 0.5s   orders       freeze arrives", "at 0.5s   orders  is held")?
        .hasPrefix("x.txt:20: 'is held' cannot happen to orders now") == true)
    #expect(
      try fault("at 0.59s  orders ", "at 9s  orders ")
        == "x.txt:33: the time of orders was up at 3.50 s, before this line")
    #expect(
      try fault("members orders", "member orders")
        == "x.txt:6: 'member' is none of members, policy, drain, share, cap, accepted, at, then, expect"
    )
  }
}
