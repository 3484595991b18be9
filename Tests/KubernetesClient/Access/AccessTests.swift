import Foundation
import KubernetesClient
import Testing

/// A directory of one test.
struct Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/kubernetes-access-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func file(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
    let file = "\(path)/\(name)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    return file
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct KubernetesAccessTests {
  static func config(
    server: String = "https://127.0.0.1:6443", cluster: String = "", user: String = "token: t"
  ) -> String {
    """
    apiVersion: v1
    kind: Config
    current-context: main
    contexts:
    - name: main
      context: {cluster: c, user: u, namespace: shop}
    clusters:
    - name: c
      cluster:
        server: \(server)
    \(cluster.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
    users:
    - name: u
      user:
    \(user.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
    """
  }

  static func read(_ text: String) throws -> ClusterAccess {
    let scratch = try Scratch()
    defer { scratch.remove() }
    return try ClusterAccess.kubeconfig(
      path: scratch.file("config", text), environment: [:])
  }

  @Test func `a kubeconfig gives server, user and namespace`() throws {
    let access = try Self.read(
      Self.config(
        server: "https://[fd00::1]:6443/k8s/",
        cluster: "tls-server-name: api\nproxy-url: http://p:3128"))
    #expect(access.server == ServerAddress(host: "fd00::1", port: 6443, path: "/k8s"))
    #expect(access.serverName == "api")
    #expect(access.namespace == "shop")
    #expect(access.identity == .token(BearerToken("t")))
    #expect(access.proxy?.host == "p")
    #expect("\(access.identity)".contains("redacted"))
  }

  static let broken: [(String, String)] = [
    (
      config(cluster: "insecure-skip-tls-verify: true"),
      "clusters[0].cluster has insecure-skip-tls-verify"
    ),
    (config(server: "ftp://x"), "clusters[0].cluster has server 'ftp://x'"),
    (config(cluster: "certificate-authority-data: '%%%'"), "certificate-authority-data"),
    (config(cluster: "proxy-url: socks5://p:1"), "proxy-url 'socks5://p:1'"),
    (
      config(user: "client-certificate: x.pem"),
      "users[0].user has a client-certificate and no client-key"
    ),
    (config(user: "auth-provider: {name: gcp}"), "users[0].user has auth-provider"),
    (config(user: "username: me\npassword: x"), "users[0].user has username"),
    (config(user: "exec: {command: x, apiVersion: v0}"), "users[0].user.exec has apiVersion 'v0'"),
    (
      config(user: "exec: {apiVersion: client.authentication.k8s.io/v1}"),
      "users[0].user.exec has no command"
    ),
    (config(user: "token: [a]"), "users[0].user.token is no text"),
    ("a: [", "is no YAML"), ("", "is empty"), ("- a", "is no mapping"),
    ("clusters: 1", "clusters is no list"), ("clusters: [{}]", "clusters[0] has no name"),
    ("kind: Config", "current-context is not set"),
    ("current-context: x", "there is no context 'x'"),
    ("current-context: x\ncontexts: [{name: x, context: {cluster: y}}]", "names cluster 'y'"),
    ("a: &a [x]\nb: *a", "an alias is not allowed"),
  ]

  @Test(arguments: broken)
  func `what is wrong with a kubeconfig is named with its file and key`(
    _ text: String, _ expected: String
  ) throws {
    let error = try #require(throws: KubernetesError.self) { try Self.read(text) }
    #expect(error.code == .configuration)
    #expect(error.message.contains(expected), "\(error.message)")
    #expect(error.message.contains("/config"), "\(error.message)")
  }

  @Test func `several files are put together, and the first of a name counts`() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let one = try scratch.file(
      "one", "current-context: a\nusers: [{name: u, user: {token: first}}]\n")
    let two = try scratch.file(
      "two",
      """
      current-context: b
      contexts: [{name: a, context: {cluster: c, user: u}}]
      clusters: [{name: c, cluster: {server: "https://x:1", certificate-authority: ca.crt}}]
      users: [{name: u, user: {token: second}}]
      """)
    let access = try ClusterAccess.kubeconfig(
      environment: ["KUBECONFIG": "\(scratch.path)/missing:\(one):\(two)"])
    #expect(access.identity == .token(BearerToken("first")))
    #expect(access.trust == .file("\(scratch.path)/ca.crt"))
  }

  @Test func `a pod's own credentials are found, and told when they are not there`() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let pod = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
    let error = try #require(throws: KubernetesError.self) {
      try ClusterAccess.inCluster(environment: pod, directory: scratch.path)
    }
    #expect(error.message.contains("\(scratch.path)/namespace"))
    _ = try scratch.file("namespace", "stillpoint\n")
    _ = try scratch.file("token", "t")
    _ = try scratch.file("ca.crt", "x")
    let access = try ClusterAccess.inCluster(environment: pod, directory: scratch.path)
    #expect(access.server.description == "https://[fd00::1]:443")
    #expect(access.namespace == "stillpoint")
    #expect(throws: KubernetesError.self) { try ClusterAccess.inCluster(environment: [:]) }
  }
}
