internal import Crypto
internal import Foundation
internal import Identity
package import Model
internal import OperatorWire
internal import SwiftASN1
internal import X509

/// Makes and renews the directories that `Settings` reads.
package enum OperatorDirectory {
  /// Makes a key and a certificate for a new operator and writes a whole configuration directory for it, whose key
  /// the coordinator never sees. Returns when the certificate ends.
  package static func create(
    _ name: OperatorName, in path: String, server: String?, by settings: Settings,
    over client: CoordinatorClient
  ) async throws -> Timestamp {
    do {
      let directory = try PrivateDirectory(path: path)
      for file in ["operator.pem", "operator-key.pem"] {
        guard try directory.read(file) == nil else {
          throw CommandFailure(
            .input, "\(path)/\(file) is there already",
            hint: "name a directory without an identity")
        }
      }
      let key = P256.Signing.PrivateKey()
      let issued: OperatorCertificateBody = try await client.post(
        "/v1/operators", CreateOperator(name: name, request: try SigningRequest.make(key: key)))
      try check(issued, key, settings)
      let address = server ?? settings.address
      try directory.write("ca.pem", Data(settings.credential.authorityPEM.utf8))
      try directory.write("operator-key.pem", Data(key.pemRepresentation.utf8))
      try directory.write(
        "config.yaml", Data("fleet: \(settings.fleet)\nserver: \(address)\n".utf8))
      try directory.write("operator.pem", Data(issued.certificate.utf8))
      return issued.expires
    } catch let error as IdentityError {
      throw CommandFailure(.input, error.message, hint: error.hint)
    }
  }

  /// Replaces this operator's certificate by a new one for the same key. Returns when that one ends.
  package static func renew(_ settings: Settings, over client: CoordinatorClient) async throws
    -> Timestamp
  {
    do {
      let name = try settings.operatorName
      let directory = try PrivateDirectory(path: settings.directory)
      let key = settings.credential.privateKey
      let issued: OperatorCertificateBody = try await client.post(
        "/v1/operators/\(name)/renew", RenewOperator(request: try SigningRequest.make(key: key)))
      try check(issued, key, settings)
      try directory.write("operator.pem", Data(issued.certificate.utf8))
      return issued.expires
    } catch let error as IdentityError {
      throw CommandFailure(.input, error.message, hint: error.hint)
    }
  }

  /// What is written must be what `Settings` accepts.
  private static func check(
    _ issued: OperatorCertificateBody, _ key: P256.Signing.PrivateKey, _ settings: Settings
  ) throws {
    let credential = try Credential(
      privateKey: key, certificate: try Certificate(pemEncoded: issued.certificate),
      trust: settings.credential.trust)
    guard case .operatorNamed(_, issued.name) = credential.identity else {
      throw CommandFailure(
        .identity, "the coordinator issued a certificate for \(credential.identity.uri)")
    }
  }
}

extension Settings {
  package var operatorName: OperatorName {
    get throws(CommandFailure) {
      guard case .operatorNamed(_, let name) = credential.identity else {
        throw CommandFailure(.identity, "\(credential.identity.uri) is no operator")
      }
      return name
    }
  }

  /// `HOST:PORT`, as `config.yaml` has it.
  var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// What to tell the operator when the certificate ends soon; nil while there is time.
  package func expiryWarning(now: Timestamp = .now()) -> String? {
    guard credential.notAfter - now < .seconds(30 * 86_400) else { return nil }
    return "your certificate ends at \(credential.notAfter); run: stillpoint operator renew"
  }
}
