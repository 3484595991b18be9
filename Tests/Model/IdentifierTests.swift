import Foundation
import Model
import Testing

struct IdentifierTests {
  @Test(arguments: ["a", "7", "node-1", "a.b-c", String(repeating: "a", count: 63)])
  func `a name follows DNS`(text: String) throws {
    #expect(try NodeID(text).text == text)
  }

  @Test(arguments: [
    "", "A", "a_b", "-a", "a-", ".a", "a.", "a b", "é", "a\n", "a/b", "a\u{0}",
    String(repeating: "a", count: 64),
  ])
  func `anything else is no name`(text: String) {
    #expect(throws: InvalidIdentifier.self) { try NodeID(text) }
  }

  @Test func `a handle is printable and at most 256 bytes`() throws {
    #expect(try VolumeHandle("vol/ä:1").text == "vol/ä:1")
    #expect(try VolumeHandle(String(repeating: "x", count: 256)).text.count == 256)
    for text in ["", " ", "a b", "a\tb", "a\u{7f}", String(repeating: "ä", count: 129)] {
      #expect(throws: InvalidIdentifier.self) { try VolumeHandle(text) }
    }
  }

  @Test func `the message names kind, text and rule`() {
    let error = #expect(throws: InvalidIdentifier.self) { try ServiceName("My Service") }
    #expect(
      error?.description
        == "'My Service' is no valid service name: must be 1 to 63 lower-case letters, digits, '-' or '.', with a letter or digit at both ends"
    )
  }

  @Test func `the message neither grows with the text nor acts on a terminal`() {
    let long = #expect(throws: InvalidIdentifier.self) {
      try NodeID(String(repeating: "X", count: 100_000))
    }
    #expect(long?.description.hasPrefix("'\(String(repeating: "X", count: 80))…' is no") == true)
    // One character may be as long as anybody likes.
    let stacked = #expect(throws: InvalidIdentifier.self) {
      try NodeID("x" + String(repeating: "\u{301}", count: 100_000))
    }
    #expect((stacked?.description.utf8.count ?? .max) < 500)
    let escape = #expect(throws: InvalidIdentifier.self) { try NodeID("a\u{1b}[31m\n") }
    #expect(escape?.description.hasPrefix("'a\u{fffd}[31m\u{fffd}' is no valid node name") == true)
  }

  @Test func `an identifier is a plain string in documents, and checked when it is read`() throws {
    let node = try NodeID("node-1")
    let encoded = try JSONEncoder().encode([node])
    #expect(String(decoding: encoded, as: UTF8.self) == #"["node-1"]"#)
    #expect(try JSONDecoder().decode([NodeID].self, from: encoded) == [node])
    #expect(throws: InvalidIdentifier.self) {
      try JSONDecoder().decode([NodeID].self, from: Data(#"["Node 1"]"#.utf8))
    }
  }

  @Test func `identifiers are ordered by their text`() throws {
    #expect(
      try [NodeID("b"), NodeID("a10"), NodeID("a2")].sorted().map(\.text) == ["a10", "a2", "b"])
  }
}
