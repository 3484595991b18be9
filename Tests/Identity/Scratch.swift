import Crypto
import CutProtocol
import Foundation
import Identity
import Model
import SwiftASN1
import X509

/// A directory for one test, removed with its last reference.
final class ScratchDirectory {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "stillpoint-identity-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit {
    // Nothing useful can be done about a directory that cannot be removed.
    try? FileManager.default.removeItem(atPath: path)
  }

  func authority(
    _ fleet: String = "shop", lifetimes: CertificateAuthority.Lifetimes = .init(),
    now: Timestamp = .now()
  ) throws -> CertificateAuthority {
    try CertificateAuthority.open(
      directory: "\(path)/\(fleet)", fleet: FleetID(fleet), lifetimes: lifetimes, now: now)
  }
}

extension CertificateAuthority {
  /// An agent's credential, as enrolment makes it.
  func agent(_ node: String, now: Timestamp = .now()) throws -> Credential {
    let key = P256.Signing.PrivateKey()
    let proven = try SigningRequest.provenKey(SigningRequest.make(key: key))
    return try Credential(
      privateKey: key, certificate: issueAgent(NodeID(node), key: proven, now: now), trust: trust)
  }
}

/// A statement of node `node`, with little in it but its names.
func statement(
  node: String = "node-1", fleet: String = "shop", heldAt: Timestamp = .now()
) throws -> HoldStatement {
  let process = ProcessIdentity(container: try ContainerID("c1"), pid: 7, startTicks: 9)
  return HoldStatement(
    fleet: try FleetID(fleet), backup: try BackupID("b1"), planHash: "00",
    fence: Fence(epoch: 1, cut: 2, attempt: 1), node: try NodeID(node),
    member: try ServiceName("orders"), hold: HoldID(boot: "boot", incarnation: 1, counter: 1),
    heldAfter: WitnessVector([:]), witness: WitnessVector([:]),
    steps: HoldSteps(
      quiesceBegan: .zero, held: .milliseconds(1), frozenSent: .milliseconds(1),
      witnessReceived: .milliseconds(2), thawBegan: .milliseconds(2), thawEnded: .milliseconds(3)),
    fidelity: .full, tokensAtHold: [], tokensBeforeThaw: [], processAtHold: process,
    processBeforeThaw: process, snapshots: [],
    thaw: ThawEvidence(endedThisHold: true, cause: .complete), heldAt: heldAt)
}

/// What `body` throws, as text; nil when it throws nothing.
func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return "\(error)"
  }
}

func message(_ body: () async throws -> Void) async -> String? {
  do {
    try await body()
    return nil
  } catch {
    return "\(error)"
  }
}

extension CertificateSigningRequest {
  func der() throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(self)
    return serializer.serializedBytes
  }
}
