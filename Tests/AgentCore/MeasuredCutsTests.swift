import AgentCore
import Testing

struct MeasuredCutsTests {
  private let now = ContinuousClock.now

  private func cuts(_ seconds: Int...) -> MeasuredCuts {
    var cuts = MeasuredCuts()
    for second in seconds { cuts.add(.seconds(second), at: now) }
    return cuts
  }

  @Test func `nothing is known before the first cut`() {
    #expect(MeasuredCuts().typical(at: now) == nil)
  }

  @Test func `a cut that hung does not stand for the others`() {
    #expect(cuts(5, 1).typical(at: now) == .seconds(1))
    #expect(cuts(1, 5, 2).typical(at: now) == .seconds(2))
  }

  @Test func `a driver that hung is tried again after a while`() {
    let cuts = cuts(9, 9, 9)
    #expect(cuts.typical(at: now + MeasuredCuts.believed - .seconds(1)) == .seconds(9))
    #expect(cuts.typical(at: now + MeasuredCuts.believed) == nil)
  }

  @Test func `the newest cuts count`() {
    var cuts = MeasuredCuts()
    for index in 0..<100 { cuts.add(.seconds(index < 60 ? 9 : 1), at: now) }
    #expect(cuts.typical(at: now) == .seconds(1))
  }
}
