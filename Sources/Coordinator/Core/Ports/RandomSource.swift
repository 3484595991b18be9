/// Where chance comes from: injected, so that a simulated coordinator does the same again from the same seed.
package protocol RandomSource: Sendable {
  /// Any number, each as likely as every other.
  func next() -> UInt64
}

extension RandomSource {
  /// From 0 to below 1.
  func fraction() -> Double { Double(next() >> 11) / Double(UInt64(1) << 53) }
}

/// The system's generator.
package struct SystemRandom: RandomSource {
  package init() {}

  package func next() -> UInt64 { UInt64.random(in: .min ... .max) }
}
