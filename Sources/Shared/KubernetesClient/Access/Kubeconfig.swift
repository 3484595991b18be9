internal import LinuxSystem

/// The files that say where clusters are and who one is to them, put together as kubectl does: of several entries with
/// one name the first counts, and the first `current-context`.
struct Kubeconfig {
  private var clusters: [String: ConfigNode] = [:]
  private var users: [String: ConfigNode] = [:]
  private var contexts: [String: ConfigNode] = [:]
  private var currentContext: String?
  private let files: [String]

  /// Of several files those that are missing are passed over, as long as one is there.
  init(files: [String]) throws(KubernetesError) {
    self.files = files
    var found = false
    for file in files {
      let text: String
      do throws(SystemError) {
        text = try TextFile.read(file, limit: ConfigNode.largest)
      } catch {
        if error.code == 2, files.count > 1 { continue }
        throw KubernetesError(
          .configuration, "the kubeconfig \(file) cannot be read: \(error.reason)",
          hint: "set KUBECONFIG to its path")
      }
      found = true
      try add(ConfigNode(text: text, file: file))
    }
    guard found else {
      throw KubernetesError(
        .configuration, "none of the kubeconfig files is there: \(files.joined(separator: ", "))",
        hint: "set KUBECONFIG to the paths of those that are")
    }
  }

  /// One file's text, for what reads no files.
  init(text: String, file: String) throws(KubernetesError) {
    files = [file]
    try add(ConfigNode(text: text, file: file))
  }

  private mutating func add(_ root: ConfigNode) throws(KubernetesError) {
    if let kind = try root.text("kind"), kind != "Config" {
      throw root.failure("has kind '\(kind)', not Config")
    }
    if currentContext == nil { currentContext = try root.text("current-context") }
    for (key, inner) in [("clusters", "cluster"), ("users", "user"), ("contexts", "context")] {
      for entry in try root.list(key) {
        guard let name = try entry.text("name") else { throw entry.failure("has no name") }
        guard let value = entry.child(inner) else { continue }
        switch key {
        case "clusters": if clusters[name] == nil { clusters[name] = value }
        case "users": if users[name] == nil { users[name] = value }
        default: if contexts[name] == nil { contexts[name] = value }
        }
      }
    }
  }

  /// What a context stands for; nil is the current one.
  func access(context wanted: String?) throws(KubernetesError) -> ClusterAccess {
    let place = files.joined(separator: ", ")
    guard let name = wanted ?? currentContext else {
      throw KubernetesError(
        .configuration, "\(place): current-context is not set",
        hint: "name a context, or set it with kubectl config use-context")
    }
    guard let context = contexts[name] else {
      throw KubernetesError(
        .configuration, "\(place): there is no context '\(name)'",
        hint: "known: \(contexts.keys.sorted().joined(separator: ", "))")
    }
    guard let clusterName = try context.text("cluster") else {
      throw context.failure("has no cluster")
    }
    guard let cluster = clusters[clusterName] else {
      throw context.failure("names cluster '\(clusterName)', which is not there")
    }
    var access = ClusterAccess(
      server: try Self.server(cluster), trust: try Self.trust(cluster),
      serverName: try cluster.text("tls-server-name"),
      namespace: try context.text("namespace") ?? "default", proxy: try Self.proxy(cluster))
    if let userName = try context.text("user") {
      guard let user = users[userName] else {
        throw context.failure("names user '\(userName)', which is not there")
      }
      access.identity = try KubeconfigUser(node: user).identity()
    }
    return access
  }

  private static func server(_ cluster: ConfigNode) throws(KubernetesError) -> ServerAddress {
    guard let text = try cluster.text("server") else { throw cluster.failure("has no server") }
    guard let server = ServerAddress(text) else {
      throw cluster.failure(
        "has server '\(text.prefix(200))', which is no address",
        hint: "for example https://host:6443")
    }
    return server
  }

  private static func trust(_ cluster: ConfigNode) throws(KubernetesError) -> ClusterAccess.Trust {
    guard try !cluster.bool("insecure-skip-tls-verify") else {
      throw cluster.failure(
        "has insecure-skip-tls-verify: true, which is not supported: whoever is in between could "
          + "read all that is backed up",
        hint: "set certificate-authority-data; tls-server-name helps where only the name differs")
    }
    if let data = try cluster.text("certificate-authority-data") {
      return .pem(try cluster.decoded(data, "certificate-authority-data"))
    }
    if let path = try cluster.text("certificate-authority") {
      return .file(cluster.resolved(path))
    }
    return .system
  }

  private static func proxy(_ cluster: ConfigNode) throws(KubernetesError) -> ProxyAddress? {
    guard let text = try cluster.text("proxy-url") else { return nil }
    guard let address = ServerAddress(text), !address.isSecure, address.path.isEmpty else {
      throw cluster.failure(
        "has proxy-url '\(text.prefix(200))': only http://HOST:PORT is supported")
    }
    return ProxyAddress(host: address.host, port: address.port)
  }
}
