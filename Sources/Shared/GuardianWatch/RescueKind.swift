/// What the guardian does to end a hold; the descriptors travel beside it.
package enum RescueKind: Equatable, Sendable {
  /// FITHAW on the descriptor.
  case thaw
  /// SIGKILL through the descriptor, a pidfd.
  case kill
  /// Write the bytes to the descriptor, then close it.
  case write([UInt8])
  /// Start a program, and kill it with every descendant once `timeout` has passed.
  case run(arguments: [String], environment: [String], timeout: Duration)

  /// Whether a descriptor belongs to it.
  package var takesDescriptor: Bool {
    if case .run = self { false } else { true }
  }
}
