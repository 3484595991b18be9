/// The journal's framing: length (4 bytes), CRC-32C of the payload (4 bytes), payload; both numbers little-endian.
enum JournalFrame {
  static let headerSize = 8
  /// A longer payload is never written, so a longer length is never believed.
  static let largestPayload = 16 << 20

  static func encode(_ payload: [UInt8]) -> [UInt8] {
    precondition(!payload.isEmpty && payload.count <= largestPayload, "\(payload.count) bytes")
    return bytes(UInt32(payload.count)) + bytes(CRC32C.checksum(payload)) + payload
  }

  /// The payload of the frame that begins at `offset`; nil when no whole, undamaged frame begins there.
  static func payload(of file: [UInt8], at offset: Int) -> ArraySlice<UInt8>? {
    guard offset >= 0, file.count - offset > headerSize else { return nil }
    let length = Int(number(file, at: offset))
    let begin = offset + headerSize
    guard length > 0, length <= largestPayload, length <= file.count - begin else { return nil }
    let payload = file[begin..<begin + length]
    return CRC32C.checksum(payload) == number(file, at: offset + 4) ? payload : nil
  }

  /// Where the first undamaged frame begins at or after `offset`.
  ///
  /// Payloads are JSON arrays. Where none can be is skipped without reading on: in text nearly every position has a length
  /// that cannot be, in binary garbage nearly every one lacks the brackets. Otherwise a garbled part of some megabytes
  /// would cost a checksum over as many for each of its bytes.
  static func firstFrame(in file: [UInt8], from offset: Int) -> Int? {
    (offset..<max(offset, file.count)).first {
      isPlausible(file, at: $0) && payload(of: file, at: $0) != nil
    }
  }

  private static func isPlausible(_ file: [UInt8], at offset: Int) -> Bool {
    guard offset >= 0, file.count - offset > headerSize + 1 else { return false }
    let length = Int(number(file, at: offset))
    let begin = offset + headerSize
    return length > 1 && length <= largestPayload && length <= file.count - begin
      && file[begin] == UInt8(ascii: "[") && file[begin + length - 1] == UInt8(ascii: "]")
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  private static func number(_ file: [UInt8], at offset: Int) -> UInt32 {
    file[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
