import Crypto
import Foundation
import Identity
import Model
import Testing
import X509

struct CredentialStoreTests {
  let scratch: ScratchDirectory
  let authority: CertificateAuthority
  let store: CredentialStore

  init() throws {
    scratch = try ScratchDirectory()
    authority = try scratch.authority()
    store = try CredentialStore(path: "\(scratch.path)/identity")
  }

  @Test func `an enrolment keeps its key until it is done, and the next one has another`() throws {
    #expect(try store.load() == nil)
    let key = try store.enrolmentKey()
    #expect(try store.enrolmentKey().rawRepresentation == key.rawRepresentation)
    #expect(try store.load() == nil)
    let certificate = try authority.issueAgent(NodeID("node-1"), key: .init(key.publicKey))
    try store.save(
      Credential(privateKey: key, certificate: certificate, trust: authority.trust))
    #expect(try store.load()?.certificate == certificate)
    #expect(try store.enrolmentKey().rawRepresentation != key.rawRepresentation)
    #expect(try store.load()?.certificate == certificate)
  }

  @Test func `what was saved is loaded`() throws {
    let credential = try authority.agent("node-1")
    try store.save(credential)
    let loaded = try #require(try store.load())
    #expect(loaded.identity == credential.identity)
    #expect(loaded.certificate == credential.certificate)
    #expect(loaded.trust.authorities == [authority.certificate])
    let mode = try FileManager.default.attributesOfItem(
      atPath: "\(scratch.path)/identity/key.pem")[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test func `a new key replaces the old one together with its certificate`() throws {
    try store.save(try authority.agent("node-1"))
    let second = try authority.agent("node-1")
    try store.save(second)
    #expect(try store.load()?.certificate == second.certificate)
  }

  @Test func `files that do not belong together are refused`() throws {
    try store.save(try authority.agent("node-1"))
    let other = try CredentialStore(path: "\(scratch.path)/other")
    try other.save(try authority.agent("node-1"))
    let key = "\(scratch.path)/identity/key.pem"
    try FileManager.default.removeItem(atPath: key)
    try FileManager.default.copyItem(atPath: "\(scratch.path)/other/key.pem", toPath: key)
    #expect(message { _ = try store.load() }?.contains("do not belong together") == true)
    try FileManager.default.removeItem(atPath: key)
    #expect(message { _ = try store.load() }?.contains("its key or its authority is not") == true)
  }

  @Test func `a credential never shows its key`() throws {
    let credential = try authority.agent("node-1")
    #expect("\(credential)".contains("key <redacted>"))
  }

  @Test func `renewal is due at half of the life, spread by jitter`() throws {
    let now = Timestamp.now()
    let credential = try authority.agent("node-1", now: now)
    func hours(_ jitter: Double) -> Double {
      (credential.renewal(jitter: jitter) - now).inMilliseconds / 3_600_000
    }
    #expect(abs(hours(0) - 12) < 0.01)
    #expect(abs(hours(1) - 14.4) < 0.01)
    #expect(abs(hours(7) - 14.4) < 0.01)
  }
}
