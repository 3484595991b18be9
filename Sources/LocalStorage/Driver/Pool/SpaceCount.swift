internal import Glibc

/// What `statvfs` counts, in numbers that cannot overflow: a damaged filesystem may claim more free blocks than it has, and
/// network filesystems say -1 for what they do not know.
struct SpaceCount: Hashable, Sendable {
  var blockSize: Int64
  var blocks: Int64
  var freeBlocks: Int64
  /// Of the free blocks, those that are not reserved.
  var availableBlocks: Int64

  init(blockSize: UInt, blocks: UInt, freeBlocks: UInt, availableBlocks: UInt) {
    self.blockSize = Int64(clamping: blockSize)
    self.blocks = Int64(clamping: blocks)
    self.freeBlocks = Int64(clamping: freeBlocks)
    self.availableBlocks = Int64(clamping: availableBlocks)
  }

  init(_ status: statvfs) {
    self.init(
      blockSize: status.f_frsize, blocks: status.f_blocks, freeBlocks: status.f_bfree,
      availableBlocks: status.f_bavail)
  }

  /// Never negative.
  var usedBlocks: Int64 { max(0, blocks - freeBlocks) }

  func bytes(_ blocks: Int64) -> Int64 {
    let (bytes, overflow) = blocks.multipliedReportingOverflow(by: blockSize)
    return overflow ? .max : bytes
  }
}
