/// Is told of every step that a state machine of a cut takes, by whoever drives it. Must return at once, and change nothing.
package protocol StepObserver: Sendable {
  func cutStepped(
    from before: CoordinatorCut, by event: CoordinatorCut.Event, to after: CoordinatorCut,
    _ actions: [CoordinatorCut.Action])
  func memberStepped(
    from before: MemberHold, by event: MemberHold.Event, to after: MemberHold,
    _ actions: [MemberHold.Action])
}
