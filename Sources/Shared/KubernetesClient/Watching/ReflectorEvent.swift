/// What happened to the objects that a reflector follows.
package enum ReflectorEvent: Hashable, Sendable {
  case added(KubernetesObject)
  case modified(KubernetesObject)
  /// With the last state that is known.
  case deleted(KubernetesObject)
  /// All that exists was reported: once after the first list, and again after each time that events were missed and what
  /// changed meanwhile was found by listing.
  case synced
  /// Nothing is known of what happens from here on, until the next event. Trying goes on.
  case interrupted(KubernetesError)
}
