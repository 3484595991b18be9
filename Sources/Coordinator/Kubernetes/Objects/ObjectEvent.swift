internal import KubernetesClient
internal import Model

/// What `kubectl describe` shows below an object.
struct ObjectEvent: Hashable {
  enum Kind: String {
    case normal = "Normal"
    case warning = "Warning"
  }

  var kind: Kind
  var reason: String
  var message: String

  init(_ kind: Kind, _ reason: String, _ message: String) {
    self.kind = kind
    self.reason = reason
    // The API takes 1024 bytes.
    self.message = String(decoding: Array(message.utf8.prefix(1000)), as: UTF8.self)
  }

  /// The event as an object, named after what it says, so that the same one twice is one.
  func object(about object: KubernetesObject, at now: Timestamp) -> KubernetesObject {
    let subject: JSONValue = [
      "apiVersion": .string(object.apiVersion), "kind": .string(object.kind),
      "namespace": .string(object.namespace ?? ""), "name": .string(object.name),
      "uid": .string(object.uid ?? ""),
    ]
    return KubernetesObject(
      .events,
      name: "\(object.name.prefix(200)).\(StableHash.of(object.uid ?? "", reason, message))",
      namespace: object.namespace,
      fields: [
        "involvedObject": subject, "reason": .string(reason), "message": .string(message),
        "type": .string(kind.rawValue), "firstTimestamp": .string(now.wholeSeconds),
        "lastTimestamp": .string(now.wholeSeconds), "count": 1,
        "source": ["component": "stillpoint-coordinator"],
        "reportingComponent": "stillpoint-coordinator", "reportingInstance": "",
      ])
  }
}
