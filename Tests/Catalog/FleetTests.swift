import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Testing

struct `Nodes and tokens in the catalog` {
  @Test func `a node is known from its enrolment on, with what its agent said`() async throws {
    try await withCatalog { catalog in
      #expect(try await catalog.node(Sample.node) == nil)
      try await catalog.enrolled(Sample.node, publicKeyHash: Sample.key, at: time(1))
      try await catalog.connected(Sample.node, hello: Sample.hello(journal: "j"), at: time(2))
      let first = PlacementRecord(
        sequence: 1, time: time(3), change: .unseen(since: Timestamp(nanoseconds: 0)))
      _ = try await catalog.apply([first], journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: observation(4, end: 1), at: time(5))
      try await catalog.seen(Sample.node, observed: nil, at: time(6))
      try await catalog.seen(Sample.node, observed: observation(3, end: 1), at: time(4))
      let expected = NodeRecord(
        id: Sample.node, enrolledAt: time(1), revokedAt: nil, lastSeen: time(6),
        observedThrough: time(4), agentVersion: "1.0")
      #expect(try await catalog.node(Sample.node) == expected)
      #expect(try await catalog.nodes() == [expected])
    }
  }

  @Test func `nothing is noted of a node that never enrolled`() async throws {
    try await withCatalog { catalog in
      let errors = [
        await failure {
          try await catalog.connected(Sample.node, hello: Sample.hello(journal: "j"), at: time(0))
        },
        await failure { try await catalog.seen(Sample.node, observed: nil, at: time(0)) },
        await failure { try await catalog.revoke(Sample.node, at: time(0)) },
        await failure { _ = try await catalog.apply([], journal: "j", of: Sample.node) },
      ]
      #expect(errors.map { $0?.code } == Array(repeating: .notFound, count: 4))
      #expect(errors.first??.description == "no node node-1 is enrolled")
    }
  }

  @Test func `S15: a revocation is in force when the call returns, and after a restart`()
    async throws
  {
    try await withDirectory { directory in
      var catalog = try Catalog(path: directory + "/catalog")
      try await catalog.prepared()
      try await catalog.revoke(Sample.node, at: time(3))
      try await catalog.revoke(Sample.node, at: time(4))
      #expect(try await catalog.isRevoked(Sample.node))
      #expect(try await catalog.node(Sample.node)?.revokedAt == time(3))
      try catalog.close()
      catalog = try Catalog(path: directory + "/catalog")
      #expect(try await catalog.isRevoked(Sample.node))
      #expect(try await !catalog.isRevoked(Sample.other))
      try await catalog.enrolled(
        Sample.node, publicKeyHash: Data(repeating: 9, count: 32), at: time(5))
      #expect(try await !catalog.isRevoked(Sample.node))
      #expect(try await catalog.enrolledKey(Sample.node) == Data(repeating: 9, count: 32))
      #expect(try await catalog.node(Sample.node)?.enrolledAt == time(0))
      try catalog.close()
    }
  }

  @Test func `S15: a cluster's word enrols and replaces its own, and neither lifts nor takes over`()
    async throws
  {
    try await withCatalog { catalog in
      func vouched(_ node: NodeID, _ key: UInt8) async throws -> VouchedEnrolment {
        try await catalog.vouched(
          for: node, publicKeyHash: Data(repeating: key, count: 32), at: time(1))
      }
      #expect(try await vouched(Sample.node, 1) == .accepted)
      #expect(try await vouched(Sample.node, 2) == .accepted)
      #expect(try await catalog.enrolledKey(Sample.node) == Data(repeating: 2, count: 32))
      try await catalog.revoke(Sample.node, at: time(2))
      #expect(try await vouched(Sample.node, 3) == .revoked)
      #expect(try await catalog.isRevoked(Sample.node))
      #expect(try await catalog.enrolledKey(Sample.node) == Data(repeating: 2, count: 32))
      let hash = Data(repeating: 7, count: 32)
      try await catalog.store(hash: hash, node: Sample.other, expires: time(10))
      #expect(try await vouched(Sample.other, 4) == .accepted)
      #expect(try await catalog.redeem(hash: hash, node: Sample.other, now: time(3)) == .accepted)
      #expect(try await vouched(Sample.other, 5) == .enrolledByHand)
      #expect(try await catalog.enrolledKey(Sample.other) == Data(repeating: 4, count: 32))
    }
  }

  @Test func `a token is accepted once, for its node, before it expires`() async throws {
    try await withCatalog { catalog in
      let hash = Data(repeating: 1, count: 32)
      let old = Data(repeating: 2, count: 32)
      try await catalog.store(hash: hash, node: Sample.node, expires: time(10))
      try await catalog.store(hash: old, node: Sample.node, expires: time(5))
      await expectFailure(.conflict) {
        try await catalog.store(hash: hash, node: Sample.node, expires: time(10))
      }
      func redeem(_ hash: Data, _ node: NodeID, _ seconds: Int64) async throws -> TokenRedemption {
        try await catalog.redeem(hash: hash, node: node, now: time(seconds))
      }
      #expect(try await redeem(Data(repeating: 3, count: 32), Sample.node, 5) == .unknown)
      #expect(try await redeem(hash, Sample.other, 5) == .otherNode(Sample.node))
      #expect(try await redeem(old, Sample.node, 5) == .expired(at: time(5)))
      #expect(try await redeem(hash, Sample.node, 5) == .accepted)
      #expect(try await redeem(hash, Sample.node, 6) == .used(at: time(5)))
      #expect(try await redeem(hash, Sample.node, 11) == .used(at: time(5)))
    }
  }

  @Test func `of many who redeem one token at once, one is accepted`() async throws {
    try await withCatalog { catalog in
      try await catalog.store(hash: Sample.key, node: Sample.node, expires: time(10))
      let accepted = try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<20 {
          group.addTask {
            try await catalog.redeem(hash: Sample.key, node: Sample.node, now: time(1)) == .accepted
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(accepted == 1)
    }
  }

  @Test func `a revocation takes the node's unused tokens with it`() async throws {
    try await withCatalog { catalog in
      try await catalog.prepared()
      try await catalog.store(hash: Sample.key, node: Sample.node, expires: time(10))
      try await catalog.revoke(Sample.node, at: time(1))
      #expect(
        try await catalog.redeem(hash: Sample.key, node: Sample.node, now: time(2)) == .unknown)
    }
  }
}
