import Testing

@testable import Quiescers

@Suite struct `The answer of a database's client` {
  private func answer(_ text: String, pieces: Int) -> (lines: [String]?, left: String) {
    var answer = AnswerLines(marker: "end-1", left: []) { $0.hasPrefix("NOAUTH ") }
    let bytes = Array(text.utf8)
    for begin in stride(from: 0, to: bytes.count, by: pieces) {
      let fits = answer.append(bytes[begin..<min(begin + pieces, bytes.count)])
      #expect(fits)
      if let lines = answer.next() { return (lines, String(decoding: answer.left, as: UTF8.self)) }
    }
    return (nil, String(decoding: answer.left, as: UTF8.self))
  }

  @Test(arguments: [1, 2, 3, 7, 100])
  func `ends at its marker, in whatever pieces it comes`(pieces: Int) {
    let found = answer("a\n\nb\nend-1\n", pieces: pieces)
    #expect(found.lines == ["a", "", "b"])
    #expect(found.left == "")
    #expect(answer("a\nend-1", pieces: pieces).lines == nil)
    #expect(answer("NOAUTH no\n", pieces: pieces).lines == ["NOAUTH no"])
  }

  @Test func `keeps what comes after it for the next one`() {
    #expect(answer("a\nend-1\nlate", pieces: 100).left == "late")
  }

  @Test func `is refused above its bound`() {
    var answer = AnswerLines(marker: "end-1", left: []) { _ in false }
    let chunk = [UInt8](repeating: 0x0a, count: 1 << 18)
    var taken = 0
    while answer.append(chunk[...]), taken < 100 {
      taken += 1
      let lines = answer.next()
      #expect(lines == nil)
    }
    #expect(taken == 4)
  }
}
