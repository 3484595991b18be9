internal import CommandLineKit
internal import Foundation
internal import Identity
internal import Model
internal import OperatorFakes
internal import Testing

@Suite struct `The operator's configuration` {
  /// A good directory, changed by `change`; the failure that reading it gives.
  private func failure(
    _ change: @Sendable (String) throws -> Void = { _ in }, now: Timestamp = .now(),
    as credential: (@Sendable (CertificateAuthority) throws -> Credential)? = nil
  ) async throws -> CommandFailure {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "stillpoint-settings-\(UUID().uuidString)")
    defer {
      // What is left in the temporary directory harms nobody.
      try? FileManager.default.removeItem(at: directory)
    }
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let authority = try CertificateAuthority.open(
      directory: directory.appending(path: "authority").path, fleet: Example.fleet)
    let coordinator = FakeCoordinator(
      port: 7444, authority: authority, shop: Example.shop(), directory: directory)
    let path = try coordinator.configuration(credential: credential?(authority))
    try change(path)
    do throws(CommandFailure) {
      _ = try Settings(directory: path, now: now)
    } catch {
      var error = error
      error.message = error.message.replacing(path, with: "CONFIG")
      error.hint = error.hint?.replacing(path, with: "CONFIG")
      return error
    }
    throw CocoaError(.fileReadUnknown)
  }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  @Test func `that is missing or incomplete is named`() async throws {
    #expect(
      try await failure { try FileManager.default.removeItem(atPath: $0) }.message
        == "there is no configuration directory CONFIG")
    #expect(
      try await failure { try FileManager.default.removeItem(atPath: "\($0)/operator.pem") }.message
        == "CONFIG/operator.pem is missing")
    #expect(
      try await failure {
        try FileManager.default.removeItem(atPath: $0)
        try write("a file", $0)
      }.message == "CONFIG is no directory")
    #expect(
      try await failure {
        try FileManager.default.removeItem(atPath: "\($0)/ca.pem")
        try FileManager.default.createDirectory(
          atPath: "\($0)/ca.pem", withIntermediateDirectories: false)
      }.message == "CONFIG/ca.pem is no regular file")
  }

  @Test func `that is garbled is named`() async throws {
    let cases: [(String, String, String)] = [
      ("config.yaml", "", "CONFIG/config.yaml is empty"),
      ("config.yaml", "[", "CONFIG/config.yaml is no YAML"),
      ("config.yaml", "text", "CONFIG/config.yaml is no mapping of names to texts"),
      ("config.yaml", "? {a: b}\n: c\n", "CONFIG/config.yaml is no mapping of names to texts"),
      ("config.yaml", "fleet: prod\n", "CONFIG/config.yaml has no key 'server'"),
      (
        "config.yaml", "fleet: prod\nserver: a:1\nsever: b\n",
        "CONFIG/config.yaml has an unknown key 'sever'"
      ),
      (
        "config.yaml", "fleet: prod\nserver: host\n",
        "CONFIG/config.yaml: server 'host' is no host and port"
      ),
      (
        "config.yaml", "fleet: prod\nserver: host:99999\n",
        "CONFIG/config.yaml: server 'host:99999' is no host and port"
      ),
      (
        "config.yaml", "fleet: other\nserver: a:1\n",
        "CONFIG/ca.pem is the authority of fleet prod, but config.yaml names fleet other"
      ),
      ("operator.pem", "garbage", "CONFIG/operator.pem is no PEM certificate"),
      (
        "operator-key.pem", "garbage", "CONFIG/operator-key.pem is no PEM private key on P-256"
      ),
    ]
    for (file, text, message) in cases {
      let failure = try await failure { path in
        let mode = [FileAttributeKey.posixPermissions: 0o600]
        try write(text, "\(path)/\(file)")
        try FileManager.default.setAttributes(mode, ofItemAtPath: "\(path)/\(file)")
      }
      #expect(failure.message == message)
      #expect(failure.status == .failed)
    }
    let ca = try await failure { try write("garbage", "\($0)/ca.pem") }
    #expect(ca.message.hasPrefix("CONFIG/ca.pem "))
  }

  @Test func `whose key others can read is refused`() async throws {
    let failure = try await failure { path in
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o640], ofItemAtPath: "\(path)/operator-key.pem")
    }
    #expect(
      failure.message
        == "CONFIG/operator-key.pem has mode 0640: others could read the operator's key")
    #expect(failure.hint == "chmod 600 CONFIG/operator-key.pem")
  }

  @Test func `whose identity cannot be used is refused before anything is sent`() async throws {
    let expired = try await failure(now: .now() + .seconds(400 * 86_400))
    #expect(
      expired.message.hasPrefix("the operator's certificate CONFIG/operator.pem expired at "))
    let early = try await failure(now: .now() - .seconds(86_400))
    #expect(
      early.message.hasPrefix("the operator's certificate CONFIG/operator.pem is not valid before"))
    let coordinator = try await failure(as: { try $0.issueCoordinator() })
    #expect(
      coordinator.message
        == "CONFIG/operator.pem is the certificate of spiffe://prod/coordinator, not of an operator"
    )
    let swapped = try await failure { path in
      let key = try String(
        contentsOfFile: "\(path)/../authority/authority.key", encoding: .utf8)
      try write(key, "\(path)/operator-key.pem")
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: "\(path)/operator-key.pem")
    }
    #expect(swapped.message.hasPrefix("the files in CONFIG do not belong together: "))
    #expect(swapped.kind == .identity)
  }

  @Test func `is looked for where it was said`() throws {
    #expect(
      try Settings.directory(option: "/a", environment: ["STILLPOINT_CONFIG": "/b"]) == "/a")
    #expect(
      try Settings.directory(option: nil, environment: ["STILLPOINT_CONFIG": "/b", "HOME": "/h"])
        == "/b")
    #expect(
      try Settings.directory(option: nil, environment: ["HOME": "/h"]) == "/h/.config/stillpoint")
    #expect(throws: CommandFailure.self) {
      try Settings.directory(option: nil, environment: [:])
    }
  }
}
