import Testing

@testable import KubernetesSnapshots

struct ControllerPaceTests {
  @Test func `a stock controller's burst cuts two claims without a delay`() {
    let pace = ControllerPace()
    #expect(pace.predicted(2) == ControllerPace.usualCut)
    #expect(pace.predicted(3) == ControllerPace.usualCut + .seconds(1))
  }

  @Test func `eighty claims take a stock controller more than a minute`() {
    let predicted = ControllerPace().predicted(80)
    #expect(predicted > .seconds(60) && predicted < .seconds(143))
  }

  @Test func `a measured cut takes the place of what was assumed`() {
    var pace = ControllerPace()
    for milliseconds in [90, 2000, 100] { pace.note(cut: .milliseconds(milliseconds)) }
    #expect(pace.typicalCut == .milliseconds(100))
  }

  @Test func `answers within the burst say nothing about the limit`() {
    var pace = ControllerPace()
    pace.note(questions: 1, answeredAfter: .milliseconds(10))
    #expect(pace.measuredRate == nil)
  }

  @Test func `a controller that was tuned is measured to be fast`() {
    var pace = ControllerPace()
    pace.note(questions: 16, answeredAfter: .milliseconds(200))
    #expect(pace.measuredRate == 110)
    #expect(pace.predicted(20) < .seconds(2))
    var stock = ControllerPace()
    stock.note(questions: 16, answeredAfter: .seconds(5))
    #expect(stock.measuredRate == ControllerPace.stockRate)
  }

  @Test func `the rate that a plan needs is told`() {
    let pace = ControllerPace()
    #expect(pace.needed(for: 80, within: .milliseconds(2800)) == 195)
    #expect(pace.needed(for: 80, within: .milliseconds(500)) == nil)
  }
}
