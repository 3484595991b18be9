package import KubernetesClient

extension ResourceType {
  package static let backupPlans = stillpoint("BackupPlan", "backupplans")
  package static let backups = stillpoint("Backup", "backups")
  package static let restores = stillpoint("Restore", "restores")

  private static func stillpoint(_ kind: String, _ plural: String) -> ResourceType {
    ResourceType(
      group: "stillpoint.dev", version: "v1alpha1", kind: kind, plural: plural, namespaced: true)
  }
}

/// Names that the controllers write into objects.
enum Mark {
  /// Keeps a deleted Backup until its snapshots are gone.
  static let finalizer = "stillpoint.dev/snapshots"
  /// On a Backup that shows what was taken elsewhere: it never starts a cut.
  static let origin = "stillpoint.dev/origin"
  static let fleet = "fleet"
}
