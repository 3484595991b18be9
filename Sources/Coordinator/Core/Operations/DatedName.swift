internal import Foundation
internal import Model

/// A name that tells when it was given, and that no other gets: `shop-20260304-050607-1a2b`.
enum DatedName {
  /// The prefix is shortened, so that the name keeps within an identifier's 63 characters.
  static func make(_ prefix: String, at time: Timestamp, random: any RandomSource) -> String {
    let stamp = time.description.prefix(19).filter { $0.isNumber || $0 == "T" }
      .replacingOccurrences(of: "T", with: "-")
    return "\(prefix.prefix(40))-\(stamp)-\(String(0x1000 + random.next() % 0xf000, radix: 16))"
  }
}
