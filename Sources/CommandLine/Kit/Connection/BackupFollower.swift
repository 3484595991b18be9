internal import AsyncHTTPClient
internal import Foundation
package import Model
internal import NIOCore
internal import NIOHTTP1
package import OperatorWire

/// Follows a cut until it has ended, across lost connections and a restarted coordinator.
package struct BackupFollower: Sendable {
  /// How long the coordinator may stay away before following is given up.
  static let longestAbsence = Duration.seconds(120)
  static let pause = Duration.seconds(2)
  /// No cut is followed for longer than this.
  static let longest = TimeAmount.hours(6)

  var client: CoordinatorClient
  var id: BackupID

  package init(client: CoordinatorClient, id: BackupID) {
    self.client = client
    self.id = id
  }

  /// Hands every line to `show` once and returns the ended backup. Throws when the coordinator stays away or refuses.
  package func follow(
    _ show: (LogLine) -> Void, notice: (String) -> Void
  ) async throws -> BackupBody {
    var seen: Set<LogLine> = []
    var lost: ContinuousClock.Instant?
    while true {
      do {
        if let ended = try await readStream(
          { line in
            lost = nil
            if seen.insert(line).inserted { show(line) }
          })
        {
          return ended
        }
        // The stream can end without its last event when the coordinator stops: the record tells.
        let record: BackupBody = try await client.get("/v1/backups/\(id)")
        if record.state != .running { return record }
      } catch let failure as CommandFailure where failure.kind == .unreachable {
        let since = lost ?? .now
        if lost == nil { notice("\(failure.message); trying again") }
        lost = since
        guard ContinuousClock.now - since < Self.longestAbsence else { throw failure }
      }
      try await ContinuousClock().sleep(for: Self.pause)
    }
  }

  /// One connection's events; nil when it ends without saying how the cut ended.
  private func readStream(_ show: (LogLine) -> Void) async throws -> BackupBody? {
    do {
      let response = try await client.execute(
        .GET, "/v1/backups/\(id)/events", deadline: .now() + Self.longest)
      guard (200..<300).contains(response.status.code) else {
        throw CoordinatorClient.refusal(
          response.status, try await response.body.collect(upTo: 1 << 20))
      }
      var parser = ServerEvents()
      for try await piece in response.body {
        for event in try parser.read(piece.readableBytesView) {
          let data = Data(event.data.utf8)
          switch event.name {
          case "log": show(try JSONDecoder().decode(LogLine.self, from: data))
          case "end": return try JSONDecoder().decode(BackupBody.self, from: data)
          // Later versions may send more.
          default: break
          }
        }
      }
      return nil
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as DecodingError {
      throw CommandFailure(
        .protocolMismatch, "the coordinator's progress was not understood: \(error)",
        hint: "use the stillpoint program of the coordinator's version; status shows it")
    } catch {
      throw CommandFailure(connecting: error, client.settings)
    }
  }
}

/// A line of live progress: how long after the first one, who, what.
package func progressText(_ line: LogLine, since start: Timestamp) -> String {
  let elapsed = max(line.time - start, .zero)
  return "\(("+" + elapsed.shortText).padded(to: 12))"
    + "\((line.member?.text ?? "-").printable.padded(to: 16)) \(line.text.printable)"
}
