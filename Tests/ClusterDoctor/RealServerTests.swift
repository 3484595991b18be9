import ClusterDoctor
import ClusterTesting
import KubernetesClient
import Logging
import Testing

@Suite(.enabled(if: RealServer.isGiven, Comment(rawValue: RealServer.why)))
struct KubernetesRealServerDoctorTests {
  @Test func `everything that is looked at can be`() async throws {
    let findings = try await KubernetesClient.with(
      RealServer.access(), logger: Logger(label: "test")
    ) { client in
      try await ClusterFacts(asking: client, namespace: "stillpoint-test").findings
    }
    #expect(findings.first?.check == "api-server" && findings.first?.verdict == .good)
    #expect(findings.filter { $0.text.hasPrefix("not looked at") } == [])
    #expect(findings.filter { $0.check == "rights" }.map(\.verdict) == [.good])
    #expect(findings.filter { $0.check == "pod-security" }.map(\.verdict) == [.note])
  }
}
