import CoordinatorCore
import CutProtocol
import Foundation
import Identity
import Model
import Testing

@testable import CoordinatorKubernetes
@testable import KubernetesClient
@testable import KubernetesSnapshots

/// A seed that is refused at the first look leaves the fuzzer with nothing that is behind it.
struct `The seeds of the fuzzer` {
  private func object(_ bytes: some Sequence<UInt8>) -> KubernetesObject? {
    (try? JSONValue(json: Array(bytes))).flatMap { KubernetesObject($0) }
  }

  @Test func `have an exported backup that is taken over`() async throws {
    let seed = try #require(try FuzzTarget.importedBackup.seeds().first)
    #expect(seed.count < 16_384)
    let evidence = try JSONDecoder().decode(BackupEvidence.self, from: Data(seed))
    let fleet = FuzzTarget.scratch.fleet
    let verifier = try FleetCertificateVerifier(fleet: fleet, authorities: evidence.authorities)
    let record = try await BackupService.judged(evidence, "ops", fleet: fleet, verifier: verifier)
    #expect(record.verdict?.grade == .applicationConsistent)
  }

  @Test func `have snapshots that are cut, and a claim that is bound`() throws {
    let seeds = try FuzzTarget.clusterSnapshot.seeds()
    for (seed, isGroup) in zip(seeds, [false, true]) {
      var parts = Parts(seed)
      _ = parts.next()
      let seen = SeenSnapshot(snapshot: object(parts.next()), content: object(parts.rest))
      guard case .cut = FuzzTarget.planned(isGroup: isGroup).judge(seen, uid: "u") else {
        Issue.record("the seed is not cut, isGroup: \(isGroup)")
        continue
      }
    }
    var parts = Parts(try #require(seeds.last))
    _ = parts.next()
    let volume = try #require(object(parts.next()))
    let reference = try #require(volume["spec", "claimRef", "uid"]?.string)
    #expect(object(parts.rest)?.uid == reference)
  }

  @Test func `have a token that is believed, and pods that make a plan`() throws {
    let review = try #require(try FuzzTarget.clusterAnswer.seeds().last)
    let answer = try #require(object(review.dropFirst()))
    let node = try AgentPods.node(
      in: TokenReview(answer), account: "system:serviceaccount:stillpoint:stillpoint-agent")
    #expect(node.text == "node-1")
    let pods = try JSONValue(json: try #require(try FuzzTarget.annotatedPods.seeds().first))
    let namespace = KubernetesObject(
      .namespaces, name: "shop", annotations: ["stillpoint.dev/import-hooks": "true"])
    let orders = AnnotatedPlans.orders(
      [.init(namespace, pods: (pods.array ?? []).compactMap { KubernetesObject($0) })], records: [])
    #expect(
      orders.contains { if case .apply = $0 { true } else { false } }, "no plan: \(orders)")
  }
}
