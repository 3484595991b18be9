internal import Model

/// Up to when a journal's node was watched, kept beside the journal and overwritten in place.
///
/// Two slots are written in turn, so a torn write leaves the other. It is never flushed: after a power cut an older mark
/// is left, which only makes the gap that is then recorded longer than it was.
struct ObservedMark: Hashable {
  static let slotSize = 48
  static let fileSize = 2 * slotSize

  /// Grows with every write; the greater of two slots counts.
  var count: UInt64
  /// The journal that the mark belongs to, by the beginning of its ID.
  var journal: UInt64
  var observed: Timestamp
  /// The journal's file, and how long it was when everything in it was durable.
  var file: UInt64
  var durableLength: UInt64

  var bytes: [UInt8] {
    let numbers = [count, journal, UInt64(bitPattern: observed.nanoseconds), file, durableLength]
    let body = numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { Array($0) } }
    let sum = withUnsafeBytes(of: UInt64(CRC32C.checksum(body)).littleEndian) { Array($0) }
    return body + sum
  }

  init(
    count: UInt64, journal: UInt64, observed: Timestamp, file: UInt64, durableLength: UInt64
  ) {
    self.count = count
    self.journal = journal
    self.observed = observed
    self.file = file
    self.durableLength = durableLength
  }

  /// The newer of the two slots of a mark file; nil when neither can be read.
  init?(newestIn file: [UInt8]) {
    let slots = [0, Self.slotSize].compactMap { begin -> ObservedMark? in
      guard file.count >= begin + Self.slotSize else { return nil }
      return ObservedMark(slot: file[begin..<begin + Self.slotSize])
    }
    guard let newest = slots.max(by: { $0.count < $1.count }) else { return nil }
    self = newest
  }

  private init?(slot: ArraySlice<UInt8>) {
    let numbers = stride(from: slot.startIndex, to: slot.endIndex, by: 8).map { begin in
      slot[begin..<begin + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    // A count that could not go up any more would be a mark for ever.
    guard numbers.count == 6, numbers[0] > 0, numbers[0] <= UInt64.max / 2,
      UInt64(CRC32C.checksum(slot.dropLast(8))) == numbers[5]
    else { return nil }
    self.init(
      count: numbers[0], journal: numbers[1],
      observed: Timestamp(nanoseconds: Int64(bitPattern: numbers[2])), file: numbers[3],
      durableLength: numbers[4])
  }
}
