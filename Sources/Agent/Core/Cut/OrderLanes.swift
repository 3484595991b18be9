package import CutProtocol
package import Logging
internal import Model
internal import Synchronization

/// Hands orders to the core: those of one member one after the other, those of different members at once.
///
/// Outlives connections, so that an order that is being handled is not cancelled when one breaks.
package final class OrderLanes: Sendable {
  /// Members that one node can have, and orders of one member that can wait.
  private static let most = 1024
  private static let bound = 64

  private let handler: any OrderHandler
  private let logger: Logger
  private let lanes = Mutex<[ServiceName: AsyncStream<CutOrder>.Continuation]>([:])
  private let opened: AsyncStream<AsyncStream<CutOrder>>
  private let opening: AsyncStream<AsyncStream<CutOrder>>.Continuation

  package init(handler: any OrderHandler, logger: Logger) {
    self.handler = handler
    self.logger = logger
    (opened, opening) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.most))
  }

  /// Works until it is cancelled.
  package func run() async {
    await withDiscardingTaskGroup { group in
      for await lane in opened {
        group.addTask { for await order in lane { await self.handler.handle(order) } }
      }
    }
  }

  /// False when the order could not be taken; the coordinator repeats what it must.
  package func take(_ order: CutOrder) -> Bool {
    lanes.withLock { lanes in
      if let lane = lanes[order.member] {
        if case .enqueued = lane.yield(order) { return true }
        return false
      }
      guard lanes.count < Self.most else { return false }
      let (orders, lane) = AsyncStream<CutOrder>.makeStream(
        bufferingPolicy: .bufferingOldest(Self.bound))
      lanes[order.member] = lane
      lane.yield(order)
      opening.yield(orders)
      return true
    }
  }
}
