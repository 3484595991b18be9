internal import CoordinatorCore
internal import KubernetesClient
internal import Model

/// What becomes of an object that is there already.
enum RestoreChoice {
  static func of(_ item: RestoreItem, _ present: KubernetesObject, _ job: ObjectRestoreJob)
    -> ObjectAction
  {
    if present.annotations[RestoreMark.restore] == job.restore.text {
      return item.action(.skip, "was restored before")
    }
    if present.deletionTimestamp != nil {
      return item.action(.refuse, "it is being deleted: wait until it is gone")
    }
    let isData = item.stage == .claims || item.stage == .snapshots
    if present.isRestored(from: job), isData || job.order.existing == .skip {
      return item.action(.skip, "was restored from this backup before")
    }
    switch item.stage {
    case .namespaces, .definitions, .storage: return item.action(.skip, "is there")
    case .configuration where item.type == .serviceAccounts && item.key.name == "default":
      // Every namespace has it from its beginning.
      return item.action(.skip, "is there")
    default: break
    }
    switch job.order.existing {
    case .skip where item.stage == .claims:
      return item.action(.skip, "is there, and keeps its data: nothing of the backup comes into it")
    case .skip: return item.action(.skip, "is there")
    case .fail: return item.action(.refuse, "is there")
    case .patch where isData:
      return item.action(
        .refuse,
        "is there, and its data cannot be exchanged beneath it: delete it first, or restore into "
          + "another namespace")
    case .patch: return item.action(.patch)
    }
  }
}
