/// The simulator's only source of chance: the same seed gives the same run on every machine.
struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number from 0 up to but not including `bound`, which is above 0.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

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
