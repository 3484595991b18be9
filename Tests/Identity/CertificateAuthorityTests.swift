import Foundation
import Identity
import Model
import Testing
import X509

struct CertificateAuthorityTests {
  let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private func mode(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: "\(scratch.path)/\(name)")
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test func `the first start makes the authority and every later one loads it`() throws {
    let first = try scratch.authority()
    let second = try scratch.authority()
    #expect(first.pin == second.pin)
    #expect(first.certificate == second.certificate)
    #expect(try mode("shop") == 0o700)
    #expect(try mode("shop/authority.key") == 0o600)
    #expect(try mode("shop/authority.pem") == 0o600)
  }

  @Test func `a first start that was interrupted after the key is finished with that key`() throws {
    let first = try scratch.authority()
    try FileManager.default.removeItem(atPath: "\(scratch.path)/shop/authority.pem")
    try Data("half".utf8).write(
      to: URL(fileURLWithPath: "\(scratch.path)/shop/authority.pem.new"))
    let second = try scratch.authority()
    #expect(second.pin == first.pin)
    #expect(try scratch.authority().certificate == second.certificate)
  }

  @Test func `a certificate whose key is gone is an error and never a new authority`() throws {
    _ = try scratch.authority()
    let key = "\(scratch.path)/shop/authority.key"
    try FileManager.default.removeItem(atPath: key)
    let text = try #require(message { _ = try scratch.authority() })
    #expect(text.contains("authority.key is not"))
    #expect(text.contains("restore the key"))
    #expect(!FileManager.default.fileExists(atPath: key))
  }

  @Test func `a key that others can read is refused with the command that mends it`() throws {
    _ = try scratch.authority()
    let key = "\(scratch.path)/shop/authority.key"
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
    let text = try #require(message { _ = try scratch.authority() })
    #expect(text.contains("has mode 0640"))
    #expect(text.contains("chmod 600 \(key)"))
  }

  @Test func `a directory that others can enter is refused`() throws {
    _ = try scratch.authority()
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: "\(scratch.path)/shop")
    #expect(message { _ = try scratch.authority() }?.contains("mode 0755") == true)
  }

  @Test(arguments: ["authority.key", "authority.pem"])
  func `a garbled file is refused and left untouched`(_ name: String) throws {
    _ = try scratch.authority()
    let file = URL(fileURLWithPath: "\(scratch.path)/shop/\(name)")
    let handle = try FileHandle(forWritingTo: file)
    try handle.truncate(atOffset: 40)
    try handle.close()
    let before = try Data(contentsOf: file)
    let text = try #require(message { _ = try scratch.authority() })
    #expect(text.contains(name))
    #expect(try Data(contentsOf: file) == before)
  }

  @Test func `key and certificate of two authorities are refused`() throws {
    _ = try scratch.authority()
    let other = try ScratchDirectory()
    _ = try other.authority()
    let key = "\(scratch.path)/shop/authority.key"
    try FileManager.default.removeItem(atPath: key)
    try FileManager.default.copyItem(atPath: "\(other.path)/shop/authority.key", toPath: key)
    #expect(message { _ = try scratch.authority() }?.contains("is not the key of") == true)
  }

  @Test func `an authority of another fleet is refused`() throws {
    _ = try scratch.authority()
    let text = try #require(
      message {
        _ = try CertificateAuthority.open(
          directory: "\(scratch.path)/shop", fleet: FleetID("bank"))
      })
    #expect(text.contains("is that of fleet shop, not of bank"))
  }

  @Test func `an expired authority is refused with its date`() throws {
    _ = try scratch.authority()
    let later = Timestamp.now() + CertificateAuthority.lifetime + .seconds(60)
    #expect(message { _ = try scratch.authority(now: later) }?.contains("expired at") == true)
  }

  @Test func `a symbolic link in place of the key is refused`() throws {
    _ = try scratch.authority()
    let key = "\(scratch.path)/shop/authority.key"
    try FileManager.default.moveItem(atPath: key, toPath: "\(scratch.path)/elsewhere")
    try FileManager.default.createSymbolicLink(
      atPath: key, withDestinationPath: "\(scratch.path)/elsewhere")
    #expect(message { _ = try scratch.authority() }?.contains("opening \(key) failed") == true)
  }

  @Test func `each role gets its name, its use and its life`() throws {
    let authority = try scratch.authority()
    let now = Timestamp.now()
    let agent = try authority.agent("node-1", now: now)
    let person = try authority.issueOperator(OperatorName("ada"), now: now)
    let coordinator = try authority.issueCoordinator(now: now)
    #expect(agent.identity.uri == "spiffe://shop/agent/node-1")
    #expect(person.identity.uri == "spiffe://shop/operator/ada")
    #expect(coordinator.identity == .coordinator(try FleetID("shop")))
    for (credential, life, usage) in [
      (agent, 24 * 3600, ExtendedKeyUsage.Usage.clientAuth),
      (person, 365 * 24 * 3600, .clientAuth), (coordinator, 7 * 24 * 3600, .serverAuth),
    ] {
      // Certificates count whole seconds.
      #expect(abs((credential.notAfter - now - .seconds(life)).inMilliseconds) <= 1000)
      #expect(credential.notBefore < now)
      #expect(try credential.certificate.extensions.extendedKeyUsage?.contains(usage) == true)
    }
  }

  @Test func `nothing outlives the authority`() throws {
    let authority = try scratch.authority()
    let last = authority.certificate.notValidAfter
    let late = Timestamp(nanoseconds: Int64(last.timeIntervalSince1970) * 1_000_000_000)
    let agent = try authority.agent("node-1", now: late - .seconds(60))
    #expect(agent.certificate.notValidAfter == last)
  }
}
