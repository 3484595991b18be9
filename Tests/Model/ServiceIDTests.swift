import Model
import Testing

struct `A service's reference` {
  @Test func `may stand for a name with dots in each way`() throws {
    let reference = try ServiceReference("a.b.c")
    #expect(reference.qualified.map(\.name.text) == ["a", "a.b"])
    #expect(reference.qualified.map(\.namespace) == ["b.c", "c"])
    #expect(try ServiceReference("orders").qualified == [])
    #expect(try ServiceReference("orders.").qualified == [])
  }

  @Test(arguments: ["", "a/b", "a b", "a?b", "ä", String(repeating: "a", count: 513)])
  func `has nothing that an address would change`(text: String) {
    #expect(throws: InvalidIdentifier.self) { try ServiceReference(text) }
  }

  @Test func `is what the service is shown as`() throws {
    let id = ServiceID(try WorkloadName("orders"), in: "shop")
    #expect(try ServiceReference(id.description).qualified == [id])
    #expect(ServiceID(try WorkloadName("orders"), in: "").description == "orders")
  }

  @Test func `may be as long as a cluster's names are`() throws {
    let text = String(repeating: "a", count: 253)
    #expect(try WorkloadName(text).text == text)
    #expect(throws: InvalidIdentifier.self) { try WorkloadName(text + "a") }
    #expect(throws: InvalidIdentifier.self) { try ServiceName(text) }
  }
}
