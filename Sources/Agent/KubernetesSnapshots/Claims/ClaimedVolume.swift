internal import CutProtocol
internal import KubernetesClient
internal import Model

/// A volume of a member, and the claim that it is bound to.
struct ClaimedVolume: Hashable, Sendable {
  /// Where the member has it: one element for each path of the container.
  var members: [MemberVolume]
  var persistentVolume: String
  var namespace: String
  var claim: String
  var claimUID: String
  /// Other nodes may write to it as well.
  var isShared: Bool
  /// The class that the claim asks for by its annotation.
  var askedClass: String?

  var driver: DriverName { members[0].volume.driver }
  var handle: VolumeHandle { members[0].volume.handle }
}

extension ClaimedVolume {
  /// On a claim: the VolumeSnapshotClass for its snapshots.
  static let classAnnotation = "stillpoint.dev/volume-snapshot-class"

  /// Reads a persistent volume and its claim. Nil for a volume without a claim that is bound to it.
  ///
  /// Both must name each other by uid, and the volume must be the one that is mounted: anything else would be a snapshot
  /// of another volume.
  init?(
    _ member: MemberVolume, volume: KubernetesObject, claim: KubernetesObject?
  ) throws(Refusal) {
    guard let reference = volume["spec", "claimRef"], let name = reference["name"]?.string,
      let namespace = reference["namespace"]?.string, let uid = reference["uid"]?.string,
      volume["status", "phase"]?.string == "Bound"
    else { return nil }
    let what = "claim \(namespace)/\(name)"
    guard volume["spec", "csi", "driver"]?.string == member.volume.driver.text,
      volume["spec", "csi", "volumeHandle"]?.string == member.volume.handle.text
    else {
      throw Refusal(
        .moved,
        "persistent volume \(volume.name) is not volume \(member.volume.handle) of driver "
          + "\(member.volume.driver) that is mounted at \(member.volume.publishedAt)")
    }
    guard volume["spec", "volumeMode"]?.string != "Block" else {
      throw Refusal(
        .hazard, "\(what) is a block volume, which nothing can hold still",
        hint: "only volumes with a filesystem take part in a cut")
    }
    guard let claim, claim.uid == uid else {
      throw Refusal(
        .moved, "\(what) is not the one that persistent volume \(volume.name) is bound to")
    }
    guard claim["spec", "volumeName"]?.string == volume.name,
      claim["status", "phase"]?.string == "Bound"
    else { throw Refusal(.moved, "\(what) is not bound to persistent volume \(volume.name)") }
    guard claim.deletionTimestamp == nil else {
      throw Refusal(.moved, "\(what) is being deleted")
    }
    let modes = (claim["spec", "accessModes"]?.array ?? []).compactMap(\.string)
    self.init(
      members: [member], persistentVolume: volume.name, namespace: namespace, claim: name,
      claimUID: uid, isShared: modes.contains("ReadWriteMany"),
      askedClass: claim.annotations[Self.classAnnotation])
  }
}
