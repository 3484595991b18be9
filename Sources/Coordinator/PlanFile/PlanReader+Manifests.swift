internal import Model

extension PlanReader {
  /// Kinds that one list may name.
  private static let mostKinds = 256

  /// What is taken of the cluster's objects beside the volumes.
  mutating func manifests(_ place: Place) -> ManifestRules? {
    guard let fields = fields(place, known: ["capture", "include", "exclude", "secrets"]) else {
      return nil
    }
    let usual = ManifestRules()
    let capture =
      fields["capture"].map { choice($0, of: ManifestRules.Capture.allCases) } ?? usual.capture
    let secrets =
      fields["secrets"].map { choice($0, of: ManifestRules.Secrets.allCases) } ?? usual.secrets
    let include = fields["include"].map { kinds($0) } ?? []
    let exclude = fields["exclude"].map { kinds($0) } ?? []
    guard let capture, let secrets, let include, let exclude else { return nil }
    return ManifestRules(capture: capture, include: include, exclude: exclude, secrets: secrets)
  }

  private mutating func kinds(_ place: Place) -> [KindPattern]? {
    guard
      let places = list(
        place, "a list of kinds such as [configmaps, deployments.apps]", most: Self.mostKinds)
    else { return nil }
    let kinds = places.map { identifier($0, KindPattern.self) }
    return kinds.contains { $0 == nil } ? nil : kinds.compactMap(\.self)
  }
}
