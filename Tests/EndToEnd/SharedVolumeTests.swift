import CutProtocol
import DemoFleet
import Foundation
import Model
import OperatorWire
import Testing

/// Two services that write to one volume, beside a volume of each: every number goes from the first's upload to the second's index,
/// back to the shared volume, and to the first's own. A backup that has a number has all that came before it.
@Suite(.serialized, .enabled(if: isRoot, needsRoot))
struct SharedVolumeTests {
  private static let writers = [
    // Waits for the number that it wrote to be seen before it notes it.
    "uploads": """
    n=0; while :; do pause; n=$((n+1)); put /shared/upload $n
      until [ "$(cat /shared/seen 2>/dev/null)" = $n ]; do pause; sleep 0.005; done; put /own/number $n; done
    """,
    "index": """
    n=1; while :; do until [ "$(cat /shared/upload 2>/dev/null)" = $n ]; do pause; sleep 0.005; done
      put /own/number $n; put /shared/seen $n; n=$((n+1)); done
    """,
  ]

  /// Numbers are replaced as a whole. Asked to pause, a writer answers and waits.
  private static let words = """
    put() { echo $2 > $1.new && mv $1.new $1; }
    pause() { while [ -e /tmp/pause ]; do touch /tmp/paused; sleep 0.01; done; }
    """

  private static let plan = """
    apiVersion: stillpoint.dev/v1alpha1
    kind: BackupPlan
    metadata: {name: shared}
    spec:
      environment: test
      requires: application-consistent
      services:

    """
    + ["uploads", "index"].map { name in
      """
          - name: \(name)
            selector: {app: \(name)}
            hold:
              - command:
                  pre: ["/bin/sh", "-c", "touch /tmp/pause; until [ -e /tmp/paused ]; do sleep 0.01; done; sync -f /own; sync -f /shared"]
                  post: ["/bin/sh", "-c", "rm -f /tmp/pause /tmp/paused"]
                  fences: true
            volumes: all

      """
    }.joined()

  @Test(.timeLimit(.minutes(15)))
  func `a volume of two services is cut once, and holds what belongs to the volumes of both`()
    async throws
  {
    try await withFleetDirectory { directory in
      let fleet = try await Fleet.create(
        in: directory, programs: try ProgramSet(), shopFiles: try shopFiles())
      try await fleet.startContainerEngines()
      try await fleet.onEveryNode { try await $0.startDriver() }
      try await fleet.coordinator.start()
      try await fleet.enrolAgents()
      let node = fleet.node(of: .orders)
      let shared = try await node.createVolume("shared", size: "64Mi")
      for (name, script) in Self.writers {
        _ = try await node.engine.run(
          Workload(
            name: name, command: ["/bin/sh", "-c", Self.words + "\n" + script], account: .root,
            mounts: [
              .init(shared, at: "/shared"),
              .init(try await node.createVolume(name, size: "64Mi"), at: "/own"),
            ]))
      }
      for name in Self.writers.keys { try await fleet.waitUntilDiscovered(name, on: node) }
      try await waitUntil("the first numbers", within: .seconds(60)) {
        try number(in: node.mountPoint(ofVolume: "uploads") + "/number") > 10
      }

      let shell = fleet.coordinator.shell
      let file = directory.path + "/shared.yaml"
      try Self.plan.write(toFile: file, atomically: true, encoding: .utf8)
      try await shell.run(["plan", "apply", "-f", file])
      for round in 1...3 {
        try await backUpAndCompare(shell, into: "\(directory.path)/copy-\(round)")
      }
    }
  }

  private func backUpAndCompare(_ shell: OperatorShell, into copy: String) async throws {
    let backup = try await shell.createBackup(of: "shared")
    #expect(backup.verdict?.grade == .applicationConsistent, "\(backup.verdict as Any)")
    let statements = try await shell.statements(of: backup.id)
    let records = statements.flatMap(\.snapshots).filter { $0.containerPath == "/shared" }
    #expect(Set(records.map(\.handle)).count == 1)
    #expect(Set(records.map(\.takenBy?.text)) == [nil, "index"])

    let restore = try await shell.ask(
      ["restore", "create", backup.id.text, "--into", copy, "--wait"], as: RestoreBody.self)
    #expect(restore.state == .completed, "\(restore.reason ?? "")")
    func restored(_ member: String, _ path: String, _ file: String) throws -> Int {
      let step = restore.steps.first { $0.member.text == member && $0.containerPath == path }
      return try number(in: try #require(step?.restored?.publishedAt) + "/" + file)
    }
    let chain = try [
      restored("uploads", "/own", "number"), restored("uploads", "/shared", "seen"),
      restored("index", "/own", "number"), restored("index", "/shared", "upload"),
    ]
    #expect(chain == chain.sorted() && chain[3] - chain[0] <= 1, "\(chain)")
    try await shell.run(["backup", "delete", backup.id.text])
  }

  /// 0 while there is none.
  private func number(in file: String) throws -> Int {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return 0 }
    return try #require(Int(text.filter { $0 != "\n" }))
  }
}
