internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import Glibc
internal import Model
internal import OperatorFakes
internal import OperatorWire
internal import Synchronization
internal import Testing

@Suite struct `The stillpoint program` {
  @Test func `ends with 2 when it is used wrongly, and says how to use it`() async throws {
    try await Shell.bare { shell in
      for arguments in [["frobnicate"], ["backup", "create"], ["status", "-o", "xml"]] {
        let run = try await shell.run(arguments)
        #expect(run.status == 2, "\(arguments): \(run.error)")
        #expect(run.error.contains("Usage: stillpoint"))
        #expect(run.output.isEmpty)
      }
      let name = try await shell.run("backup", "show", "UPPER")
      #expect(name.status == 2)
      #expect(name.error.contains("'UPPER' is no valid backup ID: must be 1 to 63 lower-case"))
      let both = try await shell.run("backup", "verify", "b1", "--file", "f.json")
      #expect(both.status == 2)
      let help = try await shell.run("--help")
      #expect(help.status == 0)
      #expect(help.output.contains("SUBCOMMANDS:"))
    }
  }

  @Test func `ends with 1 when it is not configured, and says what to do`() async throws {
    try await Shell.bare { shell in
      let run = try await shell.run("status")
      #expect(run.status == 1)
      #expect(run.output.isEmpty)
      #expect(
        run.error == """
          error: there is no configuration directory \(shell.directory.path)/.config/stillpoint
          hint: copy <stateDirectory>/operator of the coordinator's host there, or name one with \
          --config or STILLPOINT_CONFIG

          """)
    }
  }

  @Test func `shows the same list as table and as documents`() async throws {
    try await Shell.serving { shell, _ in
      let table = try await shell.run("service", "where", "orders", "--at", "2026-03-04T05:06:07Z")
      #expect(
        table.output == """
          orders in shop at 2026-03-04T05:06:07Z

          NODE    CONTAINER     POD       FROM                  TO                    ENDED
          node-1  0123456789ab  orders-0  2026-03-04T05:06:07Z  now                   -
          node-2  0123456789ab  orders-0  2026-03-04T04:56:07Z  2026-03-04T05:06:02Z  exited 0

          unknown, since nobody watched these nodes:
            node-2  from 2026-03-04T05:06:02Z to 2026-03-04T05:06:07Z

          """, "\(table.error)")
      let service = try await shell.run("service", "show", "orders")
      #expect(
        service.output.hasPrefix(
          """
          service:           orders
          namespace:         shop
          owner:             StatefulSet/orders in shop

          """),
        "\(service.output)\(service.error)")
      #expect(service.output.contains("\nenvironment:       production\n"))
      #expect(
        service.output.hasSuffix(
          """

          CLAIM          POD       VOLUME  DRIVER                HANDLE
          data-orders-0  orders-0  pv-7    local.stillpoint.dev  vol-orders

          """), "\(service.output)")
      let list = try await shell.run("service", "list", "-o", "wide")
      #expect(
        list.output.contains("orders    shop       StatefulSet  node-1   shop"), "\(list.output)")
      #expect(
        list.output.contains("payments  shop       -            node-2   shop"), "\(list.output)")
      let named = try await shell.run("service", "show", "orders.shop")
      #expect(named.output == service.output, "\(named.error)")
      let wrong = try await shell.run("service", "show", "shop/orders")
      #expect(wrong.status == 2 && wrong.error.contains("NAME or NAME.NAMESPACE"))
      #expect(list.output.contains("StatefulSet/orders in shop"), "\(list.output)")
      let json = try await shell.run("node", "list", "-o", "json")
      let nodes = try JSONDecoder().decode(Items<NodeBody>.self, from: Data(json.output.utf8))
      #expect(nodes.items.map(\.name.text) == ["node-1", "node-2"])
      let yaml = try await shell.run("audit", "list", "-o", "yaml")
      #expect(
        yaml.output == """
          items:
          - action: plan.apply
            actor: alice
            detail: ''
            object: shop
            time: '2026-03-04T05:06:07.000Z'

          """)
    }
  }

  @Test func `passes on a plan's errors as they are`() async throws {
    try await Shell.serving { shell, coordinator in
      let run = try await shell.run(
        "plan", "apply", "-f", "-", input: "apiVersion: stillpoint.dev/v1alpha1\nkind: Nonsense\n")
      #expect(run.status == 1)
      #expect(run.error.hasPrefix("error: the plan has "))
      #expect(run.error.contains("line 2: "))
      let missing = try await shell.run("plan", "apply", "-f", "/nowhere/plan.yaml")
      #expect(missing.error == "error: there is no file /nowhere/plan.yaml\n")
      #expect(coordinator.shop.calls.isEmpty)
    }
  }

  @Test func `follows a cut to its end and tells whether the grade was met`() async throws {
    for (requires, status) in [(Grade.applicationConsistent, Int32(0)), (.failed, 0)] {
      try await follow(requires: requires, verdict: nil, expected: status)
    }
    let poor = Verdict(grade: .unproven, drained: false, sentence: "orders: evidence is missing")
    try await follow(requires: .applicationConsistent, verdict: poor, expected: 3)
    let failed = Verdict(grade: .failed, drained: false, sentence: "orders: no snapshot")
    try await follow(requires: .applicationConsistent, verdict: failed, expected: 1)
  }

  private func follow(requires: Grade, verdict: Verdict?, expected: Int32) async throws {
    try await Shell.serving { shell, coordinator in
      let running = try Example.record(nil, requires: requires)
      let evidence = try await Example.evidence(coordinator.authority, requires: requires)
      var ended = try Example.record(evidence, requires: requires)
      if let verdict { ended.verdict = verdict }
      let record = ended
      coordinator.shop.change { $0.backups = [running] }
      let run = try await shell.run("backup", "create", "shop", "--wait") { _ in
        try await until { coordinator.shop.followers > 0 }
        coordinator.shop.tell(
          BackupLogEntry(time: Example.start, member: Example.orders, text: "held"))
        coordinator.shop.change { $0.backups = [record] }
        coordinator.shop.finishProgress()
      }
      #expect(run.status == expected, "\(run.error)")
      #expect(
        run.error == """
          backup shop-20260304-050607 of shop is under way
          +0 µs       orders           held

          """)
      #expect(run.output.contains("backup:    shop-20260304-050607\n"))
    }
  }

  @Test func `leaves the cut running when it is interrupted, and says so`() async throws {
    try await Shell.serving { shell, coordinator in
      let running = try Example.record(nil)
      coordinator.shop.change { $0.backups = [running] }
      let run = try await shell.run("backup", "create", "shop", "--wait") { process in
        try await until { coordinator.shop.followers > 0 }
        kill(process, SIGINT)
      }
      #expect(run.status == 1)
      #expect(
        run.error.hasSuffix(
          "interrupted: backup shop-20260304-050607 goes on without this program; see it with: "
            + "stillpoint backup show shop-20260304-050607\n"))
      #expect(coordinator.shop.calls == ["alice backup.create shop"])
    }
  }

  @Test func `exports evidence that verifies on a machine that never saw the fleet`() async throws {
    try await Shell.serving { shell, coordinator in
      let evidence = try await Example.evidence(coordinator.authority)
      let record = try Example.record(evidence)
      coordinator.shop.change {
        $0.evidence = evidence
        $0.backups = [record]
      }
      let shown = try await shell.run("backup", "show", "shop-20260304-050607")
      #expect(shown.status == 0, "\(shown.error)")
      #expect(shown.output.contains("◆"))
      #expect(shown.output.contains("window:    43.0 ms, longest at orders\n"), "\(shown.output)")
      let wide = try await shell.run("backup", "show", "shop-20260304-050607", "-o", "wide")
      #expect(wide.output.contains("  shop       StatefulSet/orders  0 "), "\(wide.output)")
      let exported = try await shell.run("backup", "show", "shop-20260304-050607", "-o", "json")
      #expect(exported.output.contains(#""slowest" : "orders""#), "\(exported.output)")
      let file = shell.directory.appending(path: "shop.json")
      try Data(exported.output.utf8).write(to: file)
      var stranger = shell
      stranger.configuration = nil
      let good = try await stranger.run("backup", "verify", "--file", file.path)
      #expect(good.status == 0, "\(good.error)")
      #expect(good.output.contains("required:  application-consistent: met\n"))
      try Data(exported.output.utf8.prefix(2000)).write(to: file)
      let truncated = try await stranger.run("backup", "verify", "--file", file.path)
      #expect(truncated.status == 1)
      #expect(truncated.error.contains("is not complete JSON: it may have been cut off"))
    }
  }

  @Test func `tells which snapshots of a proved backup are missing, and ends with 3`() async throws
  {
    try await Shell.serving { shell, coordinator in
      let evidence = try await Example.evidence(coordinator.authority)
      let record = try Example.record(evidence)
      let standings = ["snap-1", "snap-2", "snap-3"].map {
        SnapshotStanding(
          member: Example.orders, node: Example.node(1), containerPath: "/data",
          reference: SnapshotReference(
            driver: DriverName(accepted: "csi.example.org"), snapshot: SnapshotHandle(accepted: $0)),
          presence: .there)
      }
      coordinator.shop.change {
        $0.evidence = evidence
        $0.backups = [record]
        $0.snapshots = standings
        $0.snapshots[2].presence = .unknown("node-1 is not connected")
      }
      let backup = record.plan.plan.backup.text
      let good = try await shell.run("backup", "verify", backup)
      #expect(good.status == 0, "\(good.error)")
      #expect(good.output.contains("  2 of 3 there\n"), "\(good.output)")
      #expect(good.output.contains(" 1 snapshot: node-1 is not connected\n"))
      coordinator.shop.change { $0.snapshots[1].presence = .missing }
      let poor = try await shell.run("backup", "verify", backup)
      #expect(poor.status == 3)
      #expect(
        poor.output.contains("snap-2 of csi.example.org on node-1, /data of orders\n"),
        "\(poor.output)")
      let document = try await shell.run("backup", "verify", backup, "-o", "json")
      #expect(document.output.contains(#""state" : "missing""#), "\(document.output)")
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `writes completion scripts`(shellName: String) async throws {
    try await Shell.bare { shell in
      let run = try await shell.run("--generate-completion-script", shellName)
      #expect(run.status == 0)
      #expect(run.output.contains("stillpoint"))
      for word in ["backup", "restore", "history", "accept-unproven"] {
        #expect(run.output.contains(word))
      }
      guard shellName == "bash" else { return }
      let file = shell.directory.appending(path: "completion.bash")
      try Data(run.output.utf8).write(to: file)
      let check = try await ProgramRun.of(
        URL(filePath: "/bin/bash"), ["-n", file.path], environment: [:], in: shell.directory)
      #expect(check.status == 0, "\(check.error)")
    }
  }

  @Test func `completes names by asking, and nothing when nobody answers`() async throws {
    try await Shell.serving { shell, _ in
      let words = ["---completion", "node", "show", "--", "positional@0", "2", "0"]
      let run = try await shell.run(words + ["stillpoint", "node", "show"])
      #expect(run.output == "node-1\nnode-2\n", "\(run.error)")
      var alone = shell
      alone.configuration = "/nowhere"
      let nothing = try await alone.run(words + ["stillpoint", "node", "show"])
      #expect(nothing.output.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty)
    }
  }

  @Test func `completes a service by its name, and by its namespace where several have it`()
    async throws
  {
    try await Shell.serving { shell, coordinator in
      var stage = Example.service(Example.orders, on: Example.node(2))
      stage.service.namespace = "stage"
      coordinator.shop.memory.withLock { [stage] in $0.services.append(stage) }
      let run = try await shell.run([
        "---completion", "service", "show", "--", "positional@0", "2", "0", "stillpoint", "service",
        "show",
      ])
      #expect(run.output == "orders.shop\npayments\norders.stage\n", "\(run.error)")
    }
  }

  @Test func `tells a backup that waits from one that runs`() async throws {
    try await Shell.serving { shell, coordinator in
      let record = try Example.record(nil)
      coordinator.shop.change { memory in
        memory.backups = [record]
        memory.waiting = [record.plan.plan.backup: "backup b-0, which uses orders too"]
      }
      let list = try await shell.run("backup", "list")
      #expect(list.output.contains("  waiting  "), "\(list.output)\(list.error)")
      let one = try await shell.run("backup", "show", record.plan.plan.backup.text)
      #expect(one.output.contains("backup b-0, which uses orders too\n"), "\(one.output)")
      let status = try await shell.run("status")
      #expect(
        status.output.contains(
          "\(record.plan.plan.backup) for backup b-0, which uses orders too\n"),
        "\(status.output)")
      coordinator.shop.change { $0.waiting = [:] }
      #expect(try await shell.run("backup", "list").output.contains("  running  "))
    }
  }

  @Test func `leaves Jobs that ended out of the status, and says how many`() async throws {
    try await Shell.serving { shell, coordinator in
      coordinator.shop.memory.withLock { memory in
        for (name, kind) in [("migrate", "Job"), ("shell", "Pod"), ("report", "CronJob")] {
          var ended = Example.service(ServiceName(accepted: name), on: Example.node(1))
          (ended.kind, ended.placements) = (kind, [])
          memory.services.append(ended)
        }
      }
      let status = try await shell.run("status")
      #expect(status.output.contains("\nreport    shop       CronJob      not running"))
      #expect(!status.output.contains("migrate") && !status.output.contains("\nshell "))
      #expect(
        status.output.contains(
          "\nnot shown: 2 Jobs and Pods that ended, see 'stillpoint service list'\n"),
        "\(status.output)")
      let list = try await shell.run("service", "list")
      #expect(list.output.contains("\nmigrate ") && list.output.contains("\nshell "))
    }
  }

  @Test func `completes a plan's own names where a restore asks for them`() async throws {
    try await Shell.serving { shell, coordinator in
      let plan = BackupPlan(
        name: Example.plan, environment: .test, requires: .crashConsistent, policy: .strict,
        freeze: FreezeLimits(),
        services: ["web", "ledger"].map {
          PlannedService(
            name: ServiceName(accepted: $0), selector: PlacementSelector(labels: ["app": $0]),
            dependsOn: [], holds: [], volumes: .none)
        })
      _ = try await coordinator.shop.applyPlan(plan, source: "", author: "alice")
      let run = try await shell.run([
        "---completion", "restore", "create", "--", "--service", "4", "0", "stillpoint", "restore",
        "create", "--service",
      ])
      #expect(run.output == "ledger\nweb\n", "\(run.error)")
    }
  }

  @Test func `tries a plan's drivers on request, and its exit status says whether they conform`()
    async throws
  {
    try await Shell.serving { shell, coordinator in
      let node = try NodeID("node-1")
      let driver = try DriverName("csi.example.org")
      func answer(_ checks: [ProbeFindings.Check], obstacle: String? = nil) throws {
        let probe = PlanProbe(
          probe: try ProbeID("probe-1"),
          drivers: [
            PlanProbe.Driver(
              node: node,
              findings: ProbeFindings(
                driver: driver, version: "1.2", checks: checks,
                cuts: [Elapsed(.milliseconds(12))], obstacle: obstacle))
          ])
        coordinator.shop.change {
          $0.check = PlanCheck(
            members: [], attainable: .applicationConsistent, requires: .applicationConsistent,
            hazards: [])
          $0.probe = probe
        }
      }
      try answer([.init(.laterWrite, kept: true, detail: "absent")])
      let good = try await shell.run("plan", "check", "shop", "--probe")
      #expect(good.status == 0, "\(good.error)")
      #expect(good.output.contains("driver csi.example.org 1.2 on node-1: conforms\n"))
      #expect(good.output.contains("kept      later-write-absent: absent\n"))
      #expect(good.output.contains("CreateSnapshot took 12.0 ms"))
      #expect(good.error.contains("volumes of their own"))
      #expect(coordinator.shop.calls.contains("alice plan.probe shop"))

      try answer([.init(.laterWrite, kept: false, detail: "present")])
      let bad = try await shell.run("plan", "check", "shop", "--probe", "-o", "json")
      #expect(bad.status == 1)
      let document = try JSONSerialization.jsonObject(with: Data(bad.output.utf8))
      let probe = (document as? [String: Any])?["probe"] as? [String: Any]
      let drivers = probe?["drivers"] as? [[String: Any]]
      #expect(drivers?.first?["outcome"] as? String == "violates")

      try answer([], obstacle: "it cannot make snapshots")
      let unknown = try await shell.run("plan", "check", "shop", "--probe")
      #expect(unknown.status == 1)
      #expect(unknown.output.contains("cannot be probed because it cannot make snapshots\n"))

      let calls = coordinator.shop.calls.count
      #expect(try await shell.run("plan", "check", "shop").status == 0)
      #expect(coordinator.shop.calls.count == calls, "nothing is tried unless it is asked for")
    }
  }
}
