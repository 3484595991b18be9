internal import AgentCore
package import CutProtocol
internal import FleetWire
internal import Synchronization

/// Where the agent's core sends its reports: to the connection of the moment, or nowhere.
///
/// Made before the core and the link, which both need it.
package final class FleetReports: ReportSink {
  private let outbox = Mutex<LinkOutbox?>(nil)

  package init() {}

  package func send(_ report: CutReport) async {
    outbox.withLock { $0 }?.offer(.report(report))
  }

  func attach(_ outbox: LinkOutbox) { self.outbox.withLock { $0 = outbox } }

  func detach(_ outbox: LinkOutbox) {
    self.outbox.withLock { if $0 === outbox { $0 = nil } }
  }
}
