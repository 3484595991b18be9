internal import KubernetesClient

/// Who wrote which field (`metadata.managedFields`), kept in the object itself.
///
/// Lists are one field here, whatever keys their elements have.
struct FieldOwnership {
  struct Entry {
    var manager: String
    var operation: String
    var apiVersion: String
    var time: String
    var subresource: String?
    var leaves: Set<[String]>
  }

  var entries: [Entry]

  init(_ object: KubernetesObject) {
    entries = (object["metadata", "managedFields"]?.array ?? []).compactMap { value in
      guard let manager = value["manager"]?.string, let operation = value["operation"]?.string
      else { return nil }
      var leaves: Set<[String]> = []
      Self.collect(value["fieldsV1"] ?? [:], [], &leaves)
      return Entry(
        manager: manager, operation: operation, apiVersion: value["apiVersion"]?.string ?? "",
        time: value["time"]?.string ?? "", subresource: value["subresource"]?.string,
        leaves: leaves)
    }
  }

  private static func collect(_ value: JSONValue, _ path: [String], _ leaves: inout Set<[String]>) {
    let inner = (value.object ?? [:]).filter { $0.key.hasPrefix("f:") }
    if inner.isEmpty, !path.isEmpty { leaves.insert(path) }
    for (key, value) in inner { collect(value, path + [String(key.dropFirst(2))], &leaves) }
  }

  /// The fields of an object that can belong to somebody.
  static func leaves(_ object: KubernetesObject) -> [[String]: JSONValue] {
    var leaves: [[String]: JSONValue] = [:]
    func walk(_ value: JSONValue, _ path: [String]) {
      guard let fields = value.object else {
        leaves[path] = value
        return
      }
      for (key, value) in fields { walk(value, path + [key]) }
    }
    for (key, value) in object.json where !["apiVersion", "kind", "metadata"].contains(key) {
      walk(value, [key])
    }
    for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
      if let value = object["metadata", field] { walk(value, ["metadata", field]) }
    }
    return leaves
  }

  /// The managers other than `manager` that own a path.
  func others(_ path: [String], than manager: String, operation: String) -> [Entry] {
    entries.filter {
      ($0.manager, $0.operation) != (manager, operation) && $0.leaves.contains(path)
    }
  }

  /// Makes `leaves` those of a manager; with `taking` they are nobody else's.
  mutating func record(
    _ leaves: Set<[String]>, manager: String, operation: String, apiVersion: String, time: String,
    subresource: String?, taking: Set<[String]>, replacing: Bool
  ) {
    var old: Set<[String]> = []
    entries = entries.compactMap { entry in
      var entry = entry
      if (entry.manager, entry.operation, entry.subresource) == (manager, operation, subresource) {
        old = entry.leaves
        return nil
      }
      entry.leaves.subtract(taking)
      return entry.leaves.isEmpty ? nil : entry
    }
    let all = replacing ? leaves : old.union(leaves)
    guard !all.isEmpty else { return }
    entries.append(
      Entry(
        manager: manager, operation: operation, apiVersion: apiVersion, time: time,
        subresource: subresource, leaves: all))
  }

  var json: JSONValue {
    .array(
      entries.map { entry in
        var fields: JSONValue = [:]
        for path in entry.leaves.sorted(by: {
          $0.joined(separator: ".") < $1.joined(separator: ".")
        }) {
          fields[path: path.map { "f:\($0)" }] = [:]
        }
        var value: JSONValue = [
          "manager": .string(entry.manager), "operation": .string(entry.operation),
          "apiVersion": .string(entry.apiVersion), "time": .string(entry.time),
          "fieldsType": "FieldsV1", "fieldsV1": fields,
        ]
        if let subresource = entry.subresource { value["subresource"] = .string(subresource) }
        return value
      })
  }
}
