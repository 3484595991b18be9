internal import Synchronization

/// The credential that a process uses now, shared by everything that signs or dials, replaced by renewal.
package final class HeldCredential: Sendable {
  private let credential: Mutex<Credential>

  package init(_ credential: Credential) { self.credential = Mutex(credential) }

  package var current: Credential { credential.withLock { $0 } }

  package func replace(with new: Credential) { credential.withLock { $0 = new } }
}
