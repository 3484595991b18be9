import Model
import PlanFile
import SeededRandom
import Testing

extension SplitMix64 {
  fileprivate mutating func maybe<Value>(_ value: @autoclosure () -> Value) -> Value? {
    Bool.random(using: &self) ? value() : nil
  }

  mutating func text() -> String {
    oneOf([
      "yes", "null", "12", "1e3", "~", "- x", "a: b", "#", "&a", "*a", "%", "é", "日本", "\"q\"",
      "it's",
      " padded ", "back\\slash", "a,b", "{", "sh &a; ls *a *b", "2026-01-01", "plain", "x_y-z.0",
      "!t", "@",
    ])
  }
}

private func randomPlan(seed: UInt64) throws -> BackupPlan {
  var random = SplitMix64(seed: seed)
  let names = try (0..<Int.random(in: 1...5, using: &random)).map { try ServiceName("s\($0)") }
  let services = names.enumerated().map { index, name in
    let commands = [random.text(), "line\nbreak\ttab\u{85}\u{2028}", ""]
    let holds: [HoldSpec] = [
      .postgresql(
        PostgreSQLHold(
          user: random.text(), database: random.text(),
          socketDirectory: random.maybe("/run/a b"), port: 1)),
      .mariadb(MariaDBHold(user: random.text(), socket: random.maybe("/run/#x"))),
      .redis(RedisHold(port: 65535, user: random.maybe("u"), passwordFile: random.maybe("/p"))),
      .filesystem, .pause,
      .command(
        CommandHold(
          container: random.maybe("side"), pre: commands, post: ["no"],
          timeout: random.oneOf([.milliseconds(1), .seconds(60), .microseconds(1500)]),
          fences: Bool.random(using: &random))),
    ]
    let hooks = [
      RestoreHook(
        container: random.maybe("side"), command: commands,
        timeout: random.oneOf([.seconds(3600), .milliseconds(1500), .seconds(30)]),
        onFailure: random.oneOf(RestoreHook.OnFailure.allCases)),
      RestoreHook(command: ["/on"]),
    ]
    return PlannedService(
      name: name,
      selector: PlacementSelector(
        labels: random.oneOf([
          ["app": random.text()], ["node": "1", "x/y": ""], ["true": "true", "labels": "no"],
          ["owner": "ann", "namespaceLabels": "1"],
        ]),
        namespace: random.maybe("shop"), container: random.maybe("1"),
        node: random.maybe(NodeID(accepted: "7")), owner: random.maybe("Deployment/7"),
        namespaceLabels: random.maybe(["yes": "true, no"])),
      dependsOn: names[(index + 1)...].filter { _ in Bool.random(using: &random) },
      holds: holds.filter { _ in Bool.random(using: &random) },
      volumes: random.oneOf([.all, VolumeSelection.none, .paths(["/a", "/b c", "/yes"])]),
      afterRestore: random.maybe(hooks))
  }
  let manifests = ManifestRules(
    capture: random.oneOf(ManifestRules.Capture.allCases),
    include: random.oneOf([[], [KindPattern(accepted: "on"), KindPattern(accepted: "1.io")]]),
    exclude: random.oneOf([[], [KindPattern(accepted: ".example.com")]]),
    secrets: random.oneOf(ManifestRules.Secrets.allCases))
  let snapshots = SnapshotRules(
    classes: random.oneOf([[:], ["ebs.csi.aws.com": "no", "a": "1.0"]]),
    groupClasses: random.oneOf([[:], ["on": "kept"]]),
    acrossServices: Bool.random(using: &random))
  return BackupPlan(
    name: try PlanName("7"), environment: random.oneOf(Environment.allCases),
    requires: random.oneOf([.crashConsistent, .groupConsistent, .applicationConsistent]),
    policy: random.oneOf(CutPolicy.allCases),
    freeze: FreezeLimits(
      budget: random.oneOf([.milliseconds(1500), .seconds(1)]), cap: .seconds(59),
      drain: Bool.random(using: &random)),
    services: services,
    manifests: Bool.random(using: &random) ? manifests : nil,
    snapshots: Bool.random(using: &random) ? snapshots : nil)
}

struct `Writing a plan` {
  @Test func `what is written is read back as the same plan`() throws {
    for seed in 1...300 as ClosedRange<UInt64> {
      let plan = try randomPlan(seed: seed)
      let text = PlanFile.text(of: plan)
      let read = try? PlanFile.parse(text)
      #expect(read == plan, "seed \(seed):\n\(text)")
    }
  }

  @Test func `the documented example is written in its own form`() throws {
    let text = PlanFile.text(of: try PlanFile.parse(shopPlan))
    #expect(
      text == """
        apiVersion: stillpoint.dev/v1alpha1
        kind: BackupPlan
        metadata:
          name: shop
        spec:
          environment: production
          requires: application-consistent
          policy: strict
          freeze: {budget: 2s, cap: 10s, drain: false}
          services:
            - name: checkout
              selector: {app: "checkout"}
              dependsOn: [orders, payments]
              hold:
                - {command: {container: app, pre: ["/app/pause"], post: ["/app/resume"], timeout: 5s, fences: false}}
              volumes: all
            - name: orders
              selector: {app: "orders"}
              hold:
                - {postgresql: {user: postgres, database: postgres, port: 5432}}
                - {filesystem: {}}
              volumes: all
            - name: payments
              selector: {app: "payments"}
              hold:
                - {mariadb: {user: root}}
                - {filesystem: {}}
              volumes: all

        """)
  }
}
