internal import Synchronization

/// What this process is just now, for whoever asks after its health.
final class RoleStatus: Sendable {
  enum Role: String, Sendable {
    /// Waits for the lease. Leads to `starting`.
    case standby
    /// Opens the catalog and begins to serve. Leads to `active` and `stepping down`.
    case starting
    /// Serves agents and operators. Leads to `stepping down`.
    case active
    /// Has lost the lease, and stops what that had allowed. Leads to `standby`.
    case steppingDown = "stepping down"
  }

  private let state = Mutex(Role.starting)

  var role: Role { state.withLock { $0 } }

  func enter(_ role: Role) { state.withLock { $0 = role } }

  /// Agents and operators are served now. Nothing changes when the term was lost on the way there.
  func served() {
    state.withLock { if $0 == .starting { $0 = .active } }
  }
}
