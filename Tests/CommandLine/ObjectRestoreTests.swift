import Model
import OperatorFakes
import Testing

struct `A restore of objects by the command line` {
  @Test func `prints each action of a dry run, and fails when it would be refused`() async throws {
    try await Shell.serving { shell, coordinator in
      let run = try await shell.run(
        "restore", "create", Example.backup.text, "--objects", "--dry-run")
      #expect(run.status == 1)
      #expect(
        run.output == """
          STAGE      ACTION  KIND                    NAMESPACE  NAME  NOTE
          claims     create  persistentvolumeclaims  shop-2     data  from snapshot s
          workloads  refuse  deployments.apps        shop-2     web   is there

          """, "\(run.output)\(run.error)")
      #expect(coordinator.shop.calls == ["preview \(Example.backup)"])
    }
  }

  @Test func `says where the objects go and what becomes of those that are there`() async throws {
    try await Shell.serving { shell, coordinator in
      _ = try await shell.run(
        "restore", "create", Example.backup.text, "--objects", "--namespace", "shop=copy",
        "--existing", "patch")
      #expect(
        coordinator.shop.calls == [
          "alice restore.create \(Example.backup)  - false objects [\"shop\": \"copy\"] patch"
        ])
      let wrong = try await shell.run(
        "restore", "create", Example.backup.text, "--objects", "--existing", "overwrite")
      #expect(
        wrong.error.contains("objects.existing: 'overwrite' is none of skip, patch, fail"))
    }
  }

  @Test func `refuses mappings that are none, and those without objects`() async throws {
    try await Shell.serving { shell, _ in
      for arguments in [
        ["--objects", "--namespace", "shop"], ["--namespace", "a=b"], ["--dry-run"],
        ["--objects", "--namespace", "a=b", "--namespace", "a=c"],
      ] {
        let run = try await shell.run(["restore", "create", Example.backup.text] + arguments)
        #expect(run.status == 2, "\(arguments): \(run.error)")
      }
    }
  }
}
