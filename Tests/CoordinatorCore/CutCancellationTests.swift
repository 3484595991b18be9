import Testing

@testable import CoordinatorCore

@Suite struct `The cancellation of a backup` {
  @Test func `is taken until it is decided how the cut ends, and the first reason counts`() {
    let cancellation = CutCancellation()
    #expect(cancellation.request("cancelled by ann"))
    #expect(cancellation.request("cancelled by ben"))
    #expect(cancellation.close() == "cancelled by ann")
    #expect(!cancellation.request("cancelled by cleo"))
  }

  @Test func `is refused once it could change nothing`() {
    let cancellation = CutCancellation()
    #expect(cancellation.close() == nil)
    #expect(!cancellation.request("cancelled by ann"))
    #expect(cancellation.reason == nil)
  }
}
