/// What all programs of one release have in common.
package enum Release {
  /// What `--version` prints, and what agents and coordinators tell each other.
  package static let version = "0.1.0"
}
