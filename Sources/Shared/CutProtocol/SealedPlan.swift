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

  /// Reads a stored or received plan. Throws what `JSONDecoder` says of malformed bytes.
  package init(bytes: Data) throws {
    self.plan = try CanonicalJSON.decode(CutPlan.self, from: bytes)
    self.bytes = bytes
    self.hash = SHA256.hash(data: bytes).map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
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
