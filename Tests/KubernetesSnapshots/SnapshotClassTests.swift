import CutProtocol
import Model
import Testing

@testable import KubernetesSnapshots

struct SnapshotClassTests {
  private let driver = DriverName(accepted: "hostpath.csi.k8s.io")

  private func named(
    _ name: String, driver: String = "hostpath.csi.k8s.io", isDefault: Bool = false
  )
    -> SnapshotClass
  { SnapshotClass(name: name, driver: driver, isDefault: isDefault) }

  @Test func `the class that is asked for comes before the default`() throws {
    let classes = [named("usual", isDefault: true), named("retain")]
    #expect(try classes.choose("retain", for: driver).name == "retain")
    #expect(try classes.choose(nil, for: driver).name == "usual")
  }

  @Test func `a driver's only class needs no mark`() throws {
    let classes = [named("other", driver: "ebs.csi.aws.com", isDefault: true), named("own")]
    #expect(try classes.choose(nil, for: driver).name == "own")
  }

  @Test func `two defaults are refused, as the controller refuses them`() {
    let classes = [named("a", isDefault: true), named("b", isDefault: true)]
    let refusal = #expect(throws: Refusal.self) { try classes.choose(nil, for: driver) }
    #expect(refusal?.message == "driver hostpath.csi.k8s.io has 2 default VolumeSnapshotClass")
    #expect(refusal?.code == .hazard)
  }

  @Test func `a class of another driver is refused`() {
    let classes = [named("own"), named("other", driver: "ebs.csi.aws.com")]
    let refusal = #expect(throws: Refusal.self) { try classes.choose("other", for: driver) }
    #expect(
      refusal?.message
        == "VolumeSnapshotClass other is of driver ebs.csi.aws.com, not of hostpath.csi.k8s.io")
    #expect(refusal?.hint == "classes of hostpath.csi.k8s.io: own")
  }

  @Test func `without a class that says so a driver makes no groups`() throws {
    #expect(try [].chooseGroup(nil, for: driver) == nil)
    #expect(try [named("a"), named("b")].chooseGroup(nil, for: driver) == nil)
    #expect(
      try [named("a"), named("b", isDefault: true)].chooseGroup(nil, for: driver)?.name == "b")
  }
}
