internal import CutProtocol
internal import Foundation
internal import SwiftProtobuf
internal import Synchronization

/// Encodes a vector once for everybody who is told of it.
///
/// A vector names every member of a cut, and every member gets it while all are held: encoding it anew for each of a
/// thousand members would keep them waiting for half a second.
package final class VectorEncoding: Sendable {
  private let newest = Mutex<(vector: WitnessVector, bytes: Data)?>(nil)

  package init() {}

  func bytes(of vector: WitnessVector) throws(WireError) -> Data {
    // Copies of one vector share their storage, which makes comparing them free.
    if let known = newest.withLock({ $0?.vector == vector ? $0?.bytes : nil }) { return known }
    let bytes: Data
    do {
      bytes = try vector.wire.serializedData()
    } catch {
      throw WireError("order.vector", "it cannot be encoded: \(error)")
    }
    newest.withLock { $0 = (vector, bytes) }
    return bytes
  }
}

extension WitnessVector {
  init(encoded bytes: Data, _ field: WireField) throws(WireError) {
    let wire: Stillpoint_Fleet_V1_WitnessVector
    do {
      wire = try Stillpoint_Fleet_V1_WitnessVector(serializedBytes: bytes)
    } catch {
      throw field.error("it is no encoded vector: \(error)")
    }
    try self.init(wire, field)
  }
}
