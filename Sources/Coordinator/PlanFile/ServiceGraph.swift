internal import Model

/// The services of a plan and who needs whom, with what is wrong about it.
struct ServiceGraph {
  struct Dependency {
    var name: ServiceName
    var place: Place
  }

  /// Something wrong and where it stands.
  struct Issue {
    var place: Place
    var message: String
  }

  private var services: [(name: ServiceName, place: Place, dependsOn: [Dependency])] = []
  /// A service's name could not be read: unknown names may well be that one.
  var incomplete = false

  mutating func add(_ name: ServiceName, at place: Place, dependsOn: [Dependency]) {
    services.append((name, place, dependsOn))
  }

  /// Names given twice, dependencies on nobody, dependencies given twice, and cycles.
  func issues() -> [Issue] {
    var issues: [Issue] = []
    var lines: [ServiceName: Place] = [:]
    for service in services {
      if let first = lines[service.name] {
        let line = first.line.map { " in line \($0)" } ?? ""
        issues.append(
          Issue(place: service.place, message: "service '\(service.name)' is already given\(line)"))
      } else {
        lines[service.name] = service.place
      }
    }
    let names = services.map(\.name.text)
    for service in services {
      var seen: Set<ServiceName> = []
      for dependency in service.dependsOn {
        if !seen.insert(dependency.name).inserted {
          issues.append(
            Issue(place: dependency.place, message: "service '\(dependency.name)' is given twice"))
        } else if lines[dependency.name] == nil, !incomplete {
          // Later ones are only counted, and the comparison is dear.
          let nearest =
            issues.count < PlanFileError.mostIssues
            ? KnownKeys.nearest(to: dependency.name.text, in: names) : nil
          let advice = nearest.map { "; did you mean '\($0)'?" } ?? ""
          issues.append(
            Issue(
              place: dependency.place,
              message: "no service '\(dependency.name)' in this plan\(advice)"))
        }
      }
    }
    if let cycle = cycle(), let first = lines[cycle[0]] {
      let way = (cycle + [cycle[0]]).map(\.text).joined(separator: " → ")
      issues.append(
        Issue(place: first, message: "services depend on each other in a circle: \(way)"))
    }
    return issues
  }

  /// The members of one circle, each followed by one that it depends on; nil when there is none.
  private func cycle() -> [ServiceName]? {
    var dependencies: [ServiceName: [ServiceName]] = [:]
    for service in services where dependencies[service.name] == nil {
      dependencies[service.name] = service.dependsOn.map(\.name)
    }
    // What depends on nothing (left) can be in no circle; what remains in the end depends on a circle.
    var remaining = dependencies.mapValues { $0.filter { dependencies[$0] != nil } }
    while true {
      let free = remaining.filter { $0.value.allSatisfy { remaining[$0] == nil } }.map(\.key)
      if free.isEmpty { break }
      for name in free { remaining[name] = nil }
    }
    guard var current = remaining.keys.min() else { return nil }
    var way: [ServiceName] = []
    while true {
      if let start = way.firstIndex(of: current) { return Array(way[start...]) }
      way.append(current)
      guard let next = remaining[current]?.filter({ remaining[$0] != nil }).min() else {
        return nil
      }
      current = next
    }
  }
}
