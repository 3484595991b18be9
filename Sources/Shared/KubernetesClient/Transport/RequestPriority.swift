/// Whose turn it is. Each priority has its own allowance and its own connections, so none waits behind another.
package enum RequestPriority: Hashable, Sendable, CaseIterable {
  /// Somebody's application may be held meanwhile.
  case cut
  case usual
  /// What a backup reads of its namespaces: many small lists shortly before a cut and after it.
  case capture
  /// Inventories: large, frequent and in no hurry.
  case inventory
}
