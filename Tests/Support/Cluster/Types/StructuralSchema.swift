internal import KubernetesClient

/// The part of structural schemas that manifests are checked against here: types, required fields, enumerations, bounds of
/// numbers, and fields that nobody defined.
struct StructuralSchema {
  var root: JSONValue

  /// Removes what the schema does not have; returns the paths of what was removed.
  func prune(_ object: inout KubernetesObject) -> [String] {
    var removed: [String] = []
    for key in object.json.keys where !["apiVersion", "kind", "metadata"].contains(key) {
      guard let schema = root[path: ["properties", key]], let value = object[key] else {
        if !Self.keepsUnknown(root) {
          object[key] = nil
          removed.append(key)
        }
        continue
      }
      object[key] = Self.pruned(value, schema, key, &removed)
    }
    return removed
  }

  private static func keepsUnknown(_ schema: JSONValue) -> Bool {
    schema["x-kubernetes-preserve-unknown-fields"]?.bool == true
  }

  private static func pruned(
    _ value: JSONValue, _ schema: JSONValue, _ path: String, _ removed: inout [String]
  ) -> JSONValue {
    switch value {
    case .object(let fields):
      var result = JSONObject()
      for (key, field) in fields {
        if let inner = schema[path: ["properties", key]] {
          result[key] = pruned(field, inner, "\(path).\(key)", &removed)
        } else if let inner = schema["additionalProperties"], inner.object != nil {
          result[key] = pruned(field, inner, "\(path).\(key)", &removed)
        } else if keepsUnknown(schema) || schema["additionalProperties"]?.bool == true
          || schema["x-kubernetes-embedded-resource"]?.bool == true
        {
          result[key] = field
        } else {
          removed.append("\(path).\(key)")
        }
      }
      return .object(result)
    case .array(let elements):
      guard let inner = schema["items"] else { return value }
      return .array(
        elements.enumerated().map { pruned($1, inner, "\(path)[\($0)]", &removed) })
    default: return value
    }
  }

  /// What is wrong with an object, in the API's words.
  func causes(_ object: KubernetesObject) -> [APIStatus.Cause] {
    var causes: [APIStatus.Cause] = []
    var value = object.value
    value["metadata"] = nil
    Self.check(value, root, "", &causes)
    return causes
  }

  private static func check(
    _ value: JSONValue, _ schema: JSONValue, _ path: String, _ causes: inout [APIStatus.Cause]
  ) {
    if value.isNull, schema["nullable"]?.bool == true { return }
    if let type = schema["type"]?.string, !matches(value, type),
      schema["x-kubernetes-int-or-string"]?.bool != true
    {
      causes.append(
        .init(
          reason: "FieldValueTypeInvalid",
          message:
            "Invalid value: \"\(name(of: value))\": \(path) in body must be of type \(type): "
            + "\"\(name(of: value))\"", field: path))
      return
    }
    if let allowed = schema["enum"]?.array, !allowed.contains(value) {
      let list = allowed.map(\.description).joined(separator: ", ")
      causes.append(
        .init(
          reason: "FieldValueNotSupported",
          message: "Unsupported value: \(value): supported values: \(list)", field: path))
    }
    if let minimum = schema["minimum"]?.number?.double, let number = value.number?.double,
      number < minimum
    {
      causes.append(
        .init(
          reason: "FieldValueInvalid",
          message: "Invalid value: \(value): \(path) in body should be greater than or equal to "
            + "\(schema["minimum"] ?? 0)", field: path))
    }
    if let fields = value.object {
      for required in (schema["required"]?.array ?? []).compactMap(\.string)
      where fields[required] == nil {
        causes.append(
          .init(
            reason: "FieldValueRequired", message: "Required value",
            field: path.isEmpty ? required : "\(path).\(required)"))
      }
      for (key, field) in fields {
        let inner = schema[path: ["properties", key]] ?? schema["additionalProperties"]
        guard let inner, inner.object != nil else { continue }
        check(field, inner, path.isEmpty ? key : "\(path).\(key)", &causes)
      }
    }
    if let elements = value.array, let inner = schema["items"] {
      for (index, element) in elements.enumerated() {
        check(element, inner, "\(path)[\(index)]", &causes)
      }
    }
  }

  private static func matches(_ value: JSONValue, _ type: String) -> Bool {
    switch (type, value) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool),
      ("number", .number):
      true
    case ("integer", .number(let number)): number.int != nil
    default: false
    }
  }

  private static func name(of value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool: "boolean"
    case .number(let number): number.int == nil ? "number" : "integer"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}
