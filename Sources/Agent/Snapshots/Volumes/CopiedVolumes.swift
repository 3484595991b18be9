package import CutProtocol
internal import LinuxSystem
internal import Model

/// Finds volumes whose snapshots are of no single instant: nothing beneath them can be cut at once, so that their driver copies
/// one file after the other.
package enum CopiedVolumes {
  /// Drivers that make an archive of the volume's files, whatever is beneath them.
  private static let copying: Set<String> = ["hostpath.csi.k8s.io", "nfs.csi.k8s.io"]

  /// Why each of these volumes is one, a sentence each; empty for the volumes of a storage that cuts.
  package static func among(_ volumes: [MemberVolume]) throws(Refusal) -> [String] {
    let table: MountTable
    do throws(SystemError) { table = try MountTable.read() } catch {
      throw Refusal(.failed, "the node's mounts could not be read: \(error)")
    }
    return volumes.compactMap { why($0, table) }
  }

  static func why(_ member: MemberVolume, _ table: MountTable) -> String? {
    let kept =
      "so its snapshot is of one instant only if a hold keeps every file as it is: `pause` does"
    if let mount = table.mount(at: member.volume.publishedAt), mount.isPart {
      return
        "\(member.containerPath) is one directory of the \(mount.fileSystem) on \(mount.source), "
        + "which driver \(member.volume.driver) can only copy file by file, \(kept)"
    }
    guard copying.contains(member.volume.driver.text) else { return nil }
    return "driver \(member.volume.driver) copies \(member.containerPath) file by file, \(kept)"
  }
}
