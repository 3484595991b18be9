internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient

extension NamespaceCapture {
  /// Hands over what is known about every object at the witness, in parts of a bounded size.
  func keep(
    _ records: [KindRecord], at witness: ManifestSession.Witness,
    missing: [ManifestSummary.Skipped],
    _ keep: @Sendable ([BackupManifest]) async throws(CatalogError) -> Void
  ) async -> ManifestSummary {
    var summary = ManifestSummary(
      state: .complete, namespaces: request.namespaces, skipped: missing)
    var counts: [String: ManifestSummary.Kind] = [:]
    var part: [BackupManifest] = []
    var size = 0
    do throws(CatalogError) {
      for record in records {
        if let skipped = record.skipped {
          summary.skipped.append(skipped)
          continue
        }
        for manifest in record.manifests(at: witness) {
          let name = manifest.resource
          var count = counts[name] ?? ManifestSummary.Kind(resource: name, count: 0, proved: 0)
          count.count += 1
          count.proved += manifest.standing == .atWitness ? 1 : 0
          counts[name] = count
          size += manifest.content.count
          part.append(manifest)
          guard part.count >= Self.largestPart.objects || size >= Self.largestPart.bytes else {
            continue
          }
          try await keep(part)
          (part, size) = ([], 0)
        }
      }
      if !part.isEmpty { try await keep(part) }
    } catch {
      return ManifestSummary(
        state: .failed, reason: error.description, namespaces: request.namespaces)
    }
    summary.kinds = counts.values.sorted { $0.resource < $1.resource }
    let unconfirmed = records.filter { $0.hasListed && !$0.isConfirmed }.count
    if unconfirmed > 0 {
      summary.reason =
        "\(unconfirmed) kinds could not be read again after the cut, and nothing is proved of them"
    }
    if unconfirmed > 0 || !summary.skipped.isEmpty { summary.state = .partial }
    return summary
  }

  /// Each part is one change of the catalog, behind which other cuts' changes wait.
  private static let largestPart = (objects: 100, bytes: 512 << 10)
}

extension KindRecord {
  /// Nil for a kind that was read before the witness and after it.
  var skipped: ManifestSummary.Skipped? {
    let reason: String
    if let failure {
      reason = failure.isForbidden ? "forbidden: \(failure.message)" : failure.description
    } else if !hasListed {
      reason = "the API server did not answer in time to be asked for it"
    } else {
      return nil
    }
    return ManifestSummary.Skipped(resource: "\(type)", namespace: namespace, reason: reason)
  }

  func manifests(at witness: ManifestSession.Witness) -> [BackupManifest] {
    judged(at: witness).compactMap { key, version, standing in
      guard let content = version.content else { return nil }
      return BackupManifest(
        apiVersion: type.apiVersion, kind: type.kind, resource: "\(type)",
        namespace: key.namespace, name: key.name, uid: version.uid,
        resourceVersion: version.resourceVersion, standing: standing, owner: version.owner,
        isFact: isFact, content: content)
    }
  }
}
