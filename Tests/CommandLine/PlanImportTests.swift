internal import Foundation
internal import OperatorFakes
internal import Testing

@Suite struct `Importing a plan at the command line` {
  private static let pod = """
    apiVersion: v1
    kind: Pod
    metadata:
      name: web
      namespace: shop
      labels: {app: web}
      annotations: {pre.hook.backup.velero.io/command: '["fsfreeze","-f","/data"]'}
    spec:
      containers: [{name: app, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: web}}]

    """
  private static let backup = """
    ---
    apiVersion: velero.io/v1
    kind: Backup
    metadata: {name: nightly, namespace: velero}
    spec: {includedNamespaces: [shop], ttl: 24h}

    """

  @Test func `prints the plan, and beside it what became of each part`() async throws {
    try await Shell.bare { shell in
      let run = try await shell.run(
        "plan", "import", "-f", "-", "--environment", "test", input: Self.pod)
      #expect(run.status == 0, "\(run.error)")
      #expect(run.output.contains("  name: shop\n"))
      #expect(run.output.contains("  environment: test  #"))
      #expect(run.output.contains("        - {filesystem: {}}  # from Pod shop/web, pre.hook"))
      #expect(run.error.hasPrefix("OUTCOME  OBJECT        FIELD "), "\(run.error)")
      #expect(
        run.error.hasSuffix("plan shop with 1 services: 0 carried, 1 changed, 0 not carried\n"))
    }
  }

  @Test func `ends with 3 when something is lost, and is one document when that is asked for`()
    async throws
  {
    try await Shell.bare { shell in
      let run = try await shell.run(
        "plan", "import", "-f", "-", "-o", "json", input: Self.pod + Self.backup)
      #expect(run.status == 3)
      #expect(run.error.isEmpty)
      let document = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
      let fields = document as? [String: Any]
      #expect(fields?["complete"] as? Bool == false)
      #expect((fields?["plan"] as? String)?.contains("name: nightly") == true)
      let remarks = fields?["remarks"] as? [[String: Any]]
      let lost = remarks?.filter { $0["outcome"] as? String == "not carried" }
      #expect(lost?.map { $0["field"] as? String } == ["spec.ttl"])
      #expect(lost?.map { $0["line"] as? Int } == [15])
    }
  }

  @Test func `reads files and directories, and replaces no file unless it is told to`() async throws
  {
    try await Shell.bare { shell in
      let folder = shell.directory.appending(path: "manifests")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(Self.pod.utf8).write(to: folder.appending(path: "a.yaml"))
      try Data(Self.backup.utf8).write(to: folder.appending(path: "b.yml"))
      try Data("{".utf8).write(to: folder.appending(path: "c.txt"))
      let target = shell.directory.appending(path: "plan.yaml")
      let arguments = ["plan", "import", "-f", folder.path, "--to", target.path]
      let first = try await shell.run(arguments)
      #expect(first.status == 3, "\(first.error)")
      #expect(first.output.isEmpty)
      let text = try String(contentsOf: target, encoding: .utf8)
      #expect(text.contains("kind: BackupPlan\n"))
      let attributes = try FileManager.default.attributesOfItem(atPath: target.path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)

      let again = try await shell.run(arguments)
      #expect(again.status == 1)
      #expect(again.error == "error: \(target.path) exists\nhint: --force replaces it\n")
      try Data("old".utf8).write(to: target)
      let forced = try await shell.run(arguments + ["--force"])
      #expect(forced.status == 3)
      #expect(try String(contentsOf: target, encoding: .utf8) == text)
    }
  }

  @Test func `says with file and line what cannot be read, and writes nothing`() async throws {
    try await Shell.bare { shell in
      let target = shell.directory.appending(path: "plan.yaml")
      let bad = try await shell.run(
        "plan", "import", "-f", "-", "--to", target.path, input: "a: [\n")
      #expect(bad.status == 1)
      #expect(bad.error.hasPrefix("error: nothing was imported: standard input:"), "\(bad.error)")
      #expect(!FileManager.default.fileExists(atPath: target.path))
      #expect(try await shell.run("plan", "import", "-f", "/nowhere").status == 1)
      #expect(try await shell.run("plan", "import", "-f", "-", input: "").status == 1)
      let usage = try await shell.run("plan", "import")
      #expect(usage.status == 2)
      #expect(try await shell.run("plan", "import", "-f", "-", "--name", "UPPER").status == 2)
      #expect(try await shell.run("plan", "import", "-f", "-", "--environment", "x").status == 2)
    }
  }
}
