/// Labels that Stillpoint puts on the objects of others.
package enum StillpointLabel {
  /// On claims, from the preparation of a cut until its end: by it a group snapshot finds them.
  package static let group = "stillpoint.dev/group"
}
