internal import Crypto
package import Foundation

/// A cut plan together with the exact bytes that were hashed, so that no second encoding can differ.
package struct SealedPlan: Hashable, Sendable {
  package let plan: CutPlan
  package let bytes: Data
  /// Lower-case hexadecimal SHA-256 of `bytes`.
  package let hash: String

  package init(_ plan: CutPlan) throws {
    try self.init(bytes: CanonicalJSON.encode(plan))
  }

  /// Reads a stored or received plan. Throws what `JSONDecoder` says of malformed bytes, and `UnacceptablePlan`.
  package init(bytes: Data) throws {
    let plan = try CanonicalJSON.decode(CutPlan.self, from: bytes)
    // Members are looked up by name everywhere, and judging them compares each with each.
    guard plan.members.count <= CutPlan.mostMembers else {
      throw UnacceptablePlan("it has \(plan.members.count) members, \(CutPlan.mostMembers) at most")
    }
    guard Set(plan.members.map(\.name)).count == plan.members.count else {
      throw UnacceptablePlan("it names a member twice")
    }
    self.plan = plan
    self.bytes = bytes
    self.hash = SHA256.hash(data: bytes).map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}

/// Why a plan that can be read cannot be meant.
package struct UnacceptablePlan: Error, Equatable, CustomStringConvertible {
  package var description: String

  init(_ description: String) { self.description = description }
}

/// The encoding of everything that is hashed or signed: JSON, keys sorted, slashes not escaped.
package enum CanonicalJSON {
  package static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data) throws -> Value
  {
    try JSONDecoder().decode(type, from: bytes)
  }
}
