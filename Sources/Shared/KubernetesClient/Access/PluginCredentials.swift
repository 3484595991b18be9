internal import Foundation
internal import Model
internal import Subprocess

/// What a credential plugin handed out.
struct PluginCredentials: Sendable {
  var token: BearerToken?
  var certificate: String?
  var key: String?
  /// Nil for what holds until the server refuses it.
  var expires: Timestamp?

  /// Shown for the last time this long before the end, so that it does not end on its way.
  static let margin = Duration.seconds(10)

  func endsSoon(at now: Timestamp) -> Bool {
    expires.map { $0 - now < Self.margin } ?? false
  }
}

extension CredentialPlugin {
  static let versions = [
    "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1",
  ]
  /// Plugins ask servers of their own.
  static let longestRun = Duration.seconds(60)
  static let largestAnswer = 1 << 20

  /// Runs the program once.
  func run(for access: ClusterAccess) async throws(KubernetesError) -> PluginCredentials {
    var variables = environment
    variables["KUBERNETES_EXEC_INFO"] = info(access).description
    let updates = Dictionary(
      uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
    ).mapValues(Optional.some)
    let said: String
    do {
      said = try await withTimeout(Self.longestRun, ContinuousClock()) {
        // `env` takes a name as well as a path, and puts itself out of the way.
        let result = try await Subprocess.run(
          .name("env"), arguments: Arguments(["--", command] + arguments),
          environment: .inherit.updating(updates), output: .string(limit: Self.largestAnswer),
          error: .string(limit: 65536))
        guard result.terminationStatus.isSuccess else {
          let words = result.standardError.split(whereSeparator: \.isNewline).joined(
            separator: "; ")
          throw KubernetesError(
            .configuration,
            "the credential plugin \(command) failed (\(result.terminationStatus)): "
              + "\(words.prefix(500))", hint: installHint)
        }
        return result.standardOutput
      }
    } catch let error as KubernetesError {
      throw error
    } catch is TimeoutExceeded {
      throw KubernetesError(
        .configuration, "the credential plugin \(command) did not end within \(Self.longestRun)")
    } catch is CancellationError {
      throw KubernetesError(.cancelled, "asking the credential plugin \(command) was given up")
    } catch {
      throw KubernetesError(
        .configuration, "the credential plugin \(command) cannot be run: \(error)",
        hint: installHint)
    }
    return try read(said)
  }

  /// What the program is told (`ExecCredential.spec`).
  private func info(_ access: ClusterAccess) -> JSONValue {
    var spec: JSONValue = ["interactive": false]
    if providesClusterInfo {
      var cluster: JSONValue = ["server": .string(access.server.description)]
      if let name = access.serverName { cluster["tls-server-name"] = .string(name) }
      if case .pem(let text) = access.trust {
        cluster["certificate-authority-data"] = .string(Data(text.utf8).base64EncodedString())
      }
      spec["cluster"] = cluster
    }
    return ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": spec]
  }

  func read(_ text: String) throws(KubernetesError) -> PluginCredentials {
    func failure(_ what: String) -> KubernetesError {
      KubernetesError(.configuration, "the credential plugin \(command) \(what)")
    }
    guard let value = try? JSONValue(json: text), value["kind"]?.string == "ExecCredential" else {
      throw failure("did not print an ExecCredential")
    }
    guard value["apiVersion"]?.string == apiVersion else {
      throw failure(
        "answered in \(value["apiVersion"]?.string ?? "no version"), but \(apiVersion) was asked for"
      )
    }
    let status = value["status"]
    var held = PluginCredentials(
      token: status?["token"]?.string.map { BearerToken($0) },
      certificate: status?["clientCertificateData"]?.string,
      key: status?["clientKeyData"]?.string)
    guard held.token != nil || held.certificate != nil else {
      throw failure("handed out neither a token nor a certificate")
    }
    guard (held.certificate == nil) == (held.key == nil) else {
      throw failure("handed out only one of certificate and key")
    }
    if let text = status?["expirationTimestamp"]?.string {
      guard let end = Timestamp(text) else {
        throw failure("gave '\(text.prefix(60))' as the end, which is no time")
      }
      held.expires = end
    }
    return held
  }
}
