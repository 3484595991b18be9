internal import CutProtocol
internal import DemoFleet
internal import FoundationEssentials
internal import Glibc
internal import Model
internal import OperatorWire

/// The real fleet: three nodes, the coordinator, and every member in a container of its own.
struct BenchFleet: Sendable {
  let fleet: Fleet
  let members: [BenchMember]
  /// The directory of the members' scripts.
  let files: String
  /// Durable writes a second and member.
  let rate: Int

  var shell: OperatorShell { fleet.coordinator.shell }

  /// A member's node: they take turns.
  func node(of member: BenchMember) -> NodeHost {
    fleet.nodes[(member.number - 1) % fleet.nodes.count]
  }

  /// Starts everything, and returns once every member is known and under load.
  func start(_ screen: Screen) async throws {
    screen.line("starting three nodes and the coordinator …")
    try await fleet.startContainerEngines()
    try await fleet.onEveryNode { try await $0.startDriver() }
    try await fleet.coordinator.start()
    try await fleet.enrolAgents()
    screen.line("starting \(members.count) members: \(BenchMember.words(members)) …")
    let running = try await startMembers()
    for member in members {
      let log = running[member]?.log ?? ""
      try await waitUntil(
        "the load of \(member.name)", within: .seconds(180), every: .milliseconds(200), log: log
      ) {
        (try? String(contentsOfFile: log, encoding: .utf8))?.contains(" writes, ") == true
      }
    }
    for member in members {
      try await fleet.waitUntilDiscovered(member.name, on: node(of: member))
    }
  }

  private func startMembers() async throws -> [BenchMember: RunningWorkload] {
    try await withThrowingTaskGroup(of: [BenchMember: RunningWorkload].self) { group in
      for node in fleet.nodes {
        let own = members.filter { self.node(of: $0).name == node.name }
        group.addTask {
          var running: [BenchMember: RunningWorkload] = [:]
          for member in own { running[member] = try await start(member, on: node) }
          return running
        }
      }
      var all: [BenchMember: RunningWorkload] = [:]
      for try await part in group { all.merge(part) { first, _ in first } }
      return all
    }
  }

  private func start(_ member: BenchMember, on node: NodeHost) async throws -> RunningWorkload {
    let volume = try await node.createVolume(member.name, size: member.kind.volumeSize)
    let account = try Account(member.kind.user)
    guard chown(volume, account.user, account.group) == 0 else {
      throw BenchError("\(volume) could not be given to the user \(member.kind.user)")
    }
    return try await node.engine.run(
      DemoFleet.Workload(
        name: member.name, command: ["/bin/sh", "/srv/start.sh"], account: account,
        environment: ["RATE": "\(rate)"],
        mounts: [
          .init(volume, at: member.kind.mountPath),
          .init("\(files)/\(member.kind.rawValue).sh", at: "/srv/start.sh", isReadOnly: true),
          .init("\(files)/load.py", at: "/srv/load.py", isReadOnly: true),
        ]))
  }

  /// Applies the plan of the first members.
  func apply(_ plan: BenchPlan) async throws {
    let file = "\(fleet.directory.path)/\(plan.name).yaml"
    try Data(plan.text.utf8).write(to: URL(filePath: file))
    try await shell.run(["plan", "apply", "-f", file])
  }
}
