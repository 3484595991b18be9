/// Who this instance of the driver is.
package struct DriverIdentity: Hashable, Sendable {
  /// What orchestrators and volumes' files call the driver.
  package static let name = "local.csi.stillpoint.dev"
  /// The topology segment that ties a volume to its node.
  package static let topologyKey = "local.csi.stillpoint.dev/node"

  /// The node's name, at most 128 bytes.
  package var node: String

  package init(node: String) throws(StorageError) {
    try Field.require(node, "node name")
    self.node = node
  }
}
