internal import Model
internal import Yams

extension PlanReader {
  /// More than any application has; bounds what the checks across services cost.
  static let mostServices = 512

  mutating func services(_ place: Place) -> [PlannedService]? {
    guard
      let elements = list(place, "a list of services", most: Self.mostServices)
    else { return nil }
    guard !elements.isEmpty else {
      note(place, "expected at least one service, found an empty list")
      return nil
    }
    var complete = true
    var services: [PlannedService] = []
    var graph = ServiceGraph()
    for element in elements {
      guard let service = service(element, into: &graph) else {
        complete = false
        continue
      }
      services.append(service)
    }
    for issue in graph.issues() { note(issue.place, issue.message) }
    return complete ? services : nil
  }

  private mutating func service(_ place: Place, into graph: inout ServiceGraph)
    -> PlannedService?
  {
    let known = ["name", "selector", "dependsOn", "hold", "volumes", "afterRestore"]
    guard let fields = fields(place, known: known) else { return nil }
    var name: ServiceName?
    var namePlace = place
    if let place = required(fields, "name", "the service's name") {
      name = identifier(place, ServiceName.self)
      namePlace = place
    }
    let selector = required(fields, "selector", "labels of the container's pod").flatMap {
      self.selector($0)
    }
    let dependsOn = fields["dependsOn"].map { self.dependencies($0) } ?? []
    if let name {
      graph.add(name, at: namePlace, dependsOn: dependsOn ?? [])
    } else {
      graph.incomplete = true
    }
    let holds = fields["hold"].map { self.holds($0) } ?? []
    let volumes = fields["volumes"].map { self.volumes($0) } ?? .all
    let hooks = optional(fields["afterRestore"]) { $0.hooks($1) }
    guard let name, let selector, let dependsOn, let holds, let volumes, let hooks else {
      return nil
    }
    return PlannedService(
      name: name, selector: selector, dependsOn: dependsOn.map(\.name), holds: holds,
      volumes: volumes, afterRestore: hooks?.isEmpty == false ? hooks : nil)
  }

  private mutating func dependencies(_ place: Place) -> [ServiceGraph.Dependency]? {
    guard
      let elements = list(place, "a list of service names", most: Self.mostServices)
    else { return nil }
    let names = elements.compactMap { element in
      identifier(element, ServiceName.self).map {
        ServiceGraph.Dependency(name: $0, place: element)
      }
    }
    return names.count == elements.count ? names : nil
  }

  private mutating func selector(_ place: Place) -> PlacementSelector? {
    guard let fields = fields(place, known: nil) else { return nil }
    var selector = PlacementSelector(labels: [:])
    var complete = true
    for (key, value) in fields.values.sorted(by: {
      ($0.value.line ?? 0, $0.key) < ($1.value.line ?? 0, $1.key)
    }) {
      switch key {
      case "namespace":
        selector.namespace = text(value, "a namespace's name")
        complete = complete && selector.namespace != nil
      case "container":
        selector.container = text(value, "a container's name")
        complete = complete && selector.container != nil
      case "node":
        selector.node = identifier(value, NodeID.self)
        complete = complete && selector.node != nil
      case "owner":
        selector.owner = owner(value)
        complete = complete && selector.owner != nil
      case "namespaceLabels":
        selector.namespaceLabels = namespaceLabels(value)
        complete = complete && selector.namespaceLabels != nil
      case "labels":
        complete = labels(value, into: &selector.labels) && complete
      default:
        complete = label(key, value, into: &selector.labels) && complete
      }
    }
    guard complete else { return nil }
    guard selector != PlacementSelector(labels: [:]) else {
      note(place, "selects every container; expected at least one label, such as 'app: orders'")
      return nil
    }
    return selector
  }

  private mutating func owner(_ place: Place) -> String? {
    let expected = "the kind and name of what the pod belongs to, such as 'Deployment/orders'"
    guard let text = text(place, expected) else { return nil }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
      note(
        place,
        "expected \(expected), found '\(text)'; a label of that name goes into 'labels: {owner: …}'"
      )
      return nil
    }
    return text
  }

  private mutating func namespaceLabels(_ place: Place) -> [String: String]? {
    var labels: [String: String] = [:]
    guard self.labels(place, into: &labels) else { return nil }
    guard !labels.isEmpty else {
      note(place, "expected at least one label of the pod's namespace, such as 'team: shop'")
      return nil
    }
    return labels
  }

  private mutating func labels(_ place: Place, into labels: inout [String: String]) -> Bool {
    guard let fields = fields(place, known: nil) else { return false }
    return fields.values.sorted(by: { $0.key < $1.key }).reduce(true) { complete, field in
      label(field.key, field.value, into: &labels) && complete
    }
  }

  private mutating func label(
    _ key: String, _ place: Place, into labels: inout [String: String]
  ) -> Bool {
    // An empty value is a valid label, an absent one is a slip.
    let isEmpty = place.isText && place.node.scalar?.string == ""
    guard let value = isEmpty ? "" : text(place, "the value of label '\(key)'") else {
      return false
    }
    guard !key.isEmpty, key.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      note(place, "a label's name must not be empty or contain spaces")
      return false
    }
    guard labels.updateValue(value, forKey: key) == nil else {
      note(place, "label '\(key)' is given twice")
      return false
    }
    return true
  }

  private mutating func volumes(_ place: Place) -> VolumeSelection? {
    let expected = "'all', 'none' or a list of mount paths"
    if place.node.sequence != nil {
      guard let elements = list(place, expected, most: 64) else { return nil }
      guard !elements.isEmpty else {
        note(place, "expected \(expected), found an empty list; 'none' says that there are none")
        return nil
      }
      var paths: [String] = []
      for element in elements {
        guard let path = path(element) else { continue }
        guard !paths.contains(path) else {
          note(element, "mount path '\(path)' is given twice")
          continue
        }
        paths.append(path)
      }
      return paths.count == elements.count ? .paths(paths) : nil
    }
    switch place.node.scalar?.string {
    case "all": return .all
    case "none": return VolumeSelection.none
    default:
      note(place, "expected \(expected), found \(place.found)")
      return nil
    }
  }
}
