package import Foundation
package import Logging
package import Model
internal import Synchronization

/// Lets operators in and shuts them out.
package final class OperatorService: OperatorOperations {
  /// Issues a certificate for the key that a request proves; from the identity module.
  package typealias Issuer =
    @Sendable (OperatorName, _ request: Data, _ time: Timestamp) throws -> IssuedOperator

  private let store: any OperatorStore
  private let auditStore: any AuditStore
  private let issue: Issuer
  private let now: @Sendable () -> Timestamp
  private let logger: Logger
  /// Certificates that the store has, so that it is not told of every message.
  private let noted = Mutex<[OperatorName: OperatorCertificate]>([:])

  package init(
    store: any OperatorStore, audit: any AuditStore, issue: @escaping Issuer,
    now: @escaping @Sendable () -> Timestamp = { .now() }, logger: Logger
  ) {
    self.store = store
    self.auditStore = audit
    self.issue = issue
    self.now = now
    self.logger = logger
  }

  package func admit(_ certificate: OperatorCertificate) async throws(OperationError) {
    guard now() < certificate.expires else {
      throw OperationError(
        .forbidden,
        "the certificate of operator \(certificate.name) expired at \(certificate.expires)")
    }
    if let until = store.revocation(of: certificate.name), certificate.issued <= until {
      throw OperationError(
        .forbidden, "operator \(certificate.name) was revoked at \(until)",
        hint: "another operator can make a new identity with 'stillpoint operator create'")
    }
    let isKnown = noted.withLock { noted in
      noted[certificate.name].map { $0.issued >= certificate.issued } ?? false
    }
    if isKnown { return }
    do {
      try await store.note(certificate)
      noted.withLock { $0[certificate.name] = certificate }
    } catch {
      // Only the list of operators lacks it, until the next message.
      logger.warning(
        "operator not noted", metadata: ["operator": "\(certificate.name)", "error": "\(error)"])
    }
  }

  package func operators() async throws(OperationError) -> [OperatorRecord] {
    do { return try await store.operators() } catch { throw OperationError(error) }
  }

  package func createOperator(_ name: OperatorName, request: Data, author: String)
    async throws(OperationError) -> IssuedOperator
  {
    if let known = try await record(of: name), let certificate = known.certificate,
      !known.isRevoked, certificate.expires > now()
    {
      throw OperationError(
        .conflict, "there is an operator \(name) already, valid until \(certificate.expires)",
        hint:
          "\(name) can run 'stillpoint operator renew'; if the key is lost, revoke \(name) first")
    }
    return try await issued(name, request, author, "operator.create")
  }

  package func renewOperator(_ name: OperatorName, request: Data, author: String)
    async throws(OperationError) -> IssuedOperator
  {
    guard name.text == author else {
      throw OperationError(.forbidden, "\(author) cannot renew the certificate of \(name)")
    }
    return try await issued(name, request, author, "operator.renew")
  }

  package func revokeOperator(_ name: OperatorName, author: String) async throws(OperationError)
    -> OperatorRecord
  {
    do throws(CatalogError) {
      try await store.revoke(operator: name, at: now())
    } catch {
      throw OperationError(error)
    }
    try await audit(author, "operator.revoke", name.text, "")
    guard let record = try await record(of: name) else {
      throw OperationError(.unavailable, "operator \(name) is not in the catalog any more")
    }
    return record
  }

  private func record(of name: OperatorName) async throws(OperationError) -> OperatorRecord? {
    try await operators().first { $0.name == name }
  }

  private func issued(
    _ name: OperatorName, _ request: Data, _ author: String, _ action: String
  ) async throws(OperationError) -> IssuedOperator {
    // Certificates tell their time to the second: one of the revocation's own second would be refused with the others.
    let after = store.revocation(of: name).map { $0 + .seconds(1) }
    let issued: IssuedOperator
    do {
      issued = try issue(name, request, max(now(), after ?? now()))
    } catch {
      throw OperationError(.invalid, "no certificate can be made for operator \(name): \(error)")
    }
    do throws(CatalogError) {
      try await store.note(issued.certificate)
    } catch {
      throw OperationError(error)
    }
    try await audit(author, action, name.text, "until \(issued.certificate.expires)")
    return issued
  }

  private func audit(_ author: String, _ action: String, _ object: String, _ detail: String)
    async throws(OperationError)
  {
    do {
      try await auditStore.audit(
        AuditEntry(time: now(), actor: author, action: action, object: object, detail: detail))
    } catch {
      throw OperationError(error)
    }
  }
}
