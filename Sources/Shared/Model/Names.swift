/// A node of the fleet, as its agent enrolled it.
package struct NodeID: DNSName {
  package static let kind = "node name"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// A microservice as a plan names it, which also names its member in a cut, or as an agent names what it found.
package struct ServiceName: DNSName {
  package static let kind = "service name"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// A backup plan.
package struct PlanName: DNSName {
  package static let kind = "plan name"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// The fleet that one coordinator serves; the trust domain of its certificates.
package struct FleetID: DNSName {
  package static let kind = "fleet name"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// A person or program that uses the operator API.
package struct OperatorName: DNSName {
  package static let kind = "operator name"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// One backup, and the cut that made it. Chosen by the coordinator.
package struct BackupID: DNSName {
  package static let kind = "backup ID"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// One restore of a backup.
package struct RestoreID: DNSName {
  package static let kind = "restore ID"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// A namespace of a cluster: a DNS label, so without dots.
package struct NamespaceName: Identifier {
  package static let kind = "namespace name"
  package static let rule =
    "1 to 63 lower-case letters, digits or '-', with a letter or digit at both ends"
  package let text: String
  package init(accepted text: String) { self.text = text }

  package static func accepts(_ text: String) -> Bool {
    PlanName.accepts(text) && !text.utf8.contains(UInt8(ascii: "."))
  }
}
