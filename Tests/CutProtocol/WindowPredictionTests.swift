import Model
import Testing

@testable import CutProtocol

@Suite struct WindowPredictionTests {
  private let roundTrip = Duration.milliseconds(20)

  @Test func `a member waits for the slowest quiesce and one round trip`() {
    let prediction = WindowPrediction(
      preparations: [
        Fixture.orders: Fixture.preparation(quiesce: .milliseconds(10)),
        Fixture.payments: Fixture.preparation(quiesce: .milliseconds(200)),
      ], roundTrip: roundTrip)
    #expect(
      prediction.windows == [
        .init(member: Fixture.orders, window: .milliseconds(220)),
        .init(member: Fixture.payments, window: .milliseconds(220)),
      ])
  }

  @Test func `a slow snapshot decides the window of its own member only`() {
    let prediction = WindowPrediction(
      preparations: [
        Fixture.orders: Fixture.preparation(
          quiesce: .milliseconds(10), snapshot: .milliseconds(500)),
        Fixture.payments: Fixture.preparation(quiesce: .milliseconds(30)),
      ], roundTrip: roundTrip)
    #expect(prediction.longest == .init(member: Fixture.orders, window: .milliseconds(510)))
    #expect(
      prediction.windows.last == .init(member: Fixture.payments, window: .milliseconds(50)))
  }

  @Test func `a drained cut keeps callers held while each level below them is frozen`() {
    let prediction = WindowPrediction(
      preparations: [
        Fixture.checkout: Fixture.preparation(quiesce: .milliseconds(10)),
        Fixture.orders: Fixture.preparation(quiesce: .milliseconds(100)),
        Fixture.payments: Fixture.preparation(quiesce: .milliseconds(40)),
      ],
      levels: [Fixture.checkout: 2, Fixture.orders: 1, Fixture.payments: 0],
      roundTrip: roundTrip)
    #expect(
      prediction.windows == [
        .init(member: Fixture.checkout, window: .milliseconds(210)),
        .init(member: Fixture.orders, window: .milliseconds(180)),
        .init(member: Fixture.payments, window: .milliseconds(60)),
      ])
  }

  @Test func `nobody prepared means no window`() {
    #expect(WindowPrediction(preparations: [:], roundTrip: roundTrip).longest == nil)
  }
}
