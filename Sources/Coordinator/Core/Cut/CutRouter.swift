package import CutProtocol
package import Model

/// Brings each report to the cut that waits for it.
package actor CutRouter {
  /// One report with the node that sent it; the node's identity was checked by the fleet server.
  package struct Delivery: Sendable {
    package var node: NodeID
    package var report: CutReport
  }

  private struct CutKey: Hashable {
    var epoch: UInt64
    var cut: UInt64
  }

  private var waiting: [CutKey: AsyncStream<Delivery>.Continuation] = [:]

  package init() {}

  /// Everything that is reported for the fence's cut in any of its attempts, from now on.
  ///
  /// Bounded: a cut exchanges a handful of reports for each member; a flood drops the newest, which the cut's own
  /// time limits then notice.
  package func open(_ fence: Fence) -> AsyncStream<Delivery> {
    let (stream, entry) = AsyncStream.makeStream(
      of: Delivery.self, bufferingPolicy: .bufferingOldest(65_536))
    waiting[CutKey(epoch: fence.epoch, cut: fence.cut)] = entry
    return stream
  }

  /// The cut has ended.
  package func close(_ fence: Fence) {
    waiting.removeValue(forKey: CutKey(epoch: fence.epoch, cut: fence.cut))?.finish()
  }

  /// Answers whether a cut waits for it.
  package func deliver(_ report: CutReport, from node: NodeID) -> Bool {
    let key = CutKey(epoch: report.fence.epoch, cut: report.fence.cut)
    guard let entry = waiting[key] else { return false }
    entry.yield(Delivery(node: node, report: report))
    return true
  }
}
