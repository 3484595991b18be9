internal import CutProtocol
internal import KubernetesClient
internal import Logging
internal import Model
internal import Synchronization

extension ClusterSnapshots {
  private static let deletedAnnotation =
    "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
  private static let groupDeletedAnnotation =
    "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted"

  /// Deletes whatever has one of the names that a cut of these volumes gives, in whatever namespace, and waits until the storage has
  /// given it up. The number deleted.
  func deleteOrphans(_ volumes: [MemberVolume], name: SnapshotName) async throws(Refusal) -> Int {
    await unlabel(volumes, of: name)
    do throws(KubernetesError) {
      var names = Set(volumes.map { name.text(volume: $0.volume.handle) })
      var deleted = 0
      for text in names.sorted() {
        deleted += try await deleteAll(named: text, .volumeSnapshots, .volumeSnapshotContents)
      }
      let groups = try await groupTypes()
      if let groups {
        let text = name.text(volume: nil)
        names.insert(text)
        deleted += try await deleteAll(named: text, groups.snapshots, groups.contents)
        deleted += try await deleteLeft(by: text, groups.contents)
      }
      try awaitUnanswered(names)
      if deleted > 0 {
        logger.notice(
          "orphaned snapshots deleted",
          metadata: ["member": "\(name.member)", "count": "\(deleted)"])
      }
      return deleted
    } catch {
      throw Refusal(error, during: "deleting orphaned snapshots of \(name.member)")
    }
  }

  /// Best done, not needed: claims may be gone.
  private func unlabel(_ volumes: [MemberVolume], of name: SnapshotName) async {
    guard Set(volumes.map(\.volume.handle)).count > 1 else { return }
    let value = PlannedSnapshot.groupValue(name.text(volume: nil))
    for member in volumes {
      do throws(KubernetesError) {
        guard
          let volume = KubeletDirectory.persistentVolume(publishedAt: member.volume.publishedAt),
          let reference = try await client.find(.persistentVolumes, volume)?["spec", "claimRef"],
          let claim = reference["name"]?.string, let namespace = reference["namespace"]?.string
        else { continue }
        await unlabel(claim, in: namespace, value: value)
      } catch {
        logger.debug("claim not read", metadata: ["error": "\(error)"])
      }
    }
  }

  private func groupTypes() async throws(KubernetesError) -> SnapshotTypes.Groups? {
    try await SnapshotTypes.groups(client)
  }

  /// A request whose answer was lost may be carried out after what it makes was looked for.
  private func awaitUnanswered(_ names: Set<String>) throws(KubernetesError) {
    let waiting = state.withLock { state -> String? in
      for name in names {
        guard let asked = state.unanswered[name] else { continue }
        if clock.now - asked < settings.lostRequest { return name }
        state.unanswered[name] = nil
      }
      return nil
    }
    if let waiting {
      throw KubernetesError(
        .timedOut, "the request for \(waiting) was not answered, and may still be carried out")
    }
  }

  private func deleteAll(named name: String, _ type: ResourceType, _ contents: ResourceType)
    async throws(KubernetesError) -> Int
  {
    let found: [KubernetesObject]
    do throws(KubernetesError) {
      found = try await client.list(type, matching: .named(name)).items
    } catch {
      // What is not served any more is not there.
      guard error.isNotFound else { throw error }
      return 0
    }
    var count = 0
    for object in found
    where object.labels[PlannedSnapshot.ownerLabel] == PlannedSnapshot.owner {
      try await delete(object, type, contents)
      count += 1
    }
    return count
  }

  /// A group that is deleted before the controller has looked at its content leaves that behind, with its snapshots, and no
  /// controller ever looks again.
  private func deleteLeft(by name: String, _ contents: ResourceType)
    async throws(KubernetesError) -> Int
  {
    var count = 0
    while let content = try await find(
      contents,
      where: {
        $0["spec", "volumeGroupSnapshotRef", "name"]?.string == name
          && $0["spec", "source", "groupSnapshotHandles"] == nil && $0.deletionTimestamp == nil
      })
    {
      try await deleteOrphan(content, contents)
      count += 1
    }
    return count
  }

  /// Deletes an object with what the storage has of it.
  private func delete(_ object: KubernetesObject, _ type: ResourceType, _ contents: ResourceType)
    async throws(KubernetesError)
  {
    let content = try await content(of: object, contents)
    if let content { try await release(content, contents, isOrphan: false) }
    do throws(KubernetesError) {
      _ = try await client.delete(
        type, object.name, in: object.namespace,
        preconditions: DeletionPreconditions(uid: object.uid))
    } catch {
      guard error.isNotFound else { throw error }
    }
    try await waitGone(type, object.name, uid: object.uid, in: object.namespace)
    guard let content else { return }
    if let left = try await client.find(contents, content.name), left.uid == content.uid,
      left.deletionTimestamp == nil
    {
      return try await deleteOrphan(left, contents)
    }
    try await waitGone(contents, content.name, uid: content.uid, in: nil)
  }

  private func content(of object: KubernetesObject, _ contents: ResourceType)
    async throws(KubernetesError) -> KubernetesObject?
  {
    let isGroup = contents.kind == "VolumeGroupSnapshotContent"
    let bound = object[
      "status", isGroup ? "boundVolumeGroupSnapshotContentName" : "boundVolumeSnapshotContentName"]
    let made = object.uid.map { (isGroup ? "groupsnapcontent-" : "snapcontent-") + $0 }
    guard let name = bound?.string ?? made,
      let content = try await client.find(contents, name)
    else { return nil }
    let reference = content["spec", isGroup ? "volumeGroupSnapshotRef" : "volumeSnapshotRef"]
    return reference?["uid"]?.string == object.uid ? content : nil
  }

  /// Lets the storage give a snapshot up with its content.
  private func release(_ content: KubernetesObject, _ type: ResourceType, isOrphan: Bool)
    async throws(KubernetesError)
  {
    var patch: JSONValue = [:]
    if content["spec", "deletionPolicy"]?.string == "Retain" {
      patch[path: ["spec", "deletionPolicy"]] = "Delete"
    }
    let isGroup = type.kind == "VolumeGroupSnapshotContent"
    let annotation = isGroup ? Self.groupDeletedAnnotation : Self.deletedAnnotation
    if isOrphan, content.annotations[annotation] == nil {
      // The controller puts it there when a snapshot is deleted; this one's is gone already.
      patch[path: ["metadata", "annotations", annotation]] = "yes"
    }
    guard patch != [:] else { return }
    _ = try await client.patch(type, content.name, merging: patch)
  }

  private func waitGone(_ type: ResourceType, _ name: String, uid: String?, in namespace: String?)
    async throws(KubernetesError)
  {
    _ = try await client.wait(for: type, name, in: namespace, within: settings.deletion) { object in
      object == nil || object?.uid != uid ? true : nil
    }
  }

  /// Deletes a snapshot by its handle; false when the cluster knows none of it.
  func delete(driver: DriverName, snapshot: SnapshotHandle, group: SnapshotHandle?)
    async throws(Refusal) -> Bool
  {
    do throws(KubernetesError) {
      var type = ResourceType.volumeSnapshots
      var contents = ResourceType.volumeSnapshotContents
      var (field, handle) = ("snapshotHandle", snapshot.text)
      if let group {
        guard let groups = try await groupTypes() else { return false }
        (type, contents) = (groups.snapshots, groups.contents)
        (field, handle) = ("volumeGroupSnapshotHandle", group.text)
      }
      guard let content = try await find(contents, driver: driver.text, field, handle) else {
        return false
      }
      if group == nil, let whole = content["status", "volumeGroupSnapshotHandle"]?.string {
        throw KubernetesError(
          .input, "snapshot \(snapshot) belongs to group \(whole), which is deleted as a whole")
      }
      try await delete(content, contents, owner: type)
      logger.notice(
        "snapshot deleted",
        metadata: ["driver": "\(driver)", "snapshot": "\(snapshot)", "content": "\(content.name)"])
      return true
    } catch {
      throw Refusal(error, during: "deleting snapshot \(snapshot)")
    }
  }

  /// Contents cannot be selected by handle: their pages are searched, behind whatever is more urgent.
  private func find(
    _ contents: ResourceType, driver: String, _ field: String, _ handle: String
  ) async throws(KubernetesError) -> KubernetesObject? {
    try await find(contents) {
      $0["status", field]?.string == handle && $0["spec", "driver"]?.string == driver
        // A content that was made from a handle is somebody else's second view of the snapshot.
        && $0["spec", "source", "snapshotHandle"] == nil
        && $0["spec", "source", "groupSnapshotHandles"] == nil
    }
  }

  /// The first that matches; where none does, all have been looked at.
  func find(
    _ contents: ResourceType, where matches: (KubernetesObject) -> Bool
  ) async throws(KubernetesError) -> KubernetesObject? {
    let patient = client.with(.inventory)
    var next: String?
    repeat {
      let page = try await patient.page(contents, next: next)
      if let found = page.items.first(where: matches) { return found }
      next = page.next
    } while next != nil
    return nil
  }

  private func delete(
    _ content: KubernetesObject, _ contents: ResourceType, owner type: ResourceType
  ) async throws(KubernetesError) {
    let isGroup = contents.kind == "VolumeGroupSnapshotContent"
    let reference = content["spec", isGroup ? "volumeGroupSnapshotRef" : "volumeSnapshotRef"]
    if let name = reference?["name"]?.string, let namespace = reference?["namespace"]?.string,
      let object = try await client.find(type, name, in: namespace),
      object.uid == reference?["uid"]?.string
    {
      guard object.labels[PlannedSnapshot.ownerLabel] == PlannedSnapshot.owner else {
        throw KubernetesError(
          .input, "\(namespace)/\(name) was not made by Stillpoint, and is left alone")
      }
      return try await delete(object, type, contents)
    }
    // Its namespace was deleted, and the class said Retain.
    try await deleteOrphan(content, contents)
  }

  /// Deletes a content whose snapshot is gone, with what the storage has of it.
  private func deleteOrphan(_ content: KubernetesObject, _ contents: ResourceType)
    async throws(KubernetesError)
  {
    try await release(content, contents, isOrphan: true)
    do throws(KubernetesError) {
      _ = try await client.delete(
        contents, content.name, preconditions: DeletionPreconditions(uid: content.uid))
    } catch {
      guard error.isNotFound else { throw error }
    }
    try await waitGone(contents, content.name, uid: content.uid, in: nil)
  }
}
