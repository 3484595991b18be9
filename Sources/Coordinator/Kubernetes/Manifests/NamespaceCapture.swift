internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import KubernetesClient

/// One backup's look at its namespaces: every kind once before the cut, by watching across it, and once more after it.
struct NamespaceCapture: Sendable {
  let request: ManifestRequest
  let client: KubernetesClient
  let clock: any CutClock
  let limits: CaptureLimits
  let budget: CaptureBudget

  init(
    _ request: ManifestRequest, _ client: KubernetesClient, _ clock: any CutClock,
    _ limits: CaptureLimits
  ) {
    self.request = request
    self.client = client
    self.clock = clock
    self.limits = limits
    budget = CaptureBudget(limits)
  }

  // MARK: What is read

  /// Namespaced kinds, the namespaces themselves and the volumes of their claims.
  func records(of kinds: [KindChoice.Chosen], _ choice: KindChoice) -> [KindRecord] {
    let namespaces = Set(request.namespaces)
    var records = request.namespaces.map { record(.namespaces, named: $0) }
    if choice.isWanted(.persistentVolumeClaims) {
      records.append(
        KindRecord(
          .persistentVolumes, in: nil, isFact: true, budget: budget, clock: clock
        ) { volume in
          namespaces.contains(volume["spec", "claimRef", "namespace"]?.string ?? "")
        })
    }
    for namespace in request.namespaces {
      for kind in kinds {
        records.append(
          KindRecord(
            kind.type, in: namespace, canBeWatched: kind.canBeWatched, budget: budget, clock: clock)
        )
      }
    }
    return records
  }

  /// The definitions of custom kinds that the namespaces have something of, and the storage classes that they name.
  func needed(by records: [KindRecord]) -> [KindRecord] {
    var definitions: Set<String> = []
    for record in records where !record.isEmpty && !KindChoice.isBuiltIn(record.type.group) {
      definitions.insert("\(record.type.plural).\(record.type.group)")
    }
    var needed = definitions.sorted().map { record(.customResourceDefinitions, named: $0) }
    let classes = Self.classes(of: records)
    if !classes.isEmpty {
      needed.append(
        KindRecord(.storageClasses, in: nil, budget: budget, clock: clock) {
          classes.contains($0.name)
        })
    }
    return needed
  }

  private func record(_ type: ResourceType, named name: String) -> KindRecord {
    KindRecord(type, in: nil, matching: .named(name), budget: budget, clock: clock)
  }

  private static func classes(of records: [KindRecord]) -> Set<String> {
    var found: Set<String> = []
    for record in records where [.persistentVolumeClaims, .statefulSets].contains(record.type) {
      for content in record.contents {
        guard let manifest = try? JSONValue(json: Array(content)) else { continue }
        let templates = manifest[path: ["spec", "volumeClaimTemplates"]]?.array ?? [manifest]
        for template in templates {
          if let name = template[path: ["spec", "storageClassName"]]?.string { found.insert(name) }
        }
      }
    }
    return found
  }

  /// Lists every kind, a few at once. Ends early when the server is away; what was not asked for has the same failure.
  func list(_ records: [KindRecord]) async {
    let client = client.with(.usual, timeout: limits.page)
    _ = await bounded(records) { record in
      await record.list(client)
      return record.failure?.isAway ?? false
    }
  }

  /// Lists everything once more, and waits a moment for the watches to tell what that shows.
  func listAgain(_ records: [KindRecord]) async {
    let client = client.with(.usual, timeout: limits.page)
    for _ in 0..<limits.rounds {
      guard await bounded(records, { await $0.listAgain(client) }) else { break }
      guard (try? await clock.sleep(until: clock.now() + limits.pause)) != nil else { return }
    }
    let deadline = clock.now() + limits.lag
    while clock.now() < deadline, !records.allSatisfy(\.hasCaughtUp) {
      guard (try? await clock.sleep(until: clock.now() + .milliseconds(20))) != nil else { return }
    }
  }

  /// True when it ended early, since the server was away.
  private func bounded(
    _ records: [KindRecord], _ work: @escaping @Sendable (KindRecord) async -> Bool
  ) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      var running = 0
      var isAway = false
      for record in records {
        if running >= limits.lists {
          isAway = await group.next() ?? false || isAway
          running -= 1
        }
        guard !isAway, !Task.isCancelled else { break }
        group.addTask { await work(record) }
        running += 1
      }
      for await away in group { isAway = isAway || away }
      return isAway
    }
  }

  // MARK: What is kept

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

extension KubernetesError {
  /// Whether the server, rather than this request, is what has to be put right.
  fileprivate static let away: Set<Code> = [.unreachable, .timedOut, .identity, .configuration]
  var isAway: Bool { Self.away.contains(code) }
}

extension KindRecord {
  /// Nil for a kind that was read before the witness and after it.
  var skipped: ManifestSummary.Skipped? {
    let reason: String
    if let failure {
      reason = failure.isForbidden ? "forbidden: \(failure.message)" : failure.description
    } else if !hasListed {
      reason = "the API server went away before it was asked"
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
