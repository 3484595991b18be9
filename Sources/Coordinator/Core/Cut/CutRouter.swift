package import CutProtocol
package import Model

/// Brings each report to the cut that waits for it.
package actor CutRouter {
  /// One report with the node that sent it; the node's identity was checked by the fleet server.
  package struct Delivery: Sendable {
    package var node: NodeID
    package var report: CutReport
  }

  private struct Waiting {
    /// The epoch of the cut's first attempt; later ones may have a higher one, earlier lives of the coordinator had lower ones.
    var epoch: UInt64
    var entry: AsyncStream<Delivery>.Continuation
  }

  /// By the number of the cut, which a coordinator never uses twice.
  private var waiting: [UInt64: Waiting] = [:]

  package init() {}

  /// Everything that is reported for the fence's cut in any of its attempts, from now on.
  ///
  /// Bounded: a cut exchanges a handful of reports for each member; a flood drops the newest, which the cut's own
  /// time limits then notice.
  package func open(_ fence: Fence) -> AsyncStream<Delivery> {
    let (stream, entry) = AsyncStream.makeStream(
      of: Delivery.self, bufferingPolicy: .bufferingOldest(65_536))
    waiting[fence.cut] = Waiting(epoch: fence.epoch, entry: entry)
    return stream
  }

  /// The cut has ended.
  package func close(_ fence: Fence) {
    waiting.removeValue(forKey: fence.cut)?.entry.finish()
  }

  /// Answers whether a cut waits for it.
  package func deliver(_ report: CutReport, from node: NodeID) -> Bool {
    guard let cut = waiting[report.fence.cut], report.fence.epoch >= cut.epoch else { return false }
    cut.entry.yield(Delivery(node: node, report: report))
    return true
  }
}
