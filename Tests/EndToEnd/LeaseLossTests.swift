import ClusterTesting
import CutProtocol
import DemoFleet
import Foundation
import KubernetesClient
import Model
import OperatorWire
import Testing

/// A coordinator that serves a cluster loses its lease while it holds a shop.
@Suite(.serialized, .enabled(if: isRoot, needsRoot))
struct LeaseLossTests {
  private static let namespace = "stillpoint"
  private static let name = "stillpoint-coordinator"
  /// Between two looks of a holder at its lease.
  private static let look = Duration.seconds(2)
  /// What noticing, thawing and the first commit afterwards may take on a busy machine.
  private static let grace = Duration.seconds(3)

  @Test(.timeLimit(.minutes(4)))
  func
    `a lease that is lost in the middle of a cut leaves nobody held, and the next term settles it`()
    async throws
  {
    try await withRunningShop { fleet, shop in
      let api = APIServer()
      await api.put(KubernetesObject(.namespaces, name: Self.namespace), as: .namespaces)
      try await TestCluster.with(api, host: fleet.network.address(254)) { cluster in
        try await Self.serve(cluster, by: fleet)
        try await Self.loseInCut(api, fleet, shop)
      }
    }
  }

  /// Starts the coordinator anew, so that it serves the cluster.
  private static func serve(_ cluster: TestCluster, by fleet: Fleet) async throws {
    #expect(try await fleet.coordinator.daemon.stop(within: .seconds(30)))
    let directory = fleet.directory.path + "/coordinator"
    let kubeconfig = directory + "/kubeconfig"
    try """
    apiVersion: v1
    kind: Config
    current-context: test
    contexts: [{name: test, context: {cluster: test, user: test, namespace: \(namespace)}}]
    clusters:
      - {name: test, cluster: {server: "http://\(fleet.network.address(254)):\(cluster.port)"}}
    users: [{name: test, user: {}}]
    """.write(toFile: kubeconfig, atomically: true, encoding: .utf8)
    let file = directory + "/coordinator.yaml"
    let configuration = try String(contentsOfFile: file, encoding: .utf8)
    try (configuration + "kubernetes: {kubeconfig: \(kubeconfig)}\n")
      .write(toFile: file, atomically: true, encoding: .utf8)
    try await fleet.coordinator.start()
    try await waitUntil("the agents' return", within: .seconds(60)) {
      let nodes = try await fleet.coordinator.shell.ask(["status"], as: StatusBody.self).nodes
      return nodes.allSatisfy { $0.connection == .connected }
    }
  }

  private static func loseInCut(_ api: APIServer, _ fleet: Fleet, _ shop: RunningShop) async throws
  {
    let shell = fleet.coordinator.shell
    let pid = try #require(fleet.coordinator.daemon.pid)
    let before = try await shell.ask(["status"], as: StatusBody.self).epoch
    try await shell.run(["plan", "apply", "-f", try slowPlan(fleet)])
    let id = try await shell.beginBackup(of: "shop-slower")
    try await shop.waitUntilHeld(log: fleet.coordinator.daemon.log)

    let lost = MonotonicTime.now
    await api.edit(.leases, name, in: namespace) {
      $0["spec", "holderIdentity"] = "other"
      $0["spec", "leaseDurationSeconds"] = 3600
    }
    let felt = try await shop.recovery(
      after: lost, within: look + lease + .seconds(30), log: fleet.nodes[0].agent.log)
    #expect(felt.longestPause <= look + lease + grace)
    for store in Shop.Store.allCases {
      #expect((felt[store]?.currentStall ?? .zero) < lease, "\(store.rawValue) is still held")
    }
    // Nobody answers for the fleet until somebody is active again.
    #expect(try await shell.outcome(["status"]).status != 0)

    await api.edit(.leases, name, in: namespace) { $0["spec", "holderIdentity"] = "" }
    try await waitUntil("the next term", within: .seconds(60)) {
      try await shell.outcome(["status"]).status == 0
    }
    #expect(fleet.coordinator.daemon.pid == pid)
    #expect(try await shell.ask(["status"], as: StatusBody.self).epoch > before)
    let backup = try await shell.endOfBackup(id, within: .seconds(90))
    #expect(backup.verdict?.grade == .failed, "\(backup.verdict as Any)")
    #expect(backup.verdict?.sentence.contains("lost its lease") == true)
    try await waitUntil("the end of what the cut had left open", within: .seconds(60)) {
      try await shell.ask(["status"], as: StatusBody.self).openClean == 0
    }
    #expect(try await shell.createBackup(of: "shop").meetsPlan == true)
  }

  /// One that holds for long enough that the coordinator sees its loss meanwhile.
  private static func slowPlan(_ fleet: Fleet) throws -> String {
    let text = try String(
      contentsOfFile: fleet.shop.files + "/plans/shop-slow.yaml", encoding: .utf8)
    let slower = text.replacing("name: shop-slow", with: "name: shop-slower")
      .replacing(#""/bin/sleep", "2""#, with: #""/bin/sleep", "7""#)
    #expect(slower.contains(#""7""#) && slower.contains("shop-slower"))
    let file = fleet.directory.path + "/shop-slower.yaml"
    try slower.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}
