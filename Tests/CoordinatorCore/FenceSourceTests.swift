import CoordinatorCore
import CutProtocol
import Testing

@Suite struct `Fences that agents name` {
  private actor Epochs: EpochStore {
    var current: UInt64 = 4

    func beginEpoch() async throws(CatalogError) -> UInt64 {
      current += 1
      return current
    }

    func raiseEpoch(above epoch: UInt64) async throws(CatalogError) -> UInt64 {
      current = max(current, epoch + 1)
      return current
    }
  }

  @Test func `one above this coordinator's raises its epoch`() async throws {
    let fences = try await FenceSource(store: Epochs())
    #expect(try await fences.observe(Fence(epoch: 9, cut: 1, attempt: 1)))
    #expect(await fences.epoch == 10)
    #expect(try await !fences.observe(Fence(epoch: 9, cut: 1, attempt: 1)))
  }

  @Test(arguments: [UInt64.max, UInt64(Int64.max) - 1, 1 << 40])
  func `one that no coordinator can have reached uses up no epochs`(epoch: UInt64) async throws {
    let fences = try await FenceSource(store: Epochs())
    let error = await #expect(throws: CatalogError.self) {
      try await fences.observe(Fence(epoch: epoch, cut: 1, attempt: 1))
    }
    #expect(error?.code == .conflict)
    #expect(await fences.epoch == 5)
  }
}
