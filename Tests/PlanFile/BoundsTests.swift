import PlanFile
import Testing
import YAMLBounds

struct `The bounds of YAML` {
  private func refusal(_ text: String) -> YAMLBounds.Exceeded? {
    do throws(YAMLBounds.Exceeded) {
      try YAMLBounds.check(text)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["[", "{a: ", "- ", "? ", "[\"]\", "])
  func `depth beyond the bound is refused before anything is composed`(unit: String) throws {
    // Beyond a thousand the parser itself gives up.
    let deep = String(repeating: unit, count: 500)
    #expect(refusal(deep)?.description == "more than 64 mappings and lists lie within each other")
    #expect(throws: PlanFileError.self) { try PlanFile.parse(deep) }
  }

  @Test func `depth within the bound is read`() {
    let open = String(repeating: "[", count: YAMLBounds.deepest)
    let close = String(repeating: "]", count: YAMLBounds.deepest)
    #expect(refusal(open + close) == nil)
    #expect(refusal("[" + open + close + "]") != nil)
  }

  @Test func `an alias is refused with its line, a star within a text is not`() {
    #expect(refusal("a: &x 1\nb: *x\n")?.line == 2)
    #expect(refusal("a: 'x *y'\nb: [\"*\", z*]\n") == nil)
  }

  @Test func `thousands of directives are refused`() {
    let text = (0..<5000).map { "%TAG !t\($0)! x\n" }.joined() + "--- a\n"
    #expect(refusal(text)?.line == 17)
  }

  @Test func `what is no YAML is left to its reader`() {
    #expect(refusal("a: [") == nil)
    #expect(refusal("") == nil)
  }
}
