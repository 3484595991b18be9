import AsyncHTTPClient
import ClusterTesting
import KubernetesClient
import NIOCore
import NIOHTTP1

/// Requests as they were recorded, without a client of ours in between.
struct Raw {
  struct Answer {
    var status: Int
    var contentType: String?
    var cacheControl: String?
    var warning: String?
    var retryAfter: String?
    var text: String
  }

  let base: String

  init(_ cluster: TestCluster) { base = "http://127.0.0.1:\(cluster.port)" }

  func get(_ path: String) async throws -> Answer {
    var request = HTTPClientRequest(url: base + path)
    request.headers.add(name: "authorization", value: "Bearer admin")
    return try await send(request)
  }

  /// With the token of `user` where the recording names none.
  func send(_ recording: Recording, as user: String? = nil) async throws -> Answer {
    var request = HTTPClientRequest(url: base + recording.path)
    request.method = HTTPMethod(rawValue: recording.method)
    request.headers.add(name: "accept", value: recording.accept)
    // The recording of 401 showed a token that nobody has.
    let token = recording.status == 401 ? "nobody" : recording.user ?? user
    if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
    if let body = recording.body {
      request.headers.add(name: "content-type", value: recording.contentType ?? "application/json")
      let text = body.string ?? body.description
      request.body = .bytes(ByteBuffer(string: text))
    }
    return try await send(request)
  }

  private func send(_ request: HTTPClientRequest) async throws -> Answer {
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
    let body = try await response.body.collect(upTo: 10 << 20)
    return Answer(
      status: Int(response.status.code), contentType: response.headers.first(name: "content-type"),
      cacheControl: response.headers.first(name: "cache-control"),
      warning: response.headers.first(name: "warning"),
      retryAfter: response.headers.first(name: "retry-after"), text: String(buffer: body))
  }
}

/// The fields of an object and the kinds of their values, whatever the values are.
struct Shape: Equatable, CustomStringConvertible {
  var fields: Set<String> = []

  init(_ value: JSONValue) { collect(value, "") }

  private mutating func collect(_ value: JSONValue, _ path: String) {
    switch value {
    case .object(let object):
      fields.insert("\(path){}")
      for (key, value) in object { collect(value, "\(path).\(key)") }
    case .array(let elements):
      fields.insert("\(path)[]")
      for element in elements { collect(element, "\(path)[]") }
    case .string: fields.insert("\(path):string")
    case .number: fields.insert("\(path):number")
    case .bool: fields.insert("\(path):bool")
    case .null: fields.insert("\(path):null")
    }
  }

  var description: String { fields.sorted().joined(separator: "\n") }
}
