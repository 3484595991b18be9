internal import Model

/// Who depends on whom within one plan. The plan has no cycles: its parser refuses them.
struct DependencyGraph {
  private let services: [ServiceName]
  private let dependencies: [ServiceName: [ServiceName]]

  init(_ plan: BackupPlan) {
    services = plan.services.map(\.name)
    dependencies = Dictionary(
      plan.services.map { ($0.name, $0.dependsOn) }, uniquingKeysWith: { first, _ in first })
  }

  init(_ members: [MemberPlanLinks]) {
    services = members.map(\.name)
    dependencies = Dictionary(
      members.map { ($0.name, $0.dependsOn) }, uniquingKeysWith: { first, _ in first })
  }

  /// 0 for a service that depends on none, otherwise one above its highest dependency.
  func levels() -> [ServiceName: Int] {
    var levels: [ServiceName: Int] = [:]
    // A plan of n services has at most n levels, so n rounds settle all of them.
    for _ in services {
      for service in services {
        let below = (dependencies[service] ?? []).map { levels[$0] ?? 0 }
        levels[service] = below.max().map { min($0 + 1, services.count) } ?? 0
      }
    }
    return levels
  }

  /// Numbers each connected component, in the order of the plan. Services of one of the sets belong together as well.
  func components(joining sets: [Set<ServiceName>] = []) -> [ServiceName: Int] {
    var component: [ServiceName: Int] = [:]
    var next = 0
    for service in services where component[service] == nil {
      var open = [service]
      while let current = open.popLast() {
        guard component[current] == nil else { continue }
        component[current] = next
        open += dependencies[current] ?? []
        open += services.filter { dependencies[$0]?.contains(current) == true }
        open += sets.filter { $0.contains(current) }.joined()
      }
      next += 1
    }
    return component
  }

  /// Dependencies first.
  func restoreOrder() -> [ServiceName] {
    let levels = levels()
    return services.sorted { (levels[$0] ?? 0, $0) < (levels[$1] ?? 0, $1) }
  }
}

/// The part of a member that the graph reads.
struct MemberPlanLinks {
  var name: ServiceName
  var dependsOn: [ServiceName]
}
