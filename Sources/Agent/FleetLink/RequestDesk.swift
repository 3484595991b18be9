internal import AgentCore
internal import CutProtocol
internal import FleetWire
internal import Synchronization

/// Works off what the coordinator asks, beside all orders. A request that is asked again while it runs, for
/// example after a reconnection, joins the one that runs.
final class RequestDesk: Sendable {
  /// Requests that run at once; more are refused as busy.
  private static let most = 64

  private struct Caller: Sendable {
    var id: UInt64
    var outbox: LinkOutbox
  }

  private let handler: any OrderHandler
  private let running = Mutex<[NodeRequest: [Caller]]>([:])
  private let requests: AsyncStream<NodeRequest>
  private let queue: AsyncStream<NodeRequest>.Continuation

  init(handler: any OrderHandler) {
    self.handler = handler
    (requests, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.most))
  }

  /// Works until it is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      for await request in requests {
        group.addTask {
          let reply = await self.handler.handle(request)
          let callers = self.running.withLock { $0.removeValue(forKey: request) } ?? []
          for caller in callers { caller.outbox.offer(.reply(id: caller.id, reply)) }
        }
      }
    }
  }

  func take(_ request: NodeRequest, id: UInt64, replyTo outbox: LinkOutbox) {
    let caller = Caller(id: id, outbox: outbox)
    let isTaken = running.withLock { running in
      if running[request] != nil {
        guard (running[request]?.count ?? 0) < Self.most else { return false }
        running[request]?.append(caller)
        return true
      }
      guard running.count < Self.most else { return false }
      running[request] = [caller]
      queue.yield(request)
      return true
    }
    if !isTaken {
      outbox.offer(
        .reply(id: id, .failed(Refusal(.busy, "this node works on too many requests already"))))
    }
  }
}
