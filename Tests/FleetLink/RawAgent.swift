import CutProtocol
import FleetWire
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Identity
import Model
import SwiftProtobuf
import Synchronization

/// A peer that speaks the wire protocol as the test likes, right or wrong.
final class RawAgent: Sendable {
  typealias Wire = Stillpoint_Fleet_V1_AgentMessage

  static let hello = AgentHello(
    version: "1.0", boot: "boot", incarnation: 1, highestFence: .none, journalEnd: 0, journal: "j")

  private let outgoing: AsyncStream<Wire>.Continuation
  private let heard = Mutex<[CoordinatorMessage]>([])
  private let failure = Mutex<String?>(nil)

  private init(_ outgoing: AsyncStream<Wire>.Continuation) { self.outgoing = outgoing }

  /// Everything that the coordinator said except heartbeats.
  var messages: [CoordinatorMessage] { heard.withLock { $0.filter { $0 != .beat } } }
  /// Why the stream broke; nil while it has not.
  var error: String? { failure.withLock { $0 } }

  var farewell: Farewell? {
    for case .farewell(let farewell) in messages { return farewell }
    return nil
  }

  func say(_ message: AgentMessage) async {
    guard let wire = try? message.wire() else { return }
    outgoing.yield(wire)
  }

  func say(_ wire: Wire) { outgoing.yield(wire) }

  /// Connects, and keeps the stream open while `body` runs. With `reads` false nothing is ever read.
  static func attach(
    _ port: Int, _ credential: Credential, reads: Bool = true,
    _ body: @escaping @Sendable (RawAgent) async throws -> Void
  ) async throws {
    let (stream, outgoing) = AsyncStream<Wire>.makeStream()
    let raw = RawAgent(outgoing)
    let transport = try HTTP2ClientTransport.Posix(
      target: .ipv4(address: "127.0.0.1", port: port),
      transportSecurity: .mTLS(
        certificateChain: [.bytes(Array(try credential.certificate.der), format: .der)],
        privateKey: .bytes(Array(credential.privateKeyPEM.utf8), format: .pem)
      ) {
        $0.trustRoots = .certificates(
          credential.trust.authorities.compactMap { authority in
            (try? authority.der).map { .bytes(Array($0), format: .der) }
          })
      },
      config: .defaults {
        $0.http2.authority = credential.trust.fleet.coordinatorName
        $0.http2.targetWindowSize = 65_535
      })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do {
          try await withGRPCClient(transport: transport) { client in
            let service = Stillpoint_Fleet_V1_Fleet.Client(wrapping: client)
            try await service.attach(
              requestProducer: { writer in
                for await message in stream { try await writer.write(message) }
              },
              onResponse: { response in
                guard reads else { return try await Task.sleep(for: .seconds(600)) }
                for try await wire in response.messages {
                  let message = try CoordinatorMessage(wire)
                  raw.heard.withLock { $0.append(message) }
                }
              })
          }
        } catch {
          raw.failure.withLock { $0 = "\(error)" }
        }
      }
      defer { group.cancelAll() }
      // The stream may end or break before; what the body then expects is its own matter.
      try await body(raw)
    }
  }
}
