internal import Foundation

/// One user of a kubeconfig.
struct KubeconfigUser {
  let node: ConfigNode

  func identity() throws(KubernetesError) -> ClusterAccess.Identity {
    let unsupported = [
      ("auth-provider", "it was removed from Kubernetes in 1.26; use an exec plugin"),
      ("username", "API servers take no passwords since 1.19; use a certificate or a token"),
      ("as", "requests are made as the user itself"),
    ]
    for (key, why) in unsupported where node.child(key) != nil {
      throw node.failure("has \(key), which is not supported", hint: why)
    }
    if let token = try token() { return token }
    if let certificate = try certificate() { return certificate }
    if let plugin = node.child("exec") { return .plugin(try Self.plugin(plugin)) }
    return .anonymous
  }

  /// A token file is preferred to a token, as by client-go.
  private func token() throws(KubernetesError) -> ClusterAccess.Identity? {
    if let path = try node.text("tokenFile") { return .tokenFile(node.resolved(path)) }
    return try node.text("token").map { .token(BearerToken($0)) }
  }

  private func certificate() throws(KubernetesError) -> ClusterAccess.Identity? {
    let certificate = try pem("client-certificate")
    let key = try pem("client-key")
    switch (certificate, key) {
    case (nil, nil): return nil
    case (let certificate?, let key?): return .certificate(certificate: certificate, key: key)
    case (_, nil): throw node.failure("has a client-certificate and no client-key")
    case (nil, _): throw node.failure("has a client-key and no client-certificate")
    }
  }

  private func pem(_ key: String) throws(KubernetesError) -> ClusterAccess.Identity.Trusted? {
    if let data = try node.text("\(key)-data") {
      return .pem(BearerToken(try node.decoded(data, "\(key)-data")))
    }
    return try node.text(key).map { .file(node.resolved($0)) }
  }

  private static func plugin(_ node: ConfigNode) throws(KubernetesError) -> CredentialPlugin {
    guard let version = try node.text("apiVersion") else { throw node.failure("has no apiVersion") }
    guard CredentialPlugin.versions.contains(version) else {
      throw node.failure(
        "has apiVersion '\(version)'",
        hint: "supported: \(CredentialPlugin.versions.joined(separator: ", "))")
    }
    guard let command = try node.text("command") else { throw node.failure("has no command") }
    if try node.text("interactiveMode") == "Always" {
      throw node.failure("has interactiveMode Always, but nobody is there to answer")
    }
    var environment: [String: String] = [:]
    for entry in try node.list("env") {
      guard let name = try entry.text("name") else { throw entry.failure("has no name") }
      environment[name] = try entry.text("value") ?? ""
    }
    return CredentialPlugin(
      apiVersion: version,
      // Only a name without a slash is looked for on the search path.
      command: command.contains("/") ? node.resolved(command) : command,
      arguments: try node.texts("args"), environment: environment,
      providesClusterInfo: try node.bool("provideClusterInfo"),
      installHint: try node.text("installHint"))
  }
}

extension ConfigNode {
  /// A path beside the file that names it.
  func resolved(_ path: String) -> String {
    guard !path.hasPrefix("/"), let end = file.lastIndex(of: "/") else { return path }
    return "\(file[..<end])/\(path)"
  }

  /// PEM in base64.
  func decoded(_ text: String, _ key: String) throws(KubernetesError) -> String {
    guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters),
      let pem = String(data: data, encoding: .utf8), pem.contains("-----BEGIN ")
    else { throw failure("has a \(key) that is no PEM in base64") }
    return pem
  }
}
