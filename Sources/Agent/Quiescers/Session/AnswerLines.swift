/// Finds the end of one answer in what a client prints.
struct AnswerLines {
  /// A longer answer is refused.
  static let largest = 1 << 20

  private let marker: String
  private let endsAnswer: (String) -> Bool
  private var lines: [String] = []
  private var size = 0
  /// What was printed and belongs to no whole line, or to what comes after the answer.
  private(set) var left: [UInt8]
  /// Nothing before it in `left` ends a line.
  private var searched = 0

  /// - Parameters:
  ///   - left: what an earlier answer left over.
  ///   - endsAnswer: tells a line after which no marker can come.
  init(marker: String, left: [UInt8], endsAnswer: @escaping (String) -> Bool) {
    self.marker = marker
    self.left = left
    self.endsAnswer = endsAnswer
  }

  /// False once the answer is larger than it may be.
  mutating func append(_ bytes: ArraySlice<UInt8>) -> Bool {
    size += bytes.count
    guard size <= Self.largest else { return false }
    left.append(contentsOf: bytes)
    return true
  }

  /// The lines of the answer without its marker, once they are there.
  mutating func next() -> [String]? {
    var begin = 0
    defer {
      left.removeSubrange(..<begin)
      searched = left.count
    }
    while let newline = left[max(begin, searched)...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: left[begin..<newline], as: UTF8.self)
      begin = newline + 1
      searched = begin
      if line.contains(marker) { return line == marker ? lines : lines + [line] }
      lines.append(line)
      if endsAnswer(line) { return lines }
    }
    return nil
  }

  /// What was said so far, the line that was not finished included.
  var allLines: [String] { lines + [String(decoding: left, as: UTF8.self)] }
}
