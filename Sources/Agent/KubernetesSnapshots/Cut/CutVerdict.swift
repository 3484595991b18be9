internal import CutProtocol
internal import KubernetesClient
internal import Model

/// What the objects of a planned snapshot say about its cut.
enum CutVerdict: Hashable, Sendable {
  /// Not cut yet. The error is what the controller or the driver said last, which it may take back.
  case waiting(error: String?)
  /// Every claim is cut.
  case cut([CutVolume])
  /// The objects are not those of this snapshot: nothing of them counts.
  case broken(String)
}

/// A volume that was cut.
struct CutVolume: Hashable, Sendable {
  var handle: VolumeHandle
  var snapshot: SnapshotHandle
  /// The group's handle, for a volume that was cut with others.
  var group: SnapshotHandle?
  /// 0 where the driver does not say.
  var sizeBytes: Int64
  var createdAt: Timestamp
  var readyToUse: Bool
}

/// What was last seen of a snapshot and of its content.
struct SeenSnapshot: Hashable, Sendable {
  var snapshot: KubernetesObject?
  var content: KubernetesObject?
}

extension PlannedSnapshot {
  /// `uid` is that of the object that was created.
  func judge(_ seen: SeenSnapshot, uid: String) -> CutVerdict {
    if let bound = seen.snapshot?["status", boundField]?.string, !bound.isEmpty,
      bound != contentName(uid)
    {
      return .broken("\(name) is bound to content \(bound), which is not its own")
    }
    if seen.snapshot?.deletionTimestamp != nil { return .broken("\(name) was deleted meanwhile") }
    let said = error(seen.content) ?? error(seen.snapshot)
    guard let content = seen.content else { return .waiting(error: said) }
    if let fault = fault(of: content, uid: uid) { return .broken(fault) }
    return group == nil ? judgeSingle(content, said) : judgeGroup(content, said)
  }

  private var boundField: String {
    group == nil ? "boundVolumeSnapshotContentName" : "boundVolumeGroupSnapshotContentName"
  }

  private func error(_ object: KubernetesObject?) -> String? {
    object?["status", "error", "message"]?.string
  }

  /// Why a content is not this snapshot's.
  private func fault(of content: KubernetesObject, uid: String) -> String? {
    let reference = content[
      "spec", group == nil ? "volumeSnapshotRef" : "volumeGroupSnapshotRef"]
    guard reference?["uid"]?.string == uid, reference?["name"]?.string == name,
      reference?["namespace"]?.string == namespace
    else { return "content \(content.name) does not belong to \(namespace)/\(name)" }
    guard content["spec", "driver"]?.string == claims[0].driver.text else {
      return "content \(content.name) is not of driver \(claims[0].driver)"
    }
    if content.deletionTimestamp != nil { return "content \(content.name) was deleted meanwhile" }
    let source = content["spec", "source"]
    if group == nil {
      guard source?["volumeHandle"]?.string == claims[0].handle.text else {
        return "content \(content.name) is not of volume \(claims[0].handle)"
      }
      return nil
    }
    let handles = (source?["volumeHandles"]?.array ?? []).compactMap(\.string)
    guard Set(handles) == Set(claims.map(\.handle.text)), handles.count == claims.count else {
      return
        "group content \(content.name) is of volumes \(handles.joined(separator: ", ")), not of those "
        + "that were asked for"
    }
    return nil
  }

  private func judgeSingle(_ content: KubernetesObject, _ said: String?) -> CutVerdict {
    let status = content["status"]
    guard let text = status?["snapshotHandle"]?.string, !text.isEmpty,
      let created = Self.time(status?["creationTime"])
    else { return .waiting(error: said) }
    guard let handle = try? SnapshotHandle(text) else {
      return .broken("content \(content.name) has a handle that is none")
    }
    return .cut([
      CutVolume(
        handle: claims[0].handle, snapshot: handle, group: nil,
        sizeBytes: max(0, status?["restoreSize"]?.int ?? 0), createdAt: created,
        readyToUse: status?["readyToUse"]?.bool ?? false)
    ])
  }

  private func judgeGroup(_ content: KubernetesObject, _ said: String?) -> CutVerdict {
    let status = content["status"]
    guard let text = status?["volumeGroupSnapshotHandle"]?.string, !text.isEmpty,
      let created = Self.time(status?["creationTime"])
    else { return .waiting(error: said) }
    // `v1beta1` has pairs of handles in the place of what later versions tell of each snapshot.
    let infos =
      (status?["volumeSnapshotInfoList"] ?? status?["volumeSnapshotHandlePairList"])?.array ?? []
    guard let group = try? SnapshotHandle(text) else {
      return .broken("group content \(content.name) has a handle that is none")
    }
    var cut: [CutVolume] = []
    for claim in claims {
      guard let info = infos.first(where: { $0["volumeHandle"]?.string == claim.handle.text }),
        let handle = info["snapshotHandle"]?.string.flatMap({ try? SnapshotHandle($0) })
      else { return .waiting(error: said) }
      cut.append(
        CutVolume(
          handle: claim.handle, snapshot: handle, group: group,
          sizeBytes: max(0, info["restoreSize"]?.int ?? 0),
          createdAt: Self.time(info["creationTime"]) ?? created,
          readyToUse: info["readyToUse"]?.bool ?? status?["readyToUse"]?.bool ?? false))
    }
    return .cut(cut)
  }

  /// Contents tell nanoseconds since 1970, group contents a text (RFC 3339); whole milliseconds are kept.
  private static func time(_ value: JSONValue?) -> Timestamp? {
    if let text = value?.string { return Timestamp(text) }
    guard let nanoseconds = value?.int, nanoseconds > 0 else { return nil }
    return Timestamp(nanoseconds: nanoseconds / 1_000_000 * 1_000_000)
  }
}
