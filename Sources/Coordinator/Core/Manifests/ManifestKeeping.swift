/// What is needed to keep the objects of a cluster with its backups.
package struct ManifestKeeping: Sendable {
  package var source: any ManifestSource
  package var store: any ManifestStore
  package var seal: ManifestSeal
  /// How long a cut may begin later because objects are still being listed. Nobody is held meanwhile.
  package var headStart: Duration

  package init(
    source: any ManifestSource, store: any ManifestStore, seal: ManifestSeal,
    headStart: Duration = .seconds(5)
  ) {
    self.source = source
    self.store = store
    self.seal = seal
    self.headStart = headStart
  }
}
