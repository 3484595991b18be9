import Foundation
import Testing

/// Every order of events of the production machines, within small bounds.
@Suite struct ExhaustiveTests {
  /// What every change has to pass.
  static let bounds: [Bounds] = [
    Bounds(),
    Bounds(agentCrashes: 1),
    Bounds(attempts: 1, agentCrashes: 1, secondCoordinator: true),
    Bounds(attempts: 1, secondCoordinator: true, thirdParties: 1),
    Bounds(attempts: 1, thirdParties: 1, failures: true),
    Bounds(attempts: 1, bestEffort: true),
    Bounds(attempts: 1, drain: true),
    Bounds(attempts: 1, agentCrashes: 1, shared: true),
  ]

  /// What takes minutes: `make check-deep`.
  static let deep: [Bounds] = [
    Bounds(secondCoordinator: true, firstGoesOn: false),
    Bounds(thirdParties: 1),
    Bounds(agentCrashes: 2),
    Bounds(attempts: 1, agentCrashes: 2, secondCoordinator: true, thirdParties: 1),
    Bounds(members: 3, attempts: 1),
    Bounds(members: 3, attempts: 1, agentCrashes: 1),
    Bounds(agentCrashes: 1, shared: true),
    Bounds(attempts: 1, secondCoordinator: true, thirdParties: 1, shared: true),
  ]

  static let isDeep = ProcessInfo.processInfo.environment["STILLPOINT_DEEP"] != nil

  @Test(arguments: bounds + (isDeep ? deep : []))
  func `no order of events breaks a property`(bounds: Bounds) throws {
    let start = ContinuousClock.now
    let found = try Search(bounds).run()
    print("\(bounds): \(found), \((ContinuousClock.now - start).components.seconds) s")
    #expect(found.breach == nil, "\(found.scenario)")
    #expect(found.isComplete)
    #expect(found.proved > 0)
  }

  /// Searches that are gone through with and without leaving anything out.
  static let compared: [Bounds] =
    [
      Bounds(attempts: 1, agentCrashes: 1), Bounds(attempts: 1, drain: true),
      Bounds(attempts: 1, shared: true),
    ]
    + (isDeep ? [Bounds(attempts: 1, agentCrashes: 1, secondCoordinator: true)] : [])

  @Test(arguments: compared)
  func `what a search leaves out leads to nothing new`(bounds: Bounds) throws {
    let whole = try Search(bounds, reducing: false)
    let reduced = try Search(bounds)
    let (all, fewer) = (try whole.run(), try reduced.run())
    print("\(bounds): \(all.states) states, reduced to \(fewer.states)")
    #expect(all.breach == nil && all.isComplete && fewer.states < all.states)
    #expect(try reduced.coordinatorsReached() == whole.coordinatorsReached())
  }

  @Test func `no order of events and seconds holds a member too long`() {
    let found = MemberClock().search()
    print("a member and its clock: \(found.states) states")
    #expect(found.breach == nil, "\(found.words)")
  }
}
