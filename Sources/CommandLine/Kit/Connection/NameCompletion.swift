internal import Foundation
internal import Model
internal import OperatorWire

/// What a name on the command line stands for; the shell completes it by asking the coordinator.
package enum NameKind: Sendable {
  case node, service, plan, backup, restore, operatorName
  /// A service as a plan names it.
  case member
}

/// Names that begin with `prefix`. Empty, never an error and never late, whatever is wrong.
package func completions(
  of kind: NameKind, prefix: String, arguments: [String], environment: [String: String]
) async -> [String] {
  let option = arguments.firstIndex(of: "--config").flatMap { index in
    arguments.indices.contains(index + 1) ? arguments[index + 1] : nil
  }
  // A shell waits for the answer with every key press: what fails or takes long completes nothing.
  let names = await withTaskGroup(of: [String].self) { group in
    group.addTask {
      (try? await fetchNames(kind, option: option, environment: environment)) ?? []
    }
    group.addTask {
      try? await ContinuousClock().sleep(for: .milliseconds(800))
      return []
    }
    defer { group.cancelAll() }
    return await group.next() ?? []
  }
  return names.filter { $0.hasPrefix(prefix) }
}

private func fetchNames(_ kind: NameKind, option: String?, environment: [String: String])
  async throws -> [String]
{
  let settings = try Settings(
    directory: Settings.directory(option: option, environment: environment))
  return try await CoordinatorClient.with(settings) { client in
    switch kind {
    case .node:
      let items: Items<NodeBody> = try await client.get("/v1/nodes")
      return items.items.map(\.name.text)
    case .service:
      let items: Items<ServiceBody> = try await client.get("/v1/services")
      return references(items.items)
    case .plan:
      let items: Items<PlanBody> = try await client.get("/v1/plans")
      return items.items.map(\.name.text)
    case .member:
      let items: Items<PlanBody> = try await client.get("/v1/plans")
      return Set(items.items.flatMap(\.services).map(\.text)).sorted()
    case .backup:
      let items: Items<BackupBody> = try await client.get("/v1/backups")
      return items.items.map(\.id.text)
    case .restore:
      let items: Items<RestoreBody> = try await client.get("/v1/restores")
      return items.items.map(\.id.text)
    case .operatorName:
      let items: Items<OperatorBody> = try await client.get("/v1/operators")
      return items.items.map(\.name.text)
    }
  }
}

/// By which each of them is found: its name alone where no other has it.
func references(_ services: [ServiceBody]) -> [String] {
  let counts = Dictionary(services.map { ($0.name, 1) }, uniquingKeysWith: +)
  return services.map { counts[$0.name] == 1 ? $0.name.text : $0.id.description }
}
