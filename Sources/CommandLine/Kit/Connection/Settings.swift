internal import Crypto
internal import FoundationEssentials
package import Identity
package import Model
internal import SwiftASN1
internal import X509
internal import YAMLBounds
internal import Yams

/// Where the coordinator is, and who the operator is: everything in the configuration directory.
///
/// `config.yaml` with `fleet:` and `server:`, `ca.pem`, `operator.pem`, `operator-key.pem`.
package struct Settings: Sendable {
  package static let variable = "STILLPOINT_CONFIG"

  package var directory: String
  package var host: String
  package var port: Int
  package var credential: Credential

  /// The fleet's name, which decides the name that the coordinator has to prove.
  package var fleet: FleetID { credential.trust.fleet }

  /// The directory that is used: `--config`, else the environment's, else the one in the home directory.
  package static func directory(
    option: String?, environment: [String: String]
  ) throws(CommandFailure) -> String {
    if let option { return option }
    if let path = environment[variable], !path.isEmpty { return path }
    guard let home = environment["HOME"], !home.isEmpty else {
      throw CommandFailure(
        .input, "no configuration directory is known: neither --config, \(variable) nor HOME is set"
      )
    }
    return "\(home)/.config/stillpoint"
  }

  /// Reads and cross-checks the directory. Each error names the file, what is wrong with it and what to do.
  package init(directory: String, now: Timestamp = .now()) throws(CommandFailure) {
    let files = ConfigurationFiles(directory: directory)
    let place = try Place(
      text: files.read("config.yaml", private: false), path: files.path("config.yaml"))
    let trust: FleetTrust
    do {
      trust = try FleetTrust(
        pem: files.read("ca.pem", private: false), what: files.path("ca.pem"))
    } catch let error as IdentityError {
      throw CommandFailure(.input, error.message, hint: ConfigurationFiles.renewHint)
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw CommandFailure(.input, "\(files.path("ca.pem")) cannot be used: \(error)")
    }
    guard trust.fleet == place.fleet else {
      throw CommandFailure(
        .input,
        "\(files.path("ca.pem")) is the authority of fleet \(trust.fleet), "
          + "but config.yaml names fleet \(place.fleet)",
        hint: "use the directory of one fleet; --config or \(Self.variable) names another")
    }
    self.directory = directory
    self.host = place.host
    self.port = place.port
    self.credential = try Self.credential(in: files, trust: trust)
    guard now < credential.notAfter else {
      throw CommandFailure(
        .identity,
        "the operator's certificate \(files.path("operator.pem")) expired at "
          + "\(credential.notAfter)", hint: ConfigurationFiles.renewHint)
    }
    guard now >= credential.notBefore else {
      throw CommandFailure(
        .identity,
        "the operator's certificate \(files.path("operator.pem")) is not valid before "
          + "\(credential.notBefore)", hint: "check this machine's clock")
    }
  }

  private static func credential(in files: ConfigurationFiles, trust: FleetTrust)
    throws(CommandFailure) -> Credential
  {
    let keyText = try files.read("operator-key.pem", private: true)
    let certificateText = try files.read("operator.pem", private: false)
    let key: P256.Signing.PrivateKey
    do {
      key = try P256.Signing.PrivateKey(pemRepresentation: keyText)
    } catch {
      throw CommandFailure(
        .input, "\(files.path("operator-key.pem")) is no PEM private key on P-256",
        hint: ConfigurationFiles.renewHint)
    }
    let certificate: Certificate
    do {
      certificate = try Certificate(pemEncoded: certificateText)
    } catch {
      throw CommandFailure(
        .input, "\(files.path("operator.pem")) is no PEM certificate",
        hint: ConfigurationFiles.renewHint)
    }
    do {
      let credential = try Credential(privateKey: key, certificate: certificate, trust: trust)
      guard credential.identity.role == .operator else {
        throw CommandFailure(
          .identity,
          "\(files.path("operator.pem")) is the certificate of "
            + "\(credential.identity.uri), not of an operator",
          hint: ConfigurationFiles.renewHint)
      }
      return credential
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(
        .identity, "the files in \(files.directory) do not belong together: \(error)",
        hint: ConfigurationFiles.renewHint)
    }
  }
}

/// What `config.yaml` says.
struct Place: Hashable, Sendable {
  var fleet: FleetID
  var host: String
  var port: Int

  private static let keys: Set<String> = ["fleet", "server"]

  init(text: String, path: String) throws(CommandFailure) {
    let example = "it has two lines, for example\nfleet: prod\nserver: coordinator.example:7444"
    var values: [String: String] = [:]
    do {
      try YAMLBounds.check(text)
      // Not `load`, which ends the process for a key that is no text.
      let pairs = try Yams.compose(yaml: text, Resolver.basic)?.mapping
      for (key, value) in pairs ?? [:] {
        guard let key = key.scalar?.string, let value = value.scalar?.string else {
          values = [:]
          break
        }
        values[key] = value
      }
      guard !values.isEmpty else {
        throw CommandFailure(.input, "\(path) is no mapping of names to texts", hint: example)
      }
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(.input, "\(path) is no YAML", hint: example)
    }
    if let unknown = values.keys.filter({ !Self.keys.contains($0) }).min() {
      throw CommandFailure(.input, "\(path) has an unknown key '\(unknown)'", hint: example)
    }
    guard let fleet = values["fleet"], let server = values["server"] else {
      let missing = values["fleet"] == nil ? "fleet" : "server"
      throw CommandFailure(.input, "\(path) has no key '\(missing)'", hint: example)
    }
    do {
      self.fleet = try FleetID(fleet)
    } catch {
      throw CommandFailure(.input, "\(path): \(error)")
    }
    guard let (host, port) = Self.split(server) else {
      throw CommandFailure(
        .input, "\(path): server '\(server.prefix(200))' is no host and port", hint: example)
    }
    (self.host, self.port) = (host, port)
  }

  /// `host:port`, IPv6 addresses in brackets.
  private static func split(_ server: String) -> (host: String, port: Int)? {
    guard let colon = server.lastIndex(of: ":"),
      let port = Int(server[server.index(after: colon)...]), (1...65535).contains(port)
    else { return nil }
    var host = server[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !host.contains("/")
    else { return nil }
    return (String(host), port)
  }
}
