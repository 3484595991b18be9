internal import Model

/// A command that a hook runs, as it was written.
struct HookCommand: Hashable {
  enum Timeout: Hashable {
    case given(Duration)
    /// The tool's own, where nothing was written.
    case standard(Duration)
    /// The tool has none.
    case none
  }

  var arguments: [String]
  /// The container's name; nil is the pod's first.
  var container: String?
  var timeout: Timeout
  /// It is meant to go on while the snapshots are taken.
  var isBackground = false
  /// Its output is the backup: it has no effect that a snapshot could rely on.
  var isDump = false
  var origin: Origin
}

/// A command that is to run after a restore.
struct RestoreCommand: Hashable {
  var command: HookCommand
  var onFailure: RestoreHook.OnFailure
}

/// What one place says about holding one application, and about what follows its restore.
struct HookFinding {
  enum Target: Hashable {
    /// An index of the inventory's pods.
    case pod(Int)
    /// Nobody gave the pods; this much is known of them.
    case labels([String: String], namespace: String?)
  }

  var target: Target
  var pre: [HookCommand] = []
  var post: [HookCommand] = []
  var restores: [RestoreCommand] = []
  var origin: Origin
  /// The volumes are to be frozen whatever the commands are.
  var freezes = false
  /// What to call the service where no pod says.
  var name: String?
}
