internal import Glibc

/// A file descriptor that closes itself with its last reference.
package final class DescriptorHandle: Sendable {
  /// The descriptor's number; valid for as long as this object lives.
  package let number: Int32

  /// Takes ownership of an open descriptor.
  package init(owning number: Int32) { self.number = number }

  deinit { close(number) }
}
