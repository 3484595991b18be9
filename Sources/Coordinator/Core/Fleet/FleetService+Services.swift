package import Model

extension FleetService {
  package func service(_ reference: ServiceReference) async throws(OperationError) -> ServiceID {
    let matches: ServiceMatches
    do {
      matches = try await sources.placements.services(named: reference)
    } catch {
      throw OperationError(error)
    }
    if let first = matches.found.first, matches.found.count == 1 { return first }
    if !matches.found.isEmpty {
      throw OperationError(
        .invalid, "\(matches.found.count) services are called \(reference)",
        hint: "say which, by name and namespace: \(Self.list(matches.found))")
    }
    guard matches.told.isEmpty else {
      throw OperationError(
        .notFound, "no service is called \(reference)",
        hint: "containers that were told under this name belong to \(Self.list(matches.told))")
    }
    throw OperationError(
      .notFound, "no service \(reference) was ever seen", hint: "see 'stillpoint service list'")
  }

  private static func list(_ services: [ServiceID]) -> String {
    let shown = services.prefix(8).map(\.description).joined(separator: ", ")
    return services.count > 8 ? "\(shown) and \(services.count - 8) more" : shown
  }
}
