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

  @Test func `bytes that are no plan are refused`() {
    #expect(throws: DecodingError.self) { try SealedPlan(bytes: Data("{}".utf8)) }
  }
}
