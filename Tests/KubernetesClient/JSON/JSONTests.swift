import Testing

@testable import KubernetesClient

@Suite struct KubernetesJSONTests {
  @Test(arguments: [
    #"{"b":1,"a":[1.0,1e3,-0.5,0,9007199254740993,18446744073709551616],"c":{"z":null,"y":true}}"#,
    #"["\"\\\n\r\t\u0001é😀","/",""]"#, "[]", "{}", "null", "-1", #""a""#,
  ])
  func `what was read is written as it was`(_ text: String) throws {
    #expect(try JSONValue(json: text).description == text)
  }

  @Test func `escapes are read as what they stand for`() throws {
    let read = try JSONValue(json: #"" \u00e9 \ud83d\ude00 \/ \b\f \ud83d x \udc00 ""#)
    #expect(read == .string(" é 😀 / \u{8}\u{c} \u{fffd} x \u{fffd} "))
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "{a:1}", "01", "1.", "-", "1e", "+1", "tru", "\"a",
    "\"\\x\"", "\"\\u12g4\"", "\"\u{1}\"", "1 2", "[1 2]", "nan", "'a'", "{\"a\":1,}",
  ])
  func `what is no JSON is refused`(_ text: String) {
    #expect(throws: JSONError.self) { try JSONValue(json: text) }
  }

  @Test func `depth has an end before the stack has`() throws {
    let allowed = JSONValue.deepest
    let good = String(repeating: "[", count: allowed) + String(repeating: "]", count: allowed)
    #expect(try JSONValue(json: good).description == good)
    #expect(throws: JSONError.self) {
      try JSONValue(json: String(repeating: "[", count: 1_000_000))
    }
  }

  @Test func `the last of equal fields counts, and order does not make objects differ`() throws {
    #expect(try JSONValue(json: #"{"a":1,"b":2,"a":3}"#) == ["b": 2, "a": 3])
  }

  @Test func `paths make what lies on the way, and remove without making`() {
    var value: JSONValue = ["a": ["b": 1]]
    value[path: ["a", "c", "d"]] = "x"
    value[path: ["n", "o"]] = nil
    value[path: ["a", "b"]] = nil
    #expect(value == ["a": ["c": ["d": "x"]]])
  }
}
