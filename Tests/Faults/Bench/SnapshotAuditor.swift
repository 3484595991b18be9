internal import CutProtocol
internal import DemoFleet
internal import FoundationEssentials
internal import Glibc
internal import Model
internal import OperatorWire

/// A host of its own on which copies of a backup's snapshots are opened by real servers and read.
struct SnapshotAuditor: Sendable {
  private let engine: ContainerEngine
  private let shop: Shop
  private let prober: String
  private let address: String
  /// Where copies are mounted.
  private let directory: String

  static func create(on fleet: Fleet, files: Bench.SourceFiles) async throws -> SnapshotAuditor {
    let number = 100
    let namespace = try await fleet.network.addHost("auditor", number: number)
    let address = fleet.network.address(number)
    let directory = "\(fleet.directory.path)/auditor"
    let engine = try ContainerEngine(
      node: "auditor", namespace: namespace, directory: directory, fleet: fleet.directory)
    let addresses = Dictionary(uniqueKeysWithValues: Shop.Store.allCases.map { ($0, address) })
    return SnapshotAuditor(
      engine: engine, shop: fleet.shop.reached(at: addresses),
      prober: "\(files.harness)/prober.py", address: address, directory: directory)
  }

  func start() async throws {
    try await engine.start()
    try await engine.load(try await ImageSet.build(in: directory + "/images"))
  }

  /// What each store of the backup holds, by the names of its counts.
  func read(_ backup: BackupBody, on bench: Bench) async throws -> [Member: [String: Int]] {
    var copies: [Copy] = []
    var servers: [RunningWorkload] = []
    do {
      for member in Member.stores {
        copies.append(try await Copy.make(of: member, in: backup, on: bench, below: directory))
      }
      for (member, copy) in zip(Member.stores, copies) {
        guard let store = member.store else { continue }
        servers.append(try await engine.run(try shop.server(of: store, on: copy.mountPoint)))
      }
      let counts = try await readCounts(copies)
      try await clear(servers, copies)
      return counts
    } catch {
      // The first error is the one to tell.
      try? await clear(servers, copies)
      throw error
    }
  }

  private func clear(_ servers: [RunningWorkload], _ copies: [Copy]) async throws {
    for server in servers { try await engine.stop(server, grace: .zero) }
    for copy in copies { try await copy.remove() }
  }

  private func readCounts(_ copies: [Copy]) async throws -> [Member: [String: Int]] {
    let places = zip(Member.stores, copies).map { member, copy in
      member.store?.place(at: address) ?? "\(member.rawValue)=file:\(copy.mountPoint)"
    }
    let command = Command(
      "/usr/bin/python3", [prober, "read"] + places, environment: shop.environment)
    var refusal = ""
    let counts: [String: [String: Int]]
    do {
      counts = try await eventually(
        "an answer of every copy", within: .seconds(60), every: .milliseconds(50)
      ) {
        let outcome = try await command.outcome()
        refusal = outcome.summary
        guard outcome.status == 0 else { return nil }
        return try JSONDecoder().decode(
          [String: [String: Int]].self, from: Data(outcome.output.utf8))
      }
    } catch let error as DemoError {
      throw DemoError("\(error.message): \(refusal)")
    }
    return Dictionary(
      uniqueKeysWithValues: counts.compactMap { name, counts in
        Member(rawValue: name).map { ($0, counts) }
      })
  }
}

/// A writable copy of one snapshot, mounted.
private struct Copy: Sendable {
  let image: String
  let mountPoint: String

  static func make(
    of member: Member, in backup: BackupBody, on bench: Bench, below directory: String
  ) async throws -> Copy {
    let taken = backup.members.first { $0.name.text == member.rawValue }?.snapshots ?? []
    guard let snapshot = taken.first, taken.count == 1 else {
      throw DemoError("backup \(backup.id) has \(taken.count) snapshots of \(member.rawValue)")
    }
    let pool = bench.node(of: member).pool
    let copy = Copy(
      image: "\(pool)/audit-\(member.rawValue).img",
      mountPoint: "\(directory)/\(member.rawValue)/mount")
    try FileManager.default.createDirectory(
      atPath: copy.mountPoint, withIntermediateDirectories: true)
    try await Command(
      "cp", ["--reflink=always", "\(pool)/snapshots/\(snapshot.snapshot.text).img", copy.image]
    ).run()
    // XFS refuses a copy of a filesystem that is mounted, unless told.
    let options = member == .files ? "loop,nouuid" : "loop"
    try await Command("mount", ["-o", options, copy.image, copy.mountPoint]).run()
    return copy
  }

  func remove() async throws {
    try await waitUntil("the unmounting of \(mountPoint)", within: .seconds(10)) {
      umount2(mountPoint, 0) == 0 || errno == EINVAL
    }
    unlink(image)
  }
}
