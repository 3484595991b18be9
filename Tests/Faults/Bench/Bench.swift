package import DemoFleet
internal import FoundationEssentials

/// A small real fleet that faults strike: three nodes, five services, a prober at each store, and a host on which
/// copies of snapshots are looked at.
package struct Bench: Sendable {
  let directory: FleetDirectory
  package let fleet: Fleet
  let shop: RunningShop
  let gates: [Member: Gate]
  let probers: [Prober]
  let auditor: SnapshotAuditor

  /// The node that everything strikes which strikes a node; it runs `orders` and `files`.
  var struckNode: NodeHost { fleet.nodes[0] }
  /// Runs `cart` and `gate`.
  var otherNode: NodeHost { fleet.nodes[2] }
  var stillpoint: OperatorShell { fleet.coordinator.shell }

  static let plan = "faults"

  /// Where the harness's own files and the demo's are.
  package struct SourceFiles: Sendable {
    var harness: String
    var demo: String

    /// - Parameter root: of the source tree.
    package init(root: String) {
      harness = root + "/Tests/Faults/Files"
      demo = root + "/demo"
    }
  }

  /// The node that runs the member.
  func node(of member: Member) -> NodeHost {
    switch member {
    case .orders, .files: fleet.nodes[0]
    case .payments: fleet.nodes[1]
    case .cart, .gate: fleet.nodes[2]
    }
  }

  /// The member's volume on its node.
  func volume(of member: Member) -> String {
    node(of: member).mountPoint(ofVolume: member.rawValue)
  }

  func gate(of member: Member) throws -> Gate {
    guard let gate = gates[member] else { throw DemoError("\(member.rawValue) has no gate") }
    return gate
  }
}

extension Bench {
  /// Brings it all up, in a directory that the caller sweeps at the end, whatever happens here.
  package static func create(
    in directory: FleetDirectory, programs: ProgramSet, files: SourceFiles
  ) async throws -> Bench {
    let fleet = try await Fleet.create(in: directory, programs: programs, shopFiles: files.demo)
    for node in fleet.nodes {
      for path in node.agentDirectories { try await mountSmallDisk(path) }
    }
    let auditor = try await SnapshotAuditor.create(on: fleet, files: files)
    try await fleet.startContainerEngines()
    try await auditor.start()
    try await fleet.onEveryNode { try await $0.startDriver() }
    try await fleet.coordinator.start()
    try await fleet.enrolAgents()
    let shop = RunningShop(on: fleet)
    try await shop.createVolumes(size: "1Gi")
    try await shop.openStores()
    var bench = Bench(
      directory: directory, fleet: fleet, shop: shop,
      gates: [
        .files: try Gate("\(directory.path)/gate-files"),
        .gate: try Gate("\(directory.path)/gate-gate"),
      ], probers: [], auditor: auditor)
    bench = try await bench.withServices(files)
    for member in Member.allCases {
      try await fleet.waitUntilDiscovered(member.rawValue, on: bench.node(of: member))
    }
    try await bench.stillpoint.run(["plan", "apply", "-f", "\(files.harness)/faults.yaml"])
    return bench
  }

  /// A filesystem of its own that can be filled without filling anybody else's; in memory, as `/run` is.
  private static func mountSmallDisk(_ path: String) async throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try await Command(
      "mount", ["-t", "tmpfs", "-o", "size=16m,mode=700", "stillpoint-faults", path]
    ).run()
  }

  /// The services beside the shop's stores, and the probers.
  private func withServices(_ files: SourceFiles) async throws -> Bench {
    let prober = "\(files.harness)/prober.py"
    _ = try await struckNode.createVolume(
      Member.files.rawValue, size: "3Gi", filesystem: "xfs")
    let directory = "\(self.directory.path)/prober-files"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let hooks = Workload.Mount("\(files.harness)/gate.sh", at: "/srv/gate.sh", isReadOnly: true)
    _ = try await struckNode.engine.run(
      Workload(
        name: Member.files.rawValue,
        command: [
          "/usr/bin/python3", "/srv/prober.py", "beat", "/run/prober/socket", "files=file:/files",
        ], account: .root,
        mounts: [
          .init(volume(of: .files), at: "/files"), .init(directory, at: "/run/prober"), hooks,
          .init(prober, at: "/srv/prober.py", isReadOnly: true),
          .init(try gate(of: .files).directory, at: "/gate"),
        ]))
    _ = try await otherNode.engine.run(
      Workload(
        name: Member.gate.rawValue, command: ["/bin/sleep", "1000000"], account: .root,
        mounts: [hooks, .init(try gate(of: .gate).directory, at: "/gate")]))
    var bench = self
    bench = Bench(
      directory: self.directory, fleet: fleet, shop: shop, gates: gates,
      probers: try startProbers(prober) + [Prober(socket: "\(directory)/socket")],
      auditor: auditor)
    try startChain(prober)
    return bench
  }

  /// One prober on each node, for its store and for every volume of it.
  private func startProbers(_ program: String) throws -> [Prober] {
    try fleet.nodes.map { node in
      let socket = "\(node.directory)/prober.sock"
      let members = Member.stores.filter { self.node(of: $0).name == node.name }
      let stores = members.flatMap { member in
        [place(of: member), "\(member.rawValue)-volume=volume:\(volume(of: member))"]
          .compactMap(\.self)
      }
      let daemon = Daemon(
        "prober-\(node.name)", in: node.namespace, of: directory,
        command: ["/usr/bin/python3", program, "beat", socket] + stores,
        environment: fleet.shop.environment)
      try daemon.start()
      return Prober(socket: socket)
    }
  }

  /// Writes to all of them in turn; each effect has its cause in the one before.
  private func startChain(_ program: String) throws {
    let stores = Member.stores.map { place(of: $0) ?? "files=file:\(volume(of: $0))" }
    let daemon = Daemon(
      "chain", in: nil, of: directory,
      command: ["/usr/bin/python3", program, "chain"] + stores,
      environment: fleet.shop.environment)
    try daemon.start()
  }

  /// The database as a prober is told it; nil for the member that only has files.
  private func place(of member: Member) -> String? {
    member.store.map { $0.place(at: node(of: member).address) }
  }
}

extension Shop.Store {
  /// As `prober.py` is told a store.
  func place(at address: String) -> String {
    let kind =
      switch self {
      case .orders: "postgresql"
      case .payments: "mariadb"
      case .cart: "redis"
      }
    return "\(rawValue)=\(kind):\(address):\(port)"
  }
}
