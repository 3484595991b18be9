import Model
import Testing

@testable import CutProtocol

@Suite struct WitnessVectorTests {
  @Test func `entries are sorted by member, whatever order the holds came in`() {
    let vector = WitnessVector([
      Fixture.payments: Fixture.hold(2), Fixture.checkout: Fixture.hold(1),
    ])
    #expect(vector.entries.map(\.member) == [Fixture.checkout, Fixture.payments])
  }

  @Test func `a member that is not named has no hold in it`() {
    let vector = Fixture.witness([Fixture.orders])
    #expect(vector.hold(of: Fixture.orders) == Fixture.hold(1, of: Fixture.orders))
    #expect(vector.hold(of: Fixture.payments) == nil)
  }

  @Test func `a vector comes back from its encoding as it was`() throws {
    let vector = Fixture.witness()
    let bytes = try CanonicalJSON.encode(vector)
    #expect(try CanonicalJSON.decode(WitnessVector.self, from: bytes) == vector)
  }
}
