internal import CommandLineKit
internal import Foundation
internal import Identity
internal import Model
internal import NIOCore
internal import NIOPosix
internal import OperatorFakes
internal import OperatorWire
internal import Testing

@Suite struct `Connections to the coordinator` {
  private func failure(_ configuration: String) async throws -> CommandFailure {
    do {
      let settings = try Settings(directory: configuration)
      _ = try await CoordinatorClient.with(settings) { client -> StatusBody in
        try await client.get("/v1/status")
      }
    } catch let failure as CommandFailure {
      return failure
    }
    throw CocoaError(.userCancelled)
  }

  @Test func `prove both sides, whatever address is dialled`() async throws {
    try await FakeCoordinator.serving { coordinator in
      let settings = try Settings(
        directory: coordinator.configuration(server: "localhost:\(coordinator.port)"))
      let status: StatusBody = try await CoordinatorClient.with(settings) {
        try await $0.get("/v1/status")
      }
      #expect(status.version == "1.2.3")
    }
  }

  @Test func `that nothing accepts say where`() async throws {
    try await FakeCoordinator.serving { coordinator in
      let failure = try await failure(coordinator.configuration(server: "127.0.0.1:1"))
      #expect(
        failure.message
          == "the coordinator at 127.0.0.1:1 refused the connection: nothing listens there")
      #expect(failure.kind == .unreachable)
      let unknown = try await self.failure(
        coordinator.configuration(named: "unknown", server: "nowhere.invalid:7444"))
      #expect(
        unknown.message
          == "the name nowhere.invalid of the coordinator at nowhere.invalid:7444 is not known")
    }
  }

  @Test func `to the coordinator of another fleet are not made`() async throws {
    try await FakeCoordinator.serving { coordinator in
      let other = try CertificateAuthority.open(
        directory: coordinator.directory.appending(path: "other").path,
        fleet: FleetID("elsewhere"))
      let failure = try await failure(
        coordinator.configuration(credential: other.issueOperator(OperatorName("alice"))))
      #expect(failure.kind == .identity)
      #expect(
        failure.message.hasPrefix(
          "the coordinator at 127.0.0.1:\(coordinator.port) is not that of fleet elsewhere: "))
    }
  }

  @Test func `with a stranger's certificate are refused in words`() async throws {
    try await FakeCoordinator.serving { coordinator in
      // The fleet's own ca.pem beside an operator that a forged authority signed.
      let forged = try CertificateAuthority.open(
        directory: coordinator.directory.appending(path: "forged").path, fleet: Example.fleet)
      let path = try coordinator.configuration(
        credential: forged.issueOperator(OperatorName("alice")))
      try Data(coordinator.authority.trust.pem.utf8).write(to: URL(filePath: "\(path)/ca.pem"))
      let failure = try await failure(path)
      #expect(failure.kind == .identity, "\(failure)")
      #expect(
        failure.message
          == "the coordinator at 127.0.0.1:\(coordinator.port) refused this operator: "
          + "\(path)/operator.pem is no certificate of its fleet")
    }
  }

  @Test func `to something that speaks no TLS say so`() async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let channel = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Greeter())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(channel.localAddress?.port)
    try await FakeCoordinator.serving { coordinator in
      let failure = try await failure(coordinator.configuration(server: "127.0.0.1:\(port)"))
      #expect(
        failure.message
          == "the coordinator at 127.0.0.1:\(port) does not speak TLS: it is no operator API")
    }
    try await channel.close()
  }
}

/// Answers whatever comes with a line of text, as a mail or SSH server does.
private final class Greeter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    context.writeAndFlush(
      wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n")), promise: nil)
  }
}

@Suite struct `Server-sent events` {
  @Test func `are read from any pieces`() throws {
    let text =
      ": alive\r\n\r\nevent: log\r\ndata: {\"a\":1}\r\n\r\ndata: one\ndata: two\n\nevent: x\n\n"
    let expected = [
      ServerEvents.Event(name: "log", data: "{\"a\":1}"),
      ServerEvents.Event(name: "message", data: "one\ntwo"),
    ]
    for size in [1, 2, 3, 7, 1000] {
      var parser = ServerEvents()
      var found: [ServerEvents.Event] = []
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        found += try parser.read(rest.prefix(size))
        rest = rest.dropFirst(size)
      }
      #expect(found == expected)
    }
  }

  @Test func `with an endless line are given up`() {
    var parser = ServerEvents()
    #expect(throws: CommandFailure.self) {
      try parser.read(Array(repeating: UInt8(ascii: "x"), count: ServerEvents.longestLine + 1))
    }
  }
}
