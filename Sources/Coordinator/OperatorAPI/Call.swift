internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import Hummingbird
internal import Model
internal import NIOCore
internal import OperatorWire

/// One request whose caller is known, with its parts parsed on demand.
struct Call: Sendable {
  /// Lists answer at most this many items.
  static let longestList = 1000
  static let usualList = 100
  /// Request bodies other than plans are a few names.
  static let largestBody = 16 * 1024
  /// That of an exported backup: some ten kilobytes for each member.
  static let largestEvidence = 64 * 1024 * 1024
  /// How long a request body may take to arrive.
  static let slowestBody = Duration.seconds(20)

  var request: Request
  var caller: OperatorCertificate
  var parameters: [String: String]
  var query: [String: String]

  var author: String { caller.name.text }

  /// A name in the path. Throws 400 with the rule that it breaks.
  func name<Name: Identifier>(_ parameter: String) throws -> Name {
    do {
      return try Name(parameters[parameter] ?? "")
    } catch {
      throw Refused.invalid(error.description)
    }
  }

  /// A name in the query, nil when it is not given.
  func queried<Name: Identifier>(_ key: String) throws -> Name? {
    guard let text = query[key] else { return nil }
    do {
      return try Name(text)
    } catch {
      throw Refused.invalid("query parameter \(key): \(error)")
    }
  }

  func limit() throws -> Int {
    guard let text = query["limit"] else { return Self.usualList }
    guard let limit = Int(text), (1...Self.longestList).contains(limit) else {
      throw Refused.invalid(
        "query parameter limit: '\(text.prefix(40))' is no number from 1 to \(Self.longestList)")
    }
    return limit
  }

  /// The place behind which a page begins; 0 when it is not given.
  func after() throws -> Int {
    guard let text = query["after"] else { return 0 }
    guard let after = Int(text), after >= 0 else {
      throw Refused.invalid("query parameter after: '\(text.prefix(40))' is no number from 0")
    }
    return after
  }

  /// False when it is not given.
  func flag(_ key: String) throws -> Bool {
    switch query[key] {
    case nil, "false": return false
    case "true": return true
    case let text?:
      throw Refused.invalid("query parameter \(key): '\(text.prefix(40))' is not true or false")
    }
  }

  func time() throws -> Timestamp? {
    guard let text = query["time"] else { return nil }
    guard let time = Timestamp(text) else {
      throw Refused.invalid(
        "query parameter time: '\(text.prefix(40))' is no time",
        hint: "write it as 2026-03-04T05:06:07Z; a plus sign in a query is written %2B")
    }
    return time
  }

  /// The whole body as text. Throws 413 when it is larger, 400 when it is no UTF-8, 408 when it comes too slowly.
  func text(upTo limit: Int) async throws -> String {
    let buffer = try await body(upTo: limit)
    guard let text = String(validating: buffer.readableBytesView, as: UTF8.self) else {
      throw Refused.invalid("the request's body is no UTF-8 text")
    }
    return text
  }

  func json<Body: RequestDocument>(_ type: Body.Type) async throws -> Body {
    try Self.document(type, from: try await text(upTo: Self.largestBody))
  }

  /// An exported backup. Its readable part and whatever a later version added is not looked at.
  func evidence() async throws -> BackupEvidence {
    let text = try await text(upTo: Self.largestEvidence)
    do {
      return try JSONDecoder().decode(BackupEvidence.self, from: Data(text.utf8))
    } catch let error as DecodingError {
      throw Refused.invalid(
        "the request's body is no exported backup: \(error.inWords)",
        hint: "export one with: stillpoint backup show ID -o json")
    }
  }

  /// What a body says. Throws 400 for anything but one JSON object with known keys.
  static func document<Body: RequestDocument>(_ type: Body.Type, from text: String) throws -> Body {
    let data = Data(text.utf8)
    guard !data.isEmpty else {
      throw Refused.invalid("the request has no body", hint: keysHint(type))
    }
    let object: Any
    do {
      object = try JSONSerialization.jsonObject(with: data)
    } catch {
      throw Refused.invalid("the request's body is no JSON", hint: keysHint(type))
    }
    guard let dictionary = object as? [String: Any] else {
      throw Refused.invalid("the request's body is no JSON object", hint: keysHint(type))
    }
    if let unknown = dictionary.keys.filter({ !type.keys.contains($0) }).min() {
      throw Refused.invalid(
        "the request's body has an unknown key '\(unknown.prefix(40))'", hint: keysHint(type))
    }
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as InvalidIdentifier {
      throw Refused.invalid(error.description)
    } catch let error as DecodingError {
      throw Refused.invalid("the request's body: \(error.inWords)", hint: keysHint(type))
    }
  }

  private static func keysHint<Body: RequestDocument>(_ type: Body.Type) -> String {
    "the body is a JSON object with the keys \(type.keys.sorted().joined(separator: ", "))"
  }

  private func body(upTo limit: Int) async throws -> ByteBuffer {
    let stream = request.body
    return try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
      group.addTask {
        do {
          return try await stream.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
          throw Refused(
            .contentTooLarge, "too-large", "the request's body is larger than \(limit) bytes")
        }
      }
      group.addTask {
        try await ContinuousClock().sleep(for: Self.slowestBody)
        throw Refused(
          .requestTimeout, "invalid",
          "the request's body did not arrive within \(Self.slowestBody.shortText)")
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else {
        preconditionFailure("a group of two tasks ended without a result")
      }
      return first
    }
  }
}

extension DecodingError {
  /// What is wrong, in a few words and without the decoder's own vocabulary.
  var inWords: String {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "" : " at \(path.map(\.stringValue).joined(separator: "."))"
    }
    switch self {
    case .keyNotFound(let key, let context):
      return "key '\(key.stringValue)' is missing\(place(context.codingPath))"
    case .typeMismatch(let type, let context):
      return "expected \(type)\(place(context.codingPath))"
    case .valueNotFound(let type, let context):
      return "expected \(type), found null\(place(context.codingPath))"
    case .dataCorrupted(let context):
      return "malformed\(place(context.codingPath))"
    @unknown default:
      return "malformed"
    }
  }
}
