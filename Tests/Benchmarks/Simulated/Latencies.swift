internal import Model
import SeededRandom

/// What a simulated fleet's network, applications and storage take. Drawn anew for every message and every member.
struct Latencies: Sendable {
  /// One way between coordinator and node.
  func message(_ random: inout Seeded) -> Duration {
    let fate = random.unit()
    // One in a million is lost once and sent again by TCP, one in a thousand meets a busy node or a full queue.
    let late = fate < 1e-6 ? Duration.milliseconds(200) : fate < 1e-3 ? .milliseconds(5) : .zero
    return .microseconds(150) + Duration.microseconds(1) * (-100 * random.logarithm()) + late
  }

  func quiesce(_ random: inout Seeded) -> Duration {
    min(random.logNormal(median: .milliseconds(8), spread: 0.7), .milliseconds(500))
  }

  func snapshot(_ random: inout Seeded) -> Duration {
    min(random.logNormal(median: .milliseconds(30), spread: 0.5), .seconds(2))
  }

  func thaw(_ random: inout Seeded) -> Duration {
    min(random.logNormal(median: .milliseconds(1), spread: 0.4), .milliseconds(100))
  }

  /// Of one durable change of the catalog.
  func store(_ random: inout Seeded) -> Duration {
    min(random.logNormal(median: .milliseconds(4), spread: 0.5), .milliseconds(100))
  }

  /// The mean of a message there and one back.
  static let roundTrip = Duration.microseconds(2 * (150 + 100 + 5))

  static let words = """
    one way over the network 0.15 ms plus an exponential 0.1 ms, one message in 1,000 comes 5 ms late and \
    one in a million 200 ms (lost and sent again); quiesce log-normal with median 8 ms (σ 0.7); snapshot log-normal with median 30 ms (σ 0.5); thaw log-normal with median \
    1 ms (σ 0.4); a durable change of the catalog log-normal with median 4 ms (σ 0.5). The loss is that of an uncongested network within one \
    site; it was set after first results had been seen: with more of it, the time that TCP takes to send again is what the windows \
    of large fleets consist of
    """
}

/// Reproducible randomness.
struct Seeded {
  private var random: SplitMix64

  init(_ seed: UInt64) { random = SplitMix64(seed: seed) }

  /// Above 0, at most 1.
  mutating func unit() -> Double { (Double(random.next() >> 11) + 1) / Double(1 << 53) }

  /// Of `unit`: never above 0.
  mutating func logarithm() -> Double { naturalLogarithm(unit()) }

  mutating func logNormal(median: Duration, spread: Double) -> Duration {
    median * exponential(spread * normal())
  }

  private mutating func normal() -> Double {
    squareRoot(-2 * logarithm()) * cosine(2 * .pi * unit())
  }
}
