internal import Synchronization

/// Lets each address make a burst of calls, and one more per interval after that.
///
/// Remembers at most `addresses` of them; when strangers fill the table, they share one allowance.
final class RateLimit: Sendable {
  private struct Allowance {
    var left: Double
    var at: ContinuousClock.Instant
  }

  private let burst: Int
  private let interval: Duration
  private let addresses: Int
  private let allowances = Mutex<[String: Allowance]>([:])

  init(burst: Int, interval: Duration, addresses: Int = 4096) {
    self.burst = burst
    self.interval = interval
    self.addresses = addresses
  }

  /// Whether the peer, in gRPC's form `ipv4:192.0.2.1:4711`, may make one more call now.
  func allows(_ peer: String, now: ContinuousClock.Instant = .now) -> Bool {
    allowances.withLock { table in
      var address = peer.lastIndex(of: ":").map { String(peer[..<$0]) } ?? peer
      if table[address] == nil, table.count >= addresses {
        table = table.filter { now - $0.value.at < interval * burst }
        if table.count >= addresses { address = "everybody else" }
      }
      var allowance = table[address] ?? Allowance(left: Double(burst), at: now)
      let earned = (now - allowance.at) / interval
      allowance.left = min(Double(burst), allowance.left + max(0, earned))
      allowance.at = now
      let isAllowed = allowance.left >= 1
      if isAllowed { allowance.left -= 1 }
      table[address] = allowance
      return isAllowed
    }
  }
}
