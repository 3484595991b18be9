/// The bounds of everything that the guardian keeps or reads.
package enum GuardianLimits {
  /// Holds armed at one time.
  package static let holds = 256
  /// Rescue actions of one hold; as many descriptors fit one message (SCM_RIGHTS).
  package static let actions = 64
  /// Bytes of a hold's key.
  package static let keyBytes = 96
  /// Bytes of one message.
  package static let messageBytes = 128 << 10
  /// A message carries no longer time: what nanoseconds in 64 bits can count, in whole seconds.
  package static let longestDuration = Duration.seconds(9_223_372_036)
  /// Arguments and environment entries of one program.
  package static let strings = 1024
  /// Keys of ended holds that are remembered, so that a late disarm gets a true answer.
  package static let remembered = 256
  /// No hold lasts longer, whatever the agent asks for: a plan's 60 s and the agent's own margin.
  package static let longestCap = Duration.seconds(65)
  /// A program that ends a hold gets no longer.
  package static let longestRun = Duration.seconds(300)
  /// How long the next action of a hold waits for the one before it.
  package static let patience = Duration.milliseconds(500)
}
