/// What the guardian does to end a hold; the descriptors travel beside it.
package enum RescueKind: Equatable, Sendable {
  /// FITHAW on the descriptor.
  case thaw
  /// Let go of a frozen control group; the descriptor is its `cgroup.freeze`.
  case unpause
  /// SIGKILL through the descriptor, a pidfd.
  case kill
  /// Write the bytes to the descriptor, then close it.
  case write([UInt8])
  /// Start a program, and kill it with every descendant once `timeout` has passed.
  case run(arguments: [String], environment: [String], timeout: Duration)

  /// Whether it ends what may only now become complete: one that finds nothing to end is repeated.
  package var isRepeated: Bool { self == .thaw || self == .unpause }

  /// Whether a descriptor belongs to it.
  package var takesDescriptor: Bool {
    if case .run = self { false } else { true }
  }
}
