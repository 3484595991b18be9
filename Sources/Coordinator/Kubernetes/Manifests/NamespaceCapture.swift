internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import KubernetesClient

/// One backup's look at its namespaces: every kind once before the cut, by watching across it, and once more after it.
struct NamespaceCapture: Sendable {
  let request: ManifestRequest
  let reader: ListReader
  let clock: any CutClock
  let limits: CaptureLimits
  let budget: CaptureBudget
  private let wide = ClusterLists()

  init(
    _ request: ManifestRequest, _ reader: ListReader, _ clock: any CutClock,
    _ limits: CaptureLimits, in room: CaptureRoom
  ) {
    self.request = request
    self.reader = reader
    self.clock = clock
    self.limits = limits
    budget = CaptureBudget(limits, in: room)
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
    _ = await bounded(records) { kind in
      switch await together(kind, { $0.adopt($1, at: $2) }) {
      case .read: return false
      case .away: return true
      case .apart: break
      }
      for record in kind {
        await record.list(reader)
        if record.failure?.isAway ?? false { return true }
      }
      return false
    }
  }

  /// Lists everything once more, and waits a moment for the watches to tell what that shows.
  func listAgain(_ records: [KindRecord]) async {
    for _ in 0..<limits.rounds {
      let isAway = await bounded(records) { kind in
        switch await together(kind, { $0.adoptAgain($1, at: $2) }) {
        case .read: return false
        case .away: return true
        case .apart: break
        }
        for record in kind where await record.listAgain(reader) { return true }
        return false
      }
      guard isAway else { break }
      guard (try? await clock.sleep(until: clock.now() + limits.pause)) != nil else { return }
    }
    let deadline = clock.now() + limits.lag
    while clock.now() < deadline, !records.allSatisfy(\.hasCaughtUp) {
      guard (try? await clock.sleep(until: clock.now() + .milliseconds(20))) != nil else { return }
    }
  }

  private enum Together {
    case read
    /// Each namespace has to be asked.
    case apart
    /// The server is away.
    case away
  }

  /// Reads a kind in all its namespaces by one list, where that is allowed and short.
  private func together(
    _ kind: [KindRecord], _ use: (KindRecord, KubernetesList, Duration) -> Void
  ) async -> Together {
    // Secrets of namespaces that nobody asked about are not even read.
    guard let first = kind.first, kind.count >= limits.together, first.type != .secrets,
      wide.areWorthTrying
    else { return .apart }
    do throws(KubernetesError) {
      let isWhole = try await reader.readTogether(first.type) { list, time in
        for record in kind { use(record, list, time) }
      }
      wide.note(isAllowed: true)
      return isWhole ? .read : .apart
    } catch {
      if error.isForbidden { wide.note(isAllowed: false) }
      return error.isAway ? .away : .apart
    }
  }

  /// Works on one kind after the other, a few at once. True when it ended early, since the server was away.
  private func bounded(
    _ records: [KindRecord], _ work: @escaping @Sendable ([KindRecord]) async -> Bool
  ) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      var running = 0
      var isAway = false
      for kind in Self.kinds(of: records) {
        if running >= limits.lists {
          isAway = await group.next() ?? false || isAway
          running -= 1
        }
        guard !isAway, !Task.isCancelled else { break }
        group.addTask { await work(kind) }
        running += 1
      }
      for await away in group { isAway = isAway || away }
      return isAway
    }
  }

  /// The records of namespaces by kind; each of the others by itself.
  private static func kinds(of records: [KindRecord]) -> [[KindRecord]] {
    var kinds: [[KindRecord]] = []
    var places: [ResourceType: Int] = [:]
    for record in records {
      if record.namespace != nil, let place = places[record.type] {
        kinds[place].append(record)
      } else {
        if record.namespace != nil { places[record.type] = kinds.count }
        kinds.append([record])
      }
    }
    return kinds
  }
}

extension KubernetesError {
  /// Whether the server, rather than this request, is what has to be put right.
  fileprivate static let away: Set<Code> = [.unreachable, .timedOut, .identity, .configuration]
  var isAway: Bool { Self.away.contains(code) }
}
