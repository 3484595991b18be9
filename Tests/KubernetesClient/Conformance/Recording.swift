import Foundation
import KubernetesClient

/// An answer that a real API server gave, and what it was asked.
struct Recording: Sendable {
  static let directory = Bundle.module.url(forResource: "Recordings", withExtension: nil)

  static func text(_ name: String) throws -> String {
    guard let url = directory?.appendingPathComponent(name) else {
      throw CocoaError(.fileNoSuchFile)
    }
    return try String(contentsOf: url, encoding: .utf8)
  }

  static func json(_ name: String) throws -> JSONValue { try JSONValue(json: text(name)) }

  var name: String
  var method: String
  var path: String
  var status: Int
  var accept: String
  var headers: [String: String]
  var user: String?
  var contentType: String?
  var body: JSONValue?
  var answer: String

  init(_ name: String) throws {
    self.name = name
    let index = try Self.json("index.json")
    guard let entry = index[name] else { throw CocoaError(.fileReadCorruptFile) }
    method = entry["method"]?.string ?? "GET"
    path = entry["path"]?.string ?? "/"
    status = Int(entry["status"]?.int ?? 0)
    accept = entry["accept"]?.string ?? "application/json"
    headers = (entry["response_headers"]?.object?.byName ?? [:]).compactMapValues(\.string)
    user = entry["user"]?.string
    contentType = entry["request_content_type"]?.string
    body = entry["request_body"]
    answer = try Self.text(name)
  }
}
