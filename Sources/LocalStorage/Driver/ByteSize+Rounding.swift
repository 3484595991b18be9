internal import Model

extension ByteSize {
  /// Rounded up to whole mebibytes, so that every filesystem's block size divides it.
  static func wholeMebibytes(_ bytes: Int64) -> Int64 {
    let (sum, overflow) = bytes.addingReportingOverflow((1 << 20) - 1)
    return overflow ? Int64.max & ~((1 << 20) - 1) : sum & ~((1 << 20) - 1)
  }
}
