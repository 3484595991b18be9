import Testing

@testable import stillpoint_bench

private func held(
  _ member: String, _ began: Int, _ held: Int, _ thawBegan: Int, _ thawEnded: Int, snapshot: Int = 1
) -> HeldTimes {
  HeldTimes(
    member: member, began: .milliseconds(began), held: .milliseconds(held),
    snapshot: .milliseconds(snapshot), thawBegan: .milliseconds(thawBegan),
    thawEnded: .milliseconds(thawEnded))
}

@Test func `a moment in which several members are held affects the application once`() {
  let cut = CutTimesTaken(
    members: [held("a", 0, 1, 9, 10), held("b", 5, 6, 19, 20), held("c", 30, 31, 34, 35)],
    isJoint: false)
  #expect(cut.affected == .milliseconds(25))
  #expect(cut.longest == .milliseconds(15))
}

@Test func `holds that only touch through others have no common instant`() {
  let chain = [held("a", 0, 1, 9, 10), held("b", 5, 6, 19, 20), held("c", 15, 16, 30, 31)]
  #expect(!CutTimesTaken(members: chain, isJoint: false).overlapped)
  #expect(CutTimesTaken(members: Array(chain.prefix(2)), isJoint: false).overlapped)
}

@Test func `a member waits for the slowest quiesce or for its own snapshot`() {
  let quick = held("quick", 0, 2, 40, 41, snapshot: 5)
  let slow = held("slow", 0, 30, 40, 41, snapshot: 5)
  let large = held("large", 0, 2, 90, 91, snapshot: 80)
  let cut = CutTimesTaken(members: [quick, slow, large], isJoint: true)
  let roundTrip = Duration.milliseconds(1)
  #expect(cut.limit(of: quick, roundTrip: roundTrip) == .milliseconds(29))
  #expect(cut.limit(of: slow, roundTrip: roundTrip) == .milliseconds(5))
  #expect(cut.limit(of: large, roundTrip: roundTrip) == .milliseconds(80))
}
