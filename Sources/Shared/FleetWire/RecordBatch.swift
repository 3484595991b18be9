internal import CutProtocol
package import Foundation
package import Model

/// As many placement records as one message carries: each as its exact JSON.
package struct RecordBatch: Sendable {
  package private(set) var encoded: [Data] = []
  package private(set) var records: [PlacementRecord] = []

  /// Takes records in their order while they fit; at least the first one.
  ///
  /// Throws when the first record alone is above the limit: then nothing behind it can ever be delivered, which
  /// somebody has to be told.
  package init(_ records: [PlacementRecord]) throws {
    var bytes = 0
    for record in records.prefix(WireLimits.records) {
      let json = try CanonicalJSON.encode(record)
      guard json.count <= WireLimits.record else {
        if self.records.isEmpty {
          throw WireError(
            "records",
            "record \(record.sequence) has \(json.count) bytes, at most "
              + "\(WireLimits.record) are allowed")
        }
        break
      }
      bytes += json.count
      if bytes > WireLimits.recordBytes && !self.records.isEmpty { break }
      encoded.append(json)
      self.records.append(record)
    }
  }

  static func decode(_ wire: [Data], _ field: WireField) throws(WireError) -> [PlacementRecord] {
    try field.list(wire, limit: WireLimits.records) { json, field throws(WireError) in
      let json = try field.bytes(json, limit: WireLimits.record)
      do {
        return try CanonicalJSON.decode(PlacementRecord.self, from: json)
      } catch {
        throw field.error("it is no placement record: \("\(error)".prefix(300))")
      }
    }
  }
}
