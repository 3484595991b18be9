internal import KubernetesClient
internal import PlanFile

extension PlanValue {
  /// What a plan's file would have of an object: the server's own fields are none of the plan.
  init(_ object: KubernetesObject) {
    var metadata = [Field("name", .text(object.name))]
    if let namespace = object.namespace { metadata.append(Field("namespace", .text(namespace))) }
    var fields = [
      Field("apiVersion", .text(object.apiVersion)), Field("kind", .text(object.kind)),
      Field("metadata", .mapping(metadata)),
    ]
    if let spec = object["spec"] { fields.append(Field("spec", PlanValue(spec))) }
    self = .mapping(fields)
  }

  init(_ value: JSONValue) {
    switch value {
    case .null: self = .null
    case .bool(let value): self = .boolean(value)
    case .number(let number): self = .number(number.text)
    case .string(let text): self = .text(text)
    case .array(let values): self = .list(values.map { PlanValue($0) })
    case .object(let fields): self = .mapping(fields.map { Field($0.key, PlanValue($0.value)) })
    }
  }
}
