internal import CutProtocol
internal import KubernetesClient
internal import Model

/// Finds the claims of mounted volumes.
struct ClaimLookup: Sendable {
  let client: KubernetesClient

  /// The claims of those volumes that have one, each once; the other volumes.
  func sorted(_ volumes: [MemberVolume]) async throws(Refusal) -> (
    claimed: [ClaimedVolume], others: [MemberVolume]
  ) {
    var claimed: [ClaimedVolume] = []
    var others: [MemberVolume] = []
    for member in volumes {
      guard let found = try await claim(of: member) else {
        others.append(member)
        continue
      }
      if let index = claimed.firstIndex(where: { $0.claimUID == found.claimUID }) {
        claimed[index].members.append(member)
      } else {
        claimed.append(found)
      }
    }
    return (claimed, others)
  }

  /// Nil for a volume that kubelet did not publish, and for one that no claim is bound to.
  func claim(of member: MemberVolume) async throws(Refusal) -> ClaimedVolume? {
    guard let name = KubeletDirectory.persistentVolume(publishedAt: member.volume.publishedAt)
    else { return nil }
    let volume: KubernetesObject
    var claim: KubernetesObject?
    do throws(KubernetesError) {
      guard let found = try await client.find(.persistentVolumes, name) else { return nil }
      volume = found
      if let reference = volume["spec", "claimRef"], let name = reference["name"]?.string,
        let namespace = reference["namespace"]?.string
      {
        claim = try await client.find(.persistentVolumeClaims, name, in: namespace)
      }
    } catch {
      throw Refusal(error, during: "finding the claim of volume \(member.volume.handle)")
    }
    return try ClaimedVolume(member, volume: volume, claim: claim)
  }
}
