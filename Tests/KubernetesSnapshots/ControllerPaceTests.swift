internal import AgentCore
import Testing

@testable import KubernetesSnapshots

struct ControllerPaceTests {
  private let now = ContinuousClock.now

  @Test func `a stock controller's burst cuts two claims without a delay`() {
    let pace = ControllerPace()
    #expect(pace.predicted(2, at: now) == ControllerPace.usualCut)
    #expect(pace.predicted(3, at: now) == ControllerPace.usualCut + .seconds(1))
  }

  @Test func `eighty claims take a stock controller more than a minute`() {
    let predicted = ControllerPace().predicted(80, at: now)
    #expect(predicted > .seconds(60) && predicted < .seconds(143))
  }

  @Test func `a measured cut takes the place of what was assumed`() {
    var pace = ControllerPace()
    for milliseconds in [90, 2000, 100] { pace.note(cut: .milliseconds(milliseconds), at: now) }
    #expect(pace.typicalCut(at: now) == .milliseconds(100))
  }

  @Test func `answers within the burst say nothing about the limit`() {
    var pace = ControllerPace()
    pace.note(questions: 1, answeredAfter: .milliseconds(10), at: now)
    #expect(pace.measuredRate(at: now) == nil)
  }

  @Test func `a controller that was tuned is measured to be fast`() {
    var pace = ControllerPace()
    pace.note(questions: 16, answeredAfter: .milliseconds(200), at: now)
    #expect(pace.measuredRate(at: now) == 110)
    #expect(pace.predicted(20, at: now) < .seconds(2))
    var stock = ControllerPace()
    stock.note(questions: 16, answeredAfter: .seconds(5), at: now)
    #expect(stock.measuredRate(at: now) == ControllerPace.stockRate)
  }

  @Test func `the rate that a plan needs is told`() {
    let pace = ControllerPace()
    #expect(pace.needed(for: 80, within: .milliseconds(2800), at: now) == 195)
    #expect(pace.needed(for: 80, within: .milliseconds(500), at: now) == nil)
  }

  @Test func `a controller that was slow once is asked again later`() {
    var pace = ControllerPace()
    pace.note(cut: .seconds(9), at: now)
    pace.note(questions: 16, answeredAfter: .seconds(5), at: now)
    let later = now + MeasuredCuts.believed
    #expect(pace.measuredRate(at: later) == nil)
    #expect(pace.typicalCut(at: later) == ControllerPace.usualCut)
  }
}
