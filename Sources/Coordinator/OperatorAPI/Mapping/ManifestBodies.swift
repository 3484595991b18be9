internal import CoordinatorCore
internal import OperatorWire

extension ManifestSummaryBody {
  init(_ summary: ManifestSummary) {
    self.init(
      state: summary.state.rawValue, reason: summary.reason, namespaces: summary.namespaces,
      kinds: summary.kinds.map {
        Kind(resource: $0.resource, count: $0.count, proved: $0.proved)
      },
      skipped: summary.skipped.map {
        Skipped(resource: $0.resource, namespace: $0.namespace, reason: $0.reason)
      }, digest: summary.digest)
  }
}

extension ManifestBody {
  init(_ shown: ShownManifest) {
    let manifest = shown.manifest
    self.init(
      number: shown.number, apiVersion: manifest.apiVersion, kind: manifest.kind,
      resource: manifest.resource, namespace: manifest.namespace, name: manifest.name,
      uid: manifest.uid, resourceVersion: manifest.resourceVersion,
      standing: manifest.standing.rawValue, owner: manifest.owner, fact: manifest.isFact,
      sealed: manifest.isSealed, manifest: shown.content.map { String(decoding: $0, as: UTF8.self) }
    )
  }
}
