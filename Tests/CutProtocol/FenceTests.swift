import Testing

@testable import CutProtocol

@Suite struct FenceTests {
  @Test func `an epoch outranks every cut, and a cut every attempt`() {
    let ordered = [
      Fence.none,
      Fence(epoch: 1, cut: 1, attempt: 2),
      Fence(epoch: 1, cut: 2, attempt: 1),
      Fence(epoch: 1, cut: 10, attempt: 1),
      Fence(epoch: 2, cut: 0, attempt: 0),
    ]
    #expect(ordered.reversed().sorted() == ordered)
  }

  @Test func `a fence reads as epoch, cut and attempt`() {
    #expect(Fence(epoch: 3, cut: 12, attempt: 2).description == "3.12.2")
  }
}
