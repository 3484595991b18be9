internal import AsyncHTTPClient
internal import NIOHTTP1
internal import Synchronization
internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import Model
internal import NIOCore
internal import OperatorFakes
internal import OperatorWire
internal import Testing

@Suite struct `A cut's live progress` {
  private static func entry(_ text: String) -> BackupLogEntry {
    BackupLogEntry(time: Example.start, member: Example.orders, text: text)
  }

  @Test func `comes as it happens and ends with the backup`() async throws {
    try await browsing { browser, coordinator in
      let running = try Example.record(nil)
      coordinator.shop.change {
        $0.backups = [running]
        $0.log = [Self.entry("prepared")]
      }
      let response = try await browser.open(.GET, "/v1/backups/\(Example.backup)/events")
      #expect(response.headers["content-type"] == ["text/event-stream"])
      var text = ""
      for try await piece in response.body {
        text += String(buffer: piece)
        if text.contains("prepared"), !text.contains("frozen"),
          coordinator.shop.memory.withLock({ $0.log.count }) == 1
        {
          coordinator.shop.tell(Self.entry("frozen\nwith a second line"))
        }
        if text.contains("second line"), coordinator.shop.followers > 0 {
          let ended = try Example.record(try await Example.evidence(coordinator.authority))
          coordinator.shop.change { $0.backups = [ended] }
          coordinator.shop.finishProgress()
        }
      }
      let events = text.split(separator: "\n\n").map(String.init).filter { !$0.hasPrefix(":") }
      #expect(events.count == 3)
      #expect(
        events.first == """
          event: log
          data: {"member":"orders","text":"prepared","time":"2026-03-04T05:06:07.000Z"}
          """)
      #expect(events.last?.hasPrefix("event: end\ndata: {") == true)
      #expect(events.last?.contains(#""state":"ended""#) == true)
    }
  }

  @Test func `of an ended backup is its log`() async throws {
    try await browsing { browser, coordinator in
      let ended = try Example.record(try await Example.evidence(coordinator.authority))
      coordinator.shop.change {
        $0.backups = [ended]
        $0.log = [Self.entry("prepared"), Self.entry("thawed")]
      }
      let answer = try await browser.send(.GET, "/v1/backups/\(Example.backup)/events")
      #expect(answer.text.components(separatedBy: "event: log\n").count == 3)
      #expect(answer.text.contains("event: end\n"))
    }
  }

  @Test func `does not keep the server from stopping`() async throws {
    try await browsing { browser, coordinator in
      let running = try Example.record(nil)
      coordinator.shop.change { $0.backups = [running] }
      let response = try await browser.open(.GET, "/v1/backups/\(Example.backup)/events")
      #expect(response.status.code == 200)
      // Leaving the body unread, `browsing` stops the server; it returns only when that has ended.
    }
  }

  @Test func `of an unknown backup is not found`() async throws {
    try await browsing { browser, _ in
      let answer = try await browser.send(.GET, "/v1/backups/nothing/events")
      #expect(answer.status == 404)
    }
  }
}
