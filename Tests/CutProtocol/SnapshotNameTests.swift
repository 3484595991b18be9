import Model
import Testing

@testable import CutProtocol

@Suite struct SnapshotNameTests {
  private func name(fence: Fence = Fixture.fence, hold: HoldID = Fixture.hold(1)) -> SnapshotName {
    SnapshotName(fence: fence, member: Fixture.orders, hold: hold, backup: Fixture.backup)
  }

  @Test func `fence, hold, volume and group each make another name`() {
    let data = VolumeHandle(accepted: "data")
    let later = Fence(epoch: 4, cut: 7, attempt: 2)
    let texts = [
      name().text(volume: data),
      name().text(volume: VolumeHandle(accepted: "log")),
      name().text(volume: nil),
      name(fence: later).text(volume: data),
      name(hold: Fixture.hold(2)).text(volume: data),
      name(hold: HoldID(boot: "boot-orders", incarnation: 3, counter: 1)).text(volume: data),
      name(hold: HoldID(boot: "toob-orders", incarnation: 2, counter: 1)).text(volume: data),
    ]
    #expect(Set(texts).count == texts.count)
  }

  @Test func `the same hold and volume give the same name again`() {
    let data = VolumeHandle(accepted: "data")
    #expect(name().text(volume: data) == name().text(volume: data))
  }

  @Test func `the longest name fits the 128 bytes that CSI allows`() {
    let fence = Fence(epoch: .max, cut: .max, attempt: .max)
    let hold = HoldID(
      boot: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", incarnation: .max, counter: .max)
    let name = SnapshotName(
      fence: fence, member: ServiceName(accepted: String(repeating: "m", count: 63)), hold: hold,
      backup: Fixture.backup)
    let volume = VolumeHandle(accepted: String(repeating: "v", count: 256))
    #expect(name.text(volume: volume).utf8.count <= 128)
  }
}
