import ClusterTesting
import Foundation
import KubernetesClient
import Logging
import Testing

@Suite struct KubernetesCredentialTests {
  @Test func `a client certificate over TLS is who we are`() async throws {
    let authority = try TestAuthority()
    let (certificate, key) = try authority.issue("admin")
    try await TestCluster.with(APIServer(users: ["x": .admin]), over: .tls(authority)) { cluster in
      var access = try cluster.access()
      access.identity = .certificate(
        certificate: .pem(BearerToken(certificate)), key: .pem(BearerToken(key)))
      try await KubernetesClient.with(access, logger: Logger(label: "test")) { client in
        let object = try await client.get(.namespaces, "default")
        #expect(object.name == "default")
      }
      access.identity = .anonymous
      try await KubernetesClient.with(access, logger: Logger(label: "test")) { client in
        let error = await #expect(throws: KubernetesError.self) { try await client.list(.pods) }
        #expect(error?.isForbidden == true)
      }
    }
  }

  @Test func `a server of another authority or another name is not spoken to`() async throws {
    let authority = try TestAuthority()
    let other = try TestAuthority(named: "other")
    try await TestCluster.with(over: .tls(authority)) { cluster in
      var access = try cluster.access()
      access.trust = .pem(try other.pem)
      try await KubernetesClient.with(access, logger: Logger(label: "test")) { client in
        let error = await #expect(throws: KubernetesError.self) { try await client.list(.pods) }
        #expect(error?.code == .identity)
      }
      access = try cluster.access()
      access.serverName = "wrong.example"
      try await KubernetesClient.with(access, logger: Logger(label: "test")) { client in
        let error = await #expect(throws: KubernetesError.self) { try await client.list(.pods) }
        #expect(error?.code == .identity)
      }
      access.serverName = "localhost"
      try await KubernetesClient.with(access, logger: Logger(label: "test")) { client in
        let pods = try await client.list(.pods)
        #expect(pods.items.isEmpty)
      }
      let received = await cluster.api.received()
      #expect(received.count == 1)
    }
  }

  @Test func `a token file is read again when it changes`() async throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let file = try scratch.file("token", "one\n")
    try await TestCluster.with(APIServer(users: ["one": .admin])) { cluster in
      var access = try cluster.access()
      access.identity = .tokenFile(file)
      try await KubernetesClient.with(access, logger: Logger(label: "test")) { client in
        _ = try await client.list(.pods)
        await cluster.api.user("one", nil)
        await cluster.api.user("two", .admin)
        let old = await #expect(throws: KubernetesError.self) { try await client.list(.pods) }
        #expect(old?.status?.code == 401)
        _ = try scratch.file("token", "two\n")
        _ = try await client.list(.pods)
      }
    }
  }

  @Test func `an authority that changes is followed by new connections`() async throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let authority = try TestAuthority()
    let file = try scratch.file("ca.crt", try TestAuthority(named: "old").pem)
    try await TestCluster.with(over: .tls(authority)) { cluster in
      var access = try cluster.access()
      access.trust = .file(file)
      try await KubernetesClient.with(access, logger: Logger(label: "test")) { client in
        await #expect(throws: KubernetesError.self) { try await client.list(.pods) }
        _ = try scratch.file("ca.crt", try authority.pem)
        _ = try await client.list(.pods)
      }
    }
  }

  @Test func `a plugin is asked once, again after its end, and again after a refusal`() async throws
  {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let script = try scratch.file(
      "plugin",
      """
      #!/bin/sh
      echo run >> \(scratch.path)/runs
      case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 3 ;; esac
      printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s","expirationTimestamp":"%s"}}' \
        "$(cat \(scratch.path)/token)" "$(cat \(scratch.path)/end)"

      """, mode: 0o755)
    _ = try scratch.file("token", "one")
    _ = try scratch.file("end", "2099-01-01T00:00:00Z")
    @Sendable func runs() throws -> Int {
      try String(contentsOfFile: "\(scratch.path)/runs", encoding: .utf8).split(separator: "\n")
        .count
    }
    try await TestCluster.with(APIServer(users: ["one": .admin])) { cluster in
      var access = try cluster.access()
      access.identity = .plugin(
        CredentialPlugin(apiVersion: "client.authentication.k8s.io/v1", command: script))
      try await KubernetesClient.with(access, logger: Logger(label: "test")) { client in
        for _ in 0..<5 { _ = try await client.list(.pods) }
        let asked = try runs()
        #expect(asked == 1)
        await cluster.api.user("one", nil)
        await cluster.api.user("two", .admin)
        _ = try scratch.file("token", "two")
        // What it hands out now ends at once, so it is asked for every request.
        _ = try scratch.file("end", "2020-01-01T00:00:00Z")
        _ = try await client.list(.pods)
        let askedAnew = try runs()
        #expect(askedAnew == 2)
        _ = try await client.list(.pods)
        let askedAgain = try runs()
        #expect(askedAgain == 3)
      }
    }
  }

  @Test func `a plugin that fails or is not there is told with its words`() async throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let script = try scratch.file(
      "plugin", "#!/bin/sh\necho 'log in first' >&2\nexit 1\n", mode: 0o755)
    for (command, expected) in [
      (script, "log in first"), ("\(scratch.path)/none", "No such file"),
      ("/bin/echo", "did not print an ExecCredential"),
    ] {
      let client = KubernetesClient(
        ClusterAccess(
          server: ServerAddress(isSecure: false, host: "127.0.0.1", port: 1),
          identity: .plugin(
            CredentialPlugin(
              apiVersion: "client.authentication.k8s.io/v1", command: command,
              installHint: "install it"))), logger: Logger(label: "test"))
      let error = await #expect(throws: KubernetesError.self) { try await client.list(.pods) }
      #expect(error?.code == .configuration)
      #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
      await client.close()
    }
  }

  @Test func `a token is not sent over a connection that is not secured`() async throws {
    let client = KubernetesClient(
      ClusterAccess(
        server: ServerAddress(isSecure: false, host: "192.0.2.1", port: 80),
        identity: .token(BearerToken("secret"))), logger: Logger(label: "test"))
    let error = await #expect(throws: KubernetesError.self) { try await client.list(.pods) }
    #expect(error?.code == .configuration)
    await client.close()
  }
}
