internal import CoordinatorCore
internal import Foundation
internal import Identity
internal import Model
internal import OperatorFakes
internal import OperatorWire
internal import Testing

@Suite struct `stillpoint operator` {
  @Test
  func `create writes a directory with which the new operator is answered, and renew keeps it so`()
    async throws
  {
    try await Shell.serving { shell, coordinator in
      let path = shell.directory.appending(path: "bob").path
      let made = try await shell.run("operator", "create", "bob", "--directory", path)
      #expect(made.status == 0, "\(made.error)")
      #expect(made.output.hasPrefix("wrote \(path): the identity of bob, valid until "))
      var bob = shell
      bob.configuration = path
      let certificate = URL(filePath: path).appending(path: "operator.pem")
      let first = try Data(contentsOf: certificate)
      #expect(try await bob.run("status").status == 0)
      let renewed = try await bob.run("operator", "renew")
      #expect(renewed.status == 0, "\(renewed.error)")
      #expect(try Data(contentsOf: certificate) != first)
      #expect(try await bob.run("plan", "delete", "shop").status == 0)
      let cancelled = try await bob.run("backup", "cancel", "b1")
      #expect(cancelled.output.hasPrefix("backup b1 is being cancelled"), "\(cancelled.error)")
      #expect(
        coordinator.shop.calls == [
          "alice operator.create bob", "bob operator.renew bob", "bob plan.delete shop",
          "bob backup.cancel b1",
        ])
      let again = try await shell.run("operator", "create", "eve", "--directory", path)
      #expect(again.status == 1)
      #expect(again.error.contains("operator.pem is there already"))
    }
  }

  @Test func `revoke shuts the operator out, and list shows it`() async throws {
    let shop = Example.shop()
    let name = OperatorName(accepted: "bob")
    shop.change {
      $0.operators = [
        OperatorRecord(
          name: name,
          certificate: OperatorCertificate(
            name: name, issued: Example.start, expires: Example.start + .seconds(60)),
          revokedAt: Example.start + .seconds(1))
      ]
    }
    try await Shell.serving(shop) { shell, coordinator in
      let revoked = try await shell.run("operator", "revoke", "bob")
      #expect(revoked.output == "operator bob is revoked; the next request is refused\n")
      #expect(revoked.error == "no certificate of bob has been seen: is the name right?\n")
      var bob = shell
      bob.configuration = try coordinator.configuration(
        named: "bob", credential: coordinator.operatorCredential("bob"))
      let refused = try await bob.run("status")
      #expect(refused.status == 1)
      #expect(refused.error.contains("operator bob was revoked at noon"))
      let list = try await shell.run("operator", "list")
      #expect(
        list.output == """
          OPERATOR  IDENTITY  ISSUED                EXPIRES               REVOKED
          bob       revoked   2026-03-04T05:06:07Z  2026-03-04T05:07:07Z  2026-03-04T05:06:08Z

          """, "\(list.error)")
    }
  }

  @Test func `a certificate that ends soon is said with every command`() async throws {
    try await Shell.serving { shell, coordinator in
      var soon = shell
      let short = try coordinator.authority.issueOperator(
        OperatorName("carol"), lifetime: .seconds(7200))
      soon.configuration = try coordinator.configuration(named: "carol", credential: short)
      let run = try await soon.run("node", "list")
      #expect(run.status == 0)
      #expect(run.error.contains("your certificate ends at "))
      #expect(run.error.contains("run: stillpoint operator renew"))
      #expect(try await shell.run("node", "list").error.isEmpty)
    }
  }
}
