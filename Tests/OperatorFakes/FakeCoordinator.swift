internal import CoordinatorCore
internal import Crypto
package import Foundation
package import Identity
internal import Logging
package import Model
package import OperatorAPI
internal import ServiceLifecycle
internal import X509

/// The real operator API on a loopback port, over a fake core, with an authority of its own.
package struct FakeCoordinator: Sendable {
  package var port: Int
  package var authority: CertificateAuthority
  package var shop: FakeShop
  /// For files of the test; removed at the end.
  package var directory: URL

  package init(port: Int, authority: CertificateAuthority, shop: FakeShop, directory: URL) {
    self.port = port
    self.authority = authority
    self.shop = shop
    self.directory = directory
  }

  package static func operations(_ shop: FakeShop) -> Operations {
    Operations(
      fleet: shop, plans: shop, backups: shop, manifests: shop, restores: shop, agents: shop,
      operators: shop,
      catalogBytes: { 4096 })
  }

  /// Runs `body` while the API serves; stops it gracefully afterwards and fails when it does not stop.
  package static func serving(
    _ shop: FakeShop = Example.shop(), lifetimes: CertificateAuthority.Lifetimes = .init(),
    _ body: @Sendable (FakeCoordinator) async throws -> Void
  ) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "stillpoint-api-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer {
      // What is left in the temporary directory harms nobody.
      try? FileManager.default.removeItem(at: directory)
    }
    let authority = try CertificateAuthority.open(
      directory: directory.appending(path: "authority").path, fleet: Example.fleet,
      lifetimes: lifetimes)
    shop.change {
      $0.issue = { name, request, time in
        let issued = try authority.issueOperator(name, request: request, now: time)
        return IssuedOperator(
          certificate: OperatorCertificate(
            name: name, issued: issued.certificate.issuedAt, expires: issued.certificate.expiresAt),
          pem: issued.pem)
      }
    }
    let (ports, announce) = AsyncStream.makeStream(of: Int.self)
    let server = try OperatorServer(
      address: OperatorAddress(host: "127.0.0.1", port: 0),
      tls: OperatorTLS(credential: HeldCredential(try authority.issueCoordinator())),
      operations: operations(shop), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      onRunning: { announce.yield($0) })
    let group = ServiceGroup(
      services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { announce.finish() }
        try await group.run()
      }
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next() else {
        try await tasks.waitForAll()
        return
      }
      let coordinator = FakeCoordinator(
        port: port, authority: authority, shop: shop, directory: directory)
      do {
        try await body(coordinator)
      } catch {
        await group.triggerGracefulShutdown()
        throw error
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  /// A credential of an agent of the fleet.
  package func agentCredential(_ node: NodeID) throws -> Credential {
    let key = P256.Signing.PrivateKey()
    return try Credential(
      privateKey: key,
      certificate: authority.issueAgent(node, key: Certificate.PublicKey(key.publicKey)),
      trust: authority.trust)
  }

  package func operatorCredential(_ name: String = "alice") throws -> Credential {
    try authority.issueOperator(OperatorName(name))
  }

  /// Writes an operator's configuration directory, as the coordinator does at its first start.
  package func configuration(
    named name: String = "operator", credential: Credential? = nil, server: String? = nil
  ) throws -> String {
    let credential = try credential ?? operatorCredential()
    let path = directory.appending(path: name).path
    let files = try PrivateDirectory(path: path)
    try files.write(
      "config.yaml",
      Data("fleet: \(credential.trust.fleet)\nserver: \(server ?? "127.0.0.1:\(port)")\n".utf8))
    try files.write("ca.pem", Data(credential.authorityPEM.utf8))
    try files.write("operator.pem", Data(credential.certificatePEM.utf8))
    try files.write("operator-key.pem", Data(credential.privateKeyPEM.utf8))
    return path
  }
}

/// The DER of an authority's certificate.
func authorityDER(_ authority: CertificateAuthority) throws -> Data {
  let pem = try authority.trust.pem
  let base64 = pem.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
  guard let data = Data(base64Encoded: base64) else {
    throw CocoaError(.coderInvalidValue)
  }
  return data
}
