import SeededRandom

extension SplitMix64 {
  /// True in `permille` of a thousand draws.
  mutating func chance(_ permille: Int) -> Bool { below(1000) < permille }

  /// A length of time between two bounds, in whole microseconds.
  mutating func duration(_ shortest: Duration, _ longest: Duration) -> Duration {
    let span = Int((longest - shortest) / .microseconds(1))
    return shortest + .microseconds(below(max(1, span)))
  }

  /// An independent stream, so that one part's draws do not shift another's.
  mutating func fork() -> SplitMix64 { SplitMix64(seed: next()) }
}
