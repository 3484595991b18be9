internal import KubernetesClient
internal import Model

/// One line of an object's `status.conditions` (`meta/v1.Condition`).
struct Condition: Hashable {
  enum Status: String {
    case yes = "True"
    case no = "False"
    case unknown = "Unknown"
  }

  var type: String
  var status: Status
  /// One word for programs.
  var reason: String
  /// For people.
  var message: String

  init(_ type: String, _ status: Status, _ reason: String, _ message: String = "") {
    self.type = type
    self.status = status
    self.reason = reason
    self.message = Self.bounded(message)
  }

  /// What the API takes is 32 KiB; nobody reads as much.
  static func bounded(_ text: String) -> String {
    text.unicodeScalars.count <= 2000
      ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(2000))) + "…"
  }

  /// Ours as they are to be written. The time of the last transition stays where the status did not change.
  static func json(
    _ conditions: [Condition], over object: KubernetesObject, at now: Timestamp
  ) -> JSONValue {
    let present = object["status", "conditions"]?.array ?? []
    return .array(
      conditions.map { condition in
        let old = present.first { $0["type"]?.string == condition.type }
        let since =
          old?["status"]?.string == condition.status.rawValue
          ? old?["lastTransitionTime"] : nil
        var json: JSONValue = [
          "type": .string(condition.type), "status": .string(condition.status.rawValue),
          "reason": .string(condition.reason), "message": .string(condition.message),
          "lastTransitionTime": since ?? .string(now.wholeSeconds),
        ]
        if let generation = object.generation { json["observedGeneration"] = JSONValue(generation) }
        return json
      })
  }
}

extension Timestamp {
  /// As `meta/v1.Time` is written: without a fraction.
  var wholeSeconds: String { description.prefix(19) + "Z" }
}

extension KubernetesObject {
  /// The reason of a condition as it was last written.
  func reason(of condition: String) -> String? {
    (self["status", "conditions"]?.array ?? [])
      .first { $0["type"]?.string == condition }?["reason"]?.string
  }

  /// Whether writing `status` over the present one would change anything.
  func lacks(_ status: JSONValue) -> Bool {
    (status.object ?? JSONObject()).contains { field in
      let present = self["status", field.key]
      return field.value.isNull ? !(present?.isNull ?? true) : present != field.value
    }
  }
}
