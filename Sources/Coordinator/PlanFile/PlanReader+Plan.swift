internal import Model
internal import Yams

extension PlanReader {
  /// Keys that other versions of the format describe, and why this one does not have them.
  private static let absent: [String: String] = [
    "schedule":
      "this version has no schedules; run 'stillpoint backup create' from a timer instead",
    "retention": "this version deletes no backups by itself; use 'stillpoint backup delete'",
    "copies": "this version keeps snapshots where their driver has them and makes no copies",
  ]

  /// The grades that a plan may require: what is below is no promise.
  static let requirable = Grade.allCases.filter { $0 > .unproven }.reversed() as [Grade]

  mutating func plan(_ root: Place) -> BackupPlan? {
    guard
      let document = fields(root, known: ["apiVersion", "kind", "metadata", "spec"])
    else { return nil }
    constant(document, "apiVersion", PlanFile.apiVersion)
    constant(document, "kind", PlanFile.kind)
    let title = required(document, "metadata", "a mapping with the plan's name").flatMap {
      self.title($0)
    }
    guard let place = required(document, "spec", "a mapping with the plan's content") else {
      return nil
    }
    guard var plan = spec(place, name: title?.name) else { return nil }
    // Whoever writes a plan for a namespace means what runs there.
    for index in plan.services.indices where plan.services[index].selector.namespace == nil {
      plan.services[index].selector.namespace = title?.namespace
    }
    return plan
  }

  /// The plan's name in the fleet, where a namespace's plans carry its name after their own, and that namespace.
  private mutating func title(_ place: Place) -> (name: PlanName, namespace: String?)? {
    // Labels and annotations are for whoever keeps the file.
    let known = ["name", "namespace", "labels", "annotations"]
    guard let metadata = fields(place, known: known),
      let namePlace = required(metadata, "name", "the plan's name"),
      let name = identifier(namePlace, PlanName.self)
    else { return nil }
    guard let namespacePlace = metadata["namespace"] else { return (name, nil) }
    guard let namespace = identifier(namespacePlace, NamespaceName.self) else { return nil }
    let full = PlanFile.name(name.text, in: namespace.text)
    do {
      return (try PlanName(full), namespace.text)
    } catch {
      note(
        namePlace,
        "the plan's name and its namespace's together, '\(full)', must not exceed 63 characters")
      return nil
    }
  }

  private mutating func constant(_ document: Fields, _ key: String, _ value: String) {
    guard let place = required(document, key, "'\(value)'") else { return }
    if !place.isText || place.node.scalar?.string != value {
      note(place, "expected '\(value)', found \(place.found)")
    }
  }

  private mutating func spec(_ place: Place, name: PlanName?) -> BackupPlan? {
    let known = [
      "environment", "requires", "policy", "freeze", "services", "manifests", "snapshots",
    ]
    guard let spec = fields(place, known: known, absent: Self.absent) else { return nil }
    let environments = Environment.allCases.map(\.rawValue).joined(separator: ", ")
    let environment = required(spec, "environment", "one of \(environments)").flatMap {
      choice($0, of: Environment.allCases)
    }
    let grades = Self.requirable.map(\.rawValue).joined(separator: ", ")
    let requires = required(spec, "requires", "one of \(grades)").flatMap {
      choice($0, of: Self.requirable)
    }
    let policy = spec["policy"].map { choice($0, of: CutPolicy.allCases) } ?? .strict
    let freeze = spec["freeze"].map { self.freeze($0) } ?? FreezeLimits()
    let services = required(spec, "services", "a list of at least one service").flatMap {
      self.services($0)
    }
    let manifests = spec["manifests"].map { self.manifests($0) }
    let snapshots = spec["snapshots"].map { self.snapshots($0) }
    guard let name, let environment, let requires, let policy, let freeze, let services else {
      return nil
    }
    return BackupPlan(
      name: name, environment: environment, requires: requires, policy: policy, freeze: freeze,
      services: services, manifests: manifests ?? nil, snapshots: snapshots ?? nil)
  }

  private mutating func freeze(_ place: Place) -> FreezeLimits? {
    guard let fields = fields(place, known: ["budget", "cap", "drain"]) else { return nil }
    let longest = FreezeLimits.longestCap
    let cap =
      fields["cap"].map { duration($0, longest: longest) } ?? FreezeLimits.defaultCap
    // Without a budget of its own, a short cap lowers the default.
    let budget =
      fields["budget"].map { duration($0, longest: longest) }
      ?? cap.map { min($0, FreezeLimits.defaultBudget) }
    let drain = fields["drain"].map { boolean($0) } ?? false
    guard let cap, let budget, let drain else { return nil }
    guard budget <= cap else {
      note(
        fields["budget"] ?? place,
        "budget \(budget.planText) is above the cap \(cap.planText): no hold could use it")
      return nil
    }
    return FreezeLimits(budget: budget, cap: cap, drain: drain)
  }
}
