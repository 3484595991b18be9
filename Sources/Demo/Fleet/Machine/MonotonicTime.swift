internal import Glibc

/// A reading of the machine's monotonic clock, which containers share with the host, so that times
/// taken on both sides can be compared.
package struct MonotonicTime: Hashable, Comparable, Sendable {
  /// Nanoseconds since an arbitrary start, the same for every process of this boot.
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package static var now: MonotonicTime {
    var reading = timespec()
    clock_gettime(CLOCK_MONOTONIC, &reading)
    return MonotonicTime(
      nanoseconds: Int64(reading.tv_sec) * 1_000_000_000 + Int64(reading.tv_nsec))
  }

  package static func < (one: MonotonicTime, other: MonotonicTime) -> Bool {
    one.nanoseconds < other.nanoseconds
  }
}
