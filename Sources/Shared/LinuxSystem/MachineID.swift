/// Names a machine, beyond its reboots.
package struct MachineID: Hashable, Codable, Sendable {
  /// Where the value comes from.
  package enum Source: String, Hashable, Codable, Sendable {
    /// `/sys/class/dmi/id/product_uuid`
    case firmware
    /// `/etc/machine-id`
    case installation
  }

  package var source: Source
  package var value: String

  package init(source: Source, value: String) {
    self.source = source
    self.value = value
  }

  /// Whether both are known to be of different machines; values of different sources cannot be compared.
  package func differs(from other: MachineID) -> Bool {
    source == other.source && value != other.value
  }
}
