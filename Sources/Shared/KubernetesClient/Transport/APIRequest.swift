internal import NIOHTTP1

/// One request to an API server, before anybody knows where that is.
struct APIRequest: Sendable {
  var method: HTTPMethod
  /// Segments, not yet encoded.
  var path: [String]
  var query: [(String, String)] = []
  var body: [UInt8]?
  var contentType = "application/json"
  var accept = "application/json"

  /// For people: `list pods in shop`.
  var summary: String

  /// The path and query as they are sent; nil when a segment could mean another path.
  var target: String? {
    var text = ""
    for segment in path {
      guard !segment.isEmpty, segment != ".", segment != ".." else { return nil }
      text += "/" + Self.encoded(segment)
    }
    guard !query.isEmpty else { return text }
    let pairs = query.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }
    return text + "?" + pairs.joined(separator: "&")
  }

  /// Percent-encoded but for RFC 3986's unreserved characters.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        bytes.append(byte)
      default:
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xf)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// What came back: a status outside 2xx has become an error by then.
struct APIAnswer: Sendable {
  var status: Int
  var headers: HTTPHeaders
  var bytes: [UInt8]
}
