import Catalog
import CoordinatorCore
import Foundation
import Logging
import Model
import Synchronization
import Testing

private let bob = OperatorName(accepted: "bob")

private func certificate(_ issued: Int64, days: Int64 = 365) -> OperatorCertificate {
  OperatorCertificate(name: bob, issued: time(issued), expires: time(issued + days * 86_400))
}

/// The operators' service over a real catalog, at a time that the test decides.
private func withService(
  _ body: (OperatorService, Catalog, _ setTime: (Int64) -> Void) async throws -> Void
) async throws {
  try await withCatalog { catalog in
    let now = Mutex(time(0))
    let service = OperatorService(
      store: catalog, audit: catalog,
      issue: { name, _, at in
        // To the second, as certificates tell it.
        let second = at.nanoseconds - at.nanoseconds % 1_000_000_000
        let issued = Timestamp(nanoseconds: second)
        return IssuedOperator(
          certificate: OperatorCertificate(
            name: name, issued: issued, expires: issued + .seconds(365 * 86_400)), pem: "pem")
      }, now: { now.withLock { $0 } },
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await body(service, catalog) { seconds in now.withLock { $0 = time(seconds) } }
  }
}

private func refusal(_ body: () async throws -> Void) async -> OperationError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? OperationError
  }
}

struct `Operators in the catalog` {
  @Test func `S15: a revocation is in force when the call returns, and after a restart`()
    async throws
  {
    try await withDirectory { directory in
      var catalog = try Catalog(path: directory + "/catalog")
      try await catalog.note(certificate(5))
      try await catalog.note(certificate(3))
      #expect(catalog.revocation(of: bob) == nil)
      try await catalog.revoke(operator: bob, at: time(9))
      try await catalog.revoke(operator: bob, at: time(8))
      #expect(catalog.revocation(of: bob) == time(9))
      try catalog.close()
      catalog = try Catalog(path: directory + "/catalog")
      #expect(catalog.revocation(of: bob) == time(9))
      let record = OperatorRecord(name: bob, certificate: certificate(5), revokedAt: time(9))
      #expect(try await catalog.operators() == [record])
      #expect(record.isRevoked)
      try await catalog.note(certificate(10))
      #expect(try await catalog.operators().first?.isRevoked == false)
      try catalog.close()
    }
  }

  @Test func `S15: certificates up to the revocation are refused, a later one counts`() async throws
  {
    try await withService { service, catalog, setTime in
      let first = try await service.createOperator(bob, request: Data(), author: "admin")
      try await service.admit(first.certificate)
      // Made on the coordinator's host; known once it is shown.
      try await service.admit(certificate(20))
      #expect(try await service.operators().first?.certificate == certificate(20))
      setTime(30)
      let revoked = try await service.revokeOperator(bob, author: "admin")
      #expect(revoked.isRevoked)
      for issued in [0, 20, 30] as [Int64] {
        #expect(
          await refusal { try await service.admit(certificate(issued)) }?.message
            == "operator bob was revoked at \(time(30))")
      }
      // In the very second of the revocation.
      let again = try await service.createOperator(bob, request: Data(), author: "admin")
      try await service.admit(again.certificate)
      #expect(
        try await catalog.auditEntries(limit: 9).map { "\($0.actor) \($0.action) \($0.object)" }
          == [
            "admin operator.create bob", "admin operator.revoke bob", "admin operator.create bob",
          ])
    }
  }

  @Test func `a certificate that ran out is refused`() async throws {
    try await withService { service, _, setTime in
      let short = OperatorCertificate(name: bob, issued: time(0), expires: time(10))
      setTime(9)
      try await service.admit(short)
      setTime(10)
      #expect(await refusal { try await service.admit(short) }?.code == .forbidden)
    }
  }

  @Test func `a name has one operator until it expires or is revoked, and renews itself only`()
    async throws
  {
    try await withService { service, _, setTime in
      _ = try await service.createOperator(bob, request: Data(), author: "admin")
      let taken = await refusal {
        _ = try await service.createOperator(bob, request: Data(), author: "admin")
      }
      #expect(taken?.code == .conflict)
      let foreign = await refusal {
        _ = try await service.renewOperator(bob, request: Data(), author: "admin")
      }
      #expect(foreign?.code == .forbidden)
      setTime(100)
      let renewed = try await service.renewOperator(bob, request: Data(), author: "bob")
      #expect(renewed.certificate.issued == time(100))
      setTime(400 * 86_400)
      _ = try await service.createOperator(bob, request: Data(), author: "admin")
    }
  }
}
