import CSIWire
import Foundation
import Model
import Testing

@testable import LocalStorage

@Suite struct `What a caller asks of the driver` {
  @Test func `a size above every filesystem is refused in words`() throws {
    for required in [Int64.max, Int64.max - 5, 17 << 40] {
      let order = VolumeOrder(name: "a", requiredBytes: required)
      let error = #expect(throws: StorageError.self) { try order.capacity(atLeast: 16 << 20) }
      #expect(error?.code == .outOfRange)
    }
    #expect(ByteSize(bytes: .max).description == "8388607.9 TiB")
    #expect(ByteSize(bytes: 3 << 29).description == "1.5 GiB")
  }

  @Test(arguments: ["a/b", "/a\u{0}/b", "/" + String(repeating: "x", count: 4096), ""])
  func `a path that the kernel would not see whole is refused`(path: String) {
    let error = #expect(throws: StorageError.self) { try Field.requirePath(path, "target_path") }
    #expect(error?.code == .invalidArgument)
    #expect((error?.message.utf8.count ?? 0) < 300)
  }

  @Test func `mount flags with control characters are refused`() throws {
    #expect(throws: StorageError.self) { try MountOptions(words: ["a\u{0}b"], for: .ext4) }
    #expect(try MountOptions(words: ["ro,discard"], for: .ext4).data == "discard")
  }

  @Test func `a document of the pool that no driver has written is refused`() throws {
    func volume(id: String, serial: UInt64 = 4, capacity: Int64 = 1 << 30) throws -> [UInt8] {
      Array(
        try JSONEncoder().encode(
          StoredVolume(
            id: id, name: "pvc", serial: serial, capacity: capacity, filesystem: .ext4,
            source: nil, mustGrow: false)))
    }
    #expect(try PoolDirectory.record(StoredVolume.self, volume(id: "v"), id: "v").id == "v")
    for bytes in try [
      volume(id: "../../etc/passwd"), volume(id: "v", serial: .max),
      volume(id: "v", capacity: .max), volume(id: "v", capacity: -1),
    ] {
      #expect(throws: StorageError.self) {
        try PoolDirectory.record(StoredVolume.self, bytes, id: "v")
      }
    }
  }

  @Test func `counts of a damaged filesystem stay within their numbers`() {
    let damaged = SpaceCount(blockSize: 4096, blocks: 10, freeBlocks: 11, availableBlocks: .max)
    #expect(damaged.usedBlocks == 0)
    #expect(damaged.bytes(damaged.availableBlocks) == .max)
    let whole = SpaceCount(blockSize: 4096, blocks: 10, freeBlocks: 4, availableBlocks: 3)
    #expect(whole.bytes(whole.usedBlocks) == 6 * 4096)
  }
}
