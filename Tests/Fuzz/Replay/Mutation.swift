import SeededRandom

/// Changes inputs as a fuzzer does, the same way for the same seed.
struct Mutation: RandomNumberGenerator {
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func next() -> UInt64 { random.next() }

  /// One to four changes: bytes, numbers at the edge of their width, words, parts that are cut, doubled or swapped in.
  mutating func changed(_ input: [UInt8], words: [String], other: [UInt8]) -> [UInt8] {
    var bytes = input
    for _ in 0..<Int.random(in: 1...4, using: &self) {
      let place = Int.random(in: 0...bytes.count, using: &self)
      let end = min(bytes.count, place + Int.random(in: 0...16, using: &self))
      switch Int.random(in: 0..<8, using: &self) {
      case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
      case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &self)
      case 2: bytes.removeSubrange(place..<end)
      case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
      case 4:
        let word = words.randomElement(using: &self) ?? "0"
        bytes.replaceSubrange(place..<(Bool.random(using: &self) ? place : end), with: word.utf8)
      case 5:
        let edges: [UInt64] = [0, 1, 0x7f, 0xff, 0x7fff_ffff, UInt64(Int64.max), .max]
        let edge = edges.randomElement(using: &self) ?? 0
        let width = [1, 2, 4, 8].randomElement(using: &self) ?? 8
        let written = (0..<width).map { UInt8(truncatingIfNeeded: edge >> UInt64($0 * 8)) }
        bytes.replaceSubrange(place..<min(bytes.count, place + width), with: written)
      case 6:
        bytes.replaceSubrange(place..., with: other.suffix(Int.random(in: 0...64, using: &self)))
      default: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
      }
    }
    return bytes
  }
}
