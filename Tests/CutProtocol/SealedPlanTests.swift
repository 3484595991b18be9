import Foundation
import Model
import Testing

@testable import CutProtocol

@Suite struct SealedPlanTests {
  @Test func `a plan read from its bytes has the same hash and the same content`() throws {
    let sealed = try Fixture.plan()
    #expect(try SealedPlan(bytes: sealed.bytes) == sealed)
  }

  @Test func `the hash is the SHA-256 of the bytes in lower-case hexadecimal`() throws {
    let sealed = try Fixture.plan()
    #expect(sealed.hash.count == 64)
    #expect(sealed.hash.allSatisfy { "0123456789abcdef".contains($0) })
  }

  @Test func `any other plan has another hash`() throws {
    let strict = try Fixture.plan()
    let drained = try Fixture.plan(freeze: .init(drain: true))
    #expect(strict.hash != drained.hash)
  }

  @Test func `a plan with a name twice, or with more members than a witness, is refused`() throws {
    let twice = [Fixture.member(Fixture.orders), Fixture.member(Fixture.orders)]
    #expect(throws: UnacceptablePlan.self) { try Fixture.plan(twice) }
    let many = (0...CutPlan.mostMembers).map {
      Fixture.member(ServiceName(accepted: "member-\($0)"))
    }
    #expect(throws: UnacceptablePlan.self) { try Fixture.plan(many) }
    #expect(try Fixture.plan(many.dropLast()).plan.members.count == CutPlan.mostMembers)
  }

  @Test func `bytes that are no plan are refused`() {
    #expect(throws: DecodingError.self) { try SealedPlan(bytes: Data("{}".utf8)) }
  }
}
