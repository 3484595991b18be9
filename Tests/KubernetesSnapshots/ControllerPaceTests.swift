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

  /// Measured with snapshot-controller's own flags: from the first request until all of so many claims were cut.
  @Test(arguments: [(2, 0.63), (4, 1.33), (8, 4.86), (16, 12.51), (32, 29.11)])
  func `what a stock controller took is never predicted shorter, nor much longer`(
    claims: Int, seconds: Double
  ) {
    let predicted = ControllerPace().predicted(claims, at: now) / .seconds(1)
    #expect(predicted >= seconds)
    #expect(predicted < seconds + 2.5)
  }

  /// Sixteen questions were answered by it after 1.63 s.
  @Test func `a stock controller's answers are not taken for those of a tuned one`() {
    var pace = ControllerPace()
    pace.note(questions: 16, answeredAfter: .milliseconds(1630), at: now)
    #expect(pace.measuredRate(at: now) == ControllerPace.stockRate)
  }

  @Test func `a measured cut takes the place of what was assumed`() {
    var pace = ControllerPace()
    for milliseconds in [90, 2000, 100] { pace.note(cut: .milliseconds(milliseconds), at: now) }
    #expect(pace.typicalCut(at: now) == .milliseconds(100))
  }

  @Test func `one cut that hung refuses no plan, and a second one does`() {
    var pace = ControllerPace()
    pace.note(cut: .seconds(5), at: now)
    #expect(pace.predicted(1, at: now) == ControllerPace.usualCut)
    pace.note(cut: .seconds(5), at: now)
    #expect(pace.predicted(1, at: now) == .seconds(5))
    #expect(!pace.isLimit(for: 2))
    #expect(pace.isLimit(for: 3))
  }

  @Test func `answers within the burst say nothing about the limit`() {
    var pace = ControllerPace()
    pace.note(questions: 1, answeredAfter: .milliseconds(10), at: now)
    #expect(pace.measuredRate(at: now) == nil)
  }

  @Test func `a controller that was tuned is measured to be fast`() {
    var pace = ControllerPace()
    pace.note(questions: 32, answeredAfter: .milliseconds(200), at: now)
    #expect(pace.measuredRate(at: now) == 110)
    #expect(pace.predicted(20, at: now) < .seconds(2))
    var stock = ControllerPace()
    stock.note(questions: 32, answeredAfter: .seconds(5), at: now)
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
    pace.note(questions: 32, answeredAfter: .seconds(5), at: now)
    let later = now + MeasuredCuts.believed
    #expect(pace.measuredRate(at: later) == nil)
    #expect(pace.typicalCut(at: later) == ControllerPace.usualCut)
  }
}
