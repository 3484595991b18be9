internal import ClusterDoctor
internal import ClusterTesting
internal import Foundation
internal import OperatorFakes
internal import Testing

@Suite struct `Looking before an installation` {
  private static func kubeconfig(_ port: Int) -> String {
    """
    apiVersion: v1
    kind: Config
    current-context: test
    clusters: [{name: test, cluster: {server: "http://127.0.0.1:\(port)"}}]
    users: [{name: test, user: {}}]
    contexts: [{name: test, context: {cluster: test, user: test}}]

    """
  }

  @Test func `a cluster that lacks something is told what, and by the exit status`() async throws {
    try await TestCluster.with(APIServer(types: ServedType.builtIn)) { cluster in
      try await Shell.bare { shell in
        let path = shell.directory.appending(path: "kubeconfig").path
        try Data(Self.kubeconfig(cluster.port).utf8).write(to: URL(filePath: path))
        let text = try await shell.run("doctor", "--kubeconfig", path)
        #expect(text.status == 3, "\(text.error)")
        #expect(text.output.contains("\nmissing  snapshot-types"), "\(text.output)")
        #expect(text.output.contains("→ kubectl apply -k"))
        #expect(text.output.hasSuffix("does not work here before what is missing is there\n"))
        let json = try await shell.run("doctor", "--kubeconfig", path, "-o", "json")
        let read = try JSONDecoder().decode(Examination.self, from: Data(json.output.utf8))
        #expect(json.status == 3 && !read.canInstall)
        #expect(read.findings.contains { $0.check == "snapshot-types" && $0.verdict == .missing })
      }
    }
  }

  @Test func `a cluster that has what is needed is told so`() async throws {
    try await TestCluster.with { cluster in
      try await Shell.bare { shell in
        let path = shell.directory.appending(path: "kubeconfig").path
        try Data(Self.kubeconfig(cluster.port).utf8).write(to: URL(filePath: path))
        let text = try await shell.run("doctor", "--kubeconfig", path)
        #expect(text.status == 0, "\(text.output)\(text.error)")
        #expect(text.output.hasSuffix(": Stillpoint can be installed\n"), "\(text.output)")
      }
    }
  }

  @Test func `a cluster that cannot be asked is an error, and no finding`() async throws {
    try await Shell.bare { shell in
      let none = try await shell.run("doctor")
      #expect(none.status == 1)
      #expect(none.error.contains("/.kube/config cannot be read"), "\(none.error)")
      let path = shell.directory.appending(path: "kubeconfig").path
      try Data(Self.kubeconfig(1).utf8).write(to: URL(filePath: path))
      let away = try await shell.run("doctor", "--kubeconfig", path)
      #expect(away.status == 1 && away.output.isEmpty)
      #expect(away.error.hasPrefix("error: the cluster was not looked at: "), "\(away.error)")
    }
  }

  @Test func `a machine is looked at without any cluster`() async throws {
    try await Shell.bare { shell in
      let run = try await shell.run(
        "doctor", "--node", "--runtime-socket", "/nowhere.sock", "-o", "json")
      let read = try JSONDecoder().decode(Examination.self, from: Data(run.output.utf8))
      #expect(run.status == 3 && !read.canInstall)
      #expect(
        Set(read.findings.map(\.check)).isSuperset(of: ["kernel", "cri-socket", "disk-room"]))
      #expect(!read.findings.contains { $0.check == "api-server" })
      let wrong = try await shell.run("doctor", "--runtime-socket", "/nowhere.sock")
      #expect(wrong.status == 2)
    }
  }
}
