package import CutProtocol
internal import LinuxSystem
internal import Logging
package import Model

extension CSISnapshotProvider {
  package func restore(_ order: VolumeRestore) async throws(Refusal) -> VolumeRef {
    let restored =
      switch order.place {
      case .original: try await restoreInPlace(order)
      case .beside(let directory): try await restoreBeside(order, directory: directory)
      }
    logger.notice(
      "volume restored",
      metadata: [
        "restore": "\(order.restore)", "snapshot": "\(order.source.handle)",
        "volume": "\(restored.handle)", "path": "\(restored.publishedAt)",
      ])
    return restored
  }

  /// Puts a new volume where the old one is published.
  ///
  /// The new volume is whole before the old one is touched, and `vol_data.json` names exactly one of them at every
  /// moment: the old until it is unpublished, the new from then on. A repetition goes on from either. The old volume stays
  /// with its driver, named in `vol_data.json` as the previous one.
  private func restoreInPlace(_ order: VolumeRestore) async throws(Refusal) -> VolumeRef {
    let source = order.source.volume
    let directory = DurableFile.parent(of: source.publishedAt)
    guard source.publishedAt == "\(directory)/mount",
      let present = try VolumePublisher.document(in: directory)
    else {
      throw Refusal(
        .hazard, "no volume is described beside \(source.publishedAt)",
        hint: "restore it beside the original instead")
    }
    guard let staging = present.staging, let old = present.handle else {
      throw Refusal(
        .hazard, "the volume at \(source.publishedAt) was not published by Stillpoint",
        hint: "restore it beside the original, and let its orchestrator take it over")
    }
    if present.restore == order.restore.text {
      // An earlier try came past the exchange: the old volume is unpublished, the new one may not be published yet.
      try await publisher.publish(present, in: directory)
      return VolumeRef(driver: source.driver, handle: old, publishedAt: source.publishedAt)
    }
    try VolumePublisher.requireUnused(old, at: source.publishedAt)
    let volume = try await newVolume(order, filesystem: present.filesystem)
    try await takeAway(present, in: directory)
    let document = VolumeDocument(
      driver: source.driver, volume: volume, filesystem: present.filesystem, staging: staging,
      restore: order.restore, previous: old)
    try VolumePublisher.write(document, in: directory)
    try await publisher.publish(document, in: directory)
    return VolumeRef(driver: source.driver, handle: volume.handle, publishedAt: source.publishedAt)
  }

  /// Unpublishes the old volume; where that fails half-way, it is published again.
  private func takeAway(_ document: VolumeDocument, in directory: String) async throws(Refusal) {
    do throws(Refusal) {
      try await publisher.unpublish(document, in: directory)
    } catch {
      var refusal = error
      do throws(Refusal) {
        try await publisher.publish(document, in: directory)
      } catch {
        refusal.message += "; publishing it again failed too: \(error)"
      }
      throw refusal
    }
  }

  private func restoreBeside(_ order: VolumeRestore, directory: String) async throws(Refusal)
    -> VolumeRef
  {
    let source = order.source.volume
    guard directory.hasPrefix("/") else {
      throw Refusal(.hazard, "'\(directory)' is no absolute path to restore into")
    }
    let place = "\(directory)/\(Self.directoryName(source.handle))"
    let target = "\(place)/mount"
    if let present = try VolumePublisher.document(in: place) {
      guard present.restore == order.restore.text, let handle = present.handle else {
        throw Refusal(
          .hazard, "\(place) holds another volume already", hint: "choose another directory")
      }
      try await publisher.publish(present, in: place)
      return VolumeRef(driver: source.driver, handle: handle, publishedAt: target)
    }
    let volume = try await newVolume(order, filesystem: "")
    let document = VolumeDocument(
      driver: source.driver, volume: volume, filesystem: "", staging: "\(place)/stage",
      restore: order.restore)
    try VolumePublisher.write(document, in: place)
    try await publisher.publish(document, in: place)
    return VolumeRef(driver: source.driver, handle: volume.handle, publishedAt: target)
  }

  /// The name makes the call idempotent: a repeated restore gets the volume that it got before.
  private func newVolume(_ order: VolumeRestore, filesystem: String) async throws(Refusal)
    -> CSIVolume
  {
    let source = order.source
    let place: String =
      switch order.place {
      case .original: source.volume.publishedAt
      case .beside(let directory): directory
      }
    let hash = StableHash.text("\(source.handle) \(source.volume.handle) \(place)")
    let driver = try drivers.driver(source.volume.driver)
    do throws(CSIError) {
      return try await driver.createVolume(
        CSIVolumeOrder(
          name: "sp-restore-\(order.restore)-\(hash)", sizeBytes: source.sizeBytes,
          filesystem: filesystem, source: source.handle))
    } catch {
      throw error.refusal
    }
  }

  /// The old handle, as a name that a directory can have.
  static func directoryName(_ handle: VolumeHandle) -> String {
    let safe = handle.text.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }
    // "." and ".." are no names, and a driver's handle may hold slashes.
    if safe, handle.text.utf8.count <= 128, !handle.text.hasPrefix(".") { return handle.text }
    return "volume-\(StableHash.text(handle.text))"
  }
}
