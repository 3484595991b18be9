internal import CoordinatorCore
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Model
internal import NIOCore
internal import OperatorWire
internal import ServiceLifecycle

/// How often an idle stream says that it is alive; readers may give up after three of these.
let eventStreamBeat = Duration.seconds(5)
/// Entries that wait for a slow reader; older ones are dropped, and the reader finds them in the log.
private let eventStreamBacklog = 256

/// What goes into the stream next.
private enum Beat: Sendable {
  case entry(BackupLogEntry)
  case alive
  case ended
}

/// Server-sent events (WHATWG HTML, section 9.2): `log` with a `LogLine`, at last `end` with the `BackupBody`.
///
/// `admit` is asked before each of them: when it throws, the stream breaks off, and the reader's next request is told why.
func eventStream(
  of id: BackupID, _ progress: AsyncStream<BackupLogEntry>, _ backups: any BackupOperations,
  admit: @escaping @Sendable () async throws -> Void
) -> Response {
  let body = ResponseBody { writer in
    try await sendEvents(of: id, progress, backups, admit, to: &writer)
    try await writer.finish(nil)
  }
  return Response(
    status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
    body: body)
}

@concurrent private func sendEvents(
  of id: BackupID, _ progress: AsyncStream<BackupLogEntry>, _ backups: any BackupOperations,
  _ admit: @Sendable () async throws -> Void, to writer: inout any ResponseBodyWriter
) async throws {
  let (beats, outbox) = AsyncStream.makeStream(
    of: Beat.self, bufferingPolicy: .bufferingNewest(eventStreamBacklog))
  let pump = Pump(progress: progress, outbox: outbox)
  async let pumping: Void = pump.run()
  for await beat in beats {
    try await admit()
    switch beat {
    case .entry(let entry): try await writer.write(event("log", LogLine(entry)))
    case .alive: try await writer.write(ByteBuffer(string: ": alive\n\n"))
    case .ended: try await writer.write(event("end", BackupBody(try await backups.backup(id))))
    }
  }
  await pumping
}

/// Feeds entries and signs of life into one stream until the entries end or the server shuts down.
private struct Pump: Sendable {
  var progress: AsyncStream<BackupLogEntry>
  var outbox: AsyncStream<Beat>.Continuation

  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for await entry in progress.cancelOnGracefulShutdown() {
          outbox.yield(.entry(entry))
        }
        if !Task.isCancelled && !Task.isShuttingDownGracefully { outbox.yield(.ended) }
      }
      group.addTask {
        while (try? await ContinuousClock().sleep(for: eventStreamBeat)) != nil {
          outbox.yield(.alive)
        }
      }
      await group.next()
      group.cancelAll()
    }
    outbox.finish()
  }
}

private func event(_ name: String, _ body: some Encodable) throws -> ByteBuffer {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  // One line: JSON without pretty printing has no line breaks, which would end the field.
  let data = String(decoding: try encoder.encode(body), as: UTF8.self)
  return ByteBuffer(string: "event: \(name)\ndata: \(data)\n\n")
}
