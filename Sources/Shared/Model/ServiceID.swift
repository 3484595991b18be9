/// A service as the fleet knows it: what runs under one name in one namespace.
///
/// Plans name their services for themselves (`ServiceName`), and select by labels and owners.
package struct ServiceID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var name: WorkloadName
  /// Empty where the container runtime tells none.
  package var namespace: String

  package init(_ name: WorkloadName, in namespace: String) {
    self.name = name
    self.namespace = namespace
  }

  /// `orders.shop`, as a reference takes it.
  package var description: String { namespace.isEmpty ? name.text : "\(name).\(namespace)" }

  package static func < (left: Self, right: Self) -> Bool {
    (left.name, left.namespace) < (right.name, right.namespace)
  }
}

/// The name of what pods belong to: a Deployment, a StatefulSet, a Job. Names of Kubernetes' objects are longer than DNS labels.
package struct WorkloadName: DNSName {
  package static let kind = "service name"
  package static let rule =
    "1 to 253 lower-case letters, digits, '-' or '.', with a letter or digit at both ends"
  package let text: String
  package init(accepted text: String) { self.text = text }

  package init(_ name: ServiceName) { text = name.text }

  package static func accepts(_ text: String) -> Bool { accepts(text, longest: 253) }
}

/// What somebody calls a service: by its name, or where several have it by name and namespace, `orders.shop`.
package struct ServiceReference: Identifier {
  package static let kind = "service"
  package static let rule = "NAME or NAME.NAMESPACE, of letters, digits, '-', '_', '~' or '.'"
  package let text: String
  package init(accepted text: String) { self.text = text }

  package static func accepts(_ text: String) -> Bool {
    // What an address takes as it is.
    (1...512).contains(text.utf8.count)
      && text.unicodeScalars.allSatisfy { scalar in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_", "~", ".": true
        default: false
        }
      }
  }

  /// Everything that it can mean with a namespace: names may have dots, and those of hosts without a cluster have any form.
  package var qualified: [ServiceID] {
    text.indices.filter { text[$0] == "." }.compactMap { dot in
      guard let name = try? WorkloadName(String(text[..<dot])) else { return nil }
      let namespace = String(text[text.index(after: dot)...])
      return namespace.isEmpty ? nil : ServiceID(name, in: namespace)
    }
  }
}

extension Placement {
  /// The service that it belongs to. What a cluster says of its pod decides; until one does, and where none will, what the
  /// agent told.
  package var serviceID: ServiceID {
    let hash = labels[Workload.templateHash]
    let name = workload?.serviceName(templateHash: hash) ?? WorkloadName(service)
    return ServiceID(name, in: namespace)
  }
}

extension Workload {
  /// On the pods of a ReplicaSet that a Deployment made: the last part of the ReplicaSet's name.
  package static let templateHash = "pod-template-hash"

  /// `Deployment` of `Deployment/orders`.
  package var kind: String { String(owner.prefix { $0 != "/" }) }

  /// What the service is called whose pods belong to this owner. Nil for what is no workload: a node has its static pods.
  ///
  /// A ReplicaSet whose Deployment is not known yet, or no more, is called as its Deployment.
  func serviceName(templateHash: String?) -> WorkloadName? {
    guard let slash = owner.firstIndex(of: "/"), kind != "Node" else { return nil }
    var name = String(owner[owner.index(after: slash)...])
    if kind == "ReplicaSet", let templateHash, name.hasSuffix("-" + templateHash) {
      name.removeLast(templateHash.count + 1)
    }
    return try? WorkloadName(name)
  }
}
