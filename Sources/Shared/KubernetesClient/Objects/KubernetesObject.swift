package import Model

/// An object of any kind, as the API server wrote it: every field and every number stays.
package struct KubernetesObject: Hashable, Sendable {
  package var json: JSONObject

  package init(_ json: JSONObject) { self.json = json }

  /// An object that is yet to be created. `fields` are its other top-level fields, such as `spec`.
  package init(
    _ type: ResourceType, name: String?, namespace: String? = nil, labels: [String: String] = [:],
    annotations: [String: String] = [:], fields: JSONObject = [:]
  ) {
    var metadata: JSONValue = [:]
    if let name { metadata["name"] = .string(name) }
    if let namespace, type.namespaced { metadata["namespace"] = .string(namespace) }
    if !labels.isEmpty { metadata["labels"] = JSONValue(labels) }
    if !annotations.isEmpty { metadata["annotations"] = JSONValue(annotations) }
    json = [
      "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "metadata": metadata,
    ]
    for (key, value) in fields { json[key] = value }
  }

  /// Nil for what is no JSON object.
  package init?(_ value: JSONValue) {
    guard let object = value.object else { return nil }
    json = object
  }

  package var value: JSONValue { .object(json) }

  package subscript(key: String) -> JSONValue? {
    get { json[key] }
    set { json[key] = newValue }
  }

  /// The value at a path of field names, for example `object["status", "readyToUse"]`.
  package subscript(first: String, second: String, rest: String...) -> JSONValue? {
    get { value[path: [first, second] + rest] }
    set { self[path: [first, second] + rest] = newValue }
  }

  package subscript(path path: [String]) -> JSONValue? {
    get { value[path: path] }
    set {
      var value = value
      value[path: path] = newValue
      json = value.object ?? JSONObject()
    }
  }

  package var apiVersion: String { json["apiVersion"]?.string ?? "" }
  package var kind: String { json["kind"]?.string ?? "" }
  package var metadata: JSONObject { json["metadata"]?.object ?? JSONObject() }
  package var name: String { self["metadata", "name"]?.string ?? "" }
  package var namespace: String? { self["metadata", "namespace"]?.string }
  package var uid: String? { self["metadata", "uid"]?.string }
  /// Opaque: comparable for equality alone.
  package var resourceVersion: String? { self["metadata", "resourceVersion"]?.string }
  package var generation: Int64? { self["metadata", "generation"]?.int }

  package var labels: [String: String] {
    get { texts("labels") }
    set { setTexts("labels", newValue) }
  }

  package var annotations: [String: String] {
    get { texts("annotations") }
    set { setTexts("annotations", newValue) }
  }

  package var finalizers: [String] {
    (self["metadata", "finalizers"]?.array ?? []).compactMap(\.string)
  }

  package var creationTimestamp: Timestamp? { time("creationTimestamp") }
  /// Set while finalizers or a grace period keep a deleted object.
  package var deletionTimestamp: Timestamp? { time("deletionTimestamp") }

  package var ownerReferences: [OwnerReference] {
    (self["metadata", "ownerReferences"]?.array ?? []).compactMap(OwnerReference.init)
  }

  /// The owner that manages this object, of which there is at most one.
  package var controller: OwnerReference? { ownerReferences.first(where: \.isController) }

  /// What tells this object from every other of its type.
  package var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

  private func texts(_ field: String) -> [String: String] {
    (self["metadata", field]?.object?.byName ?? [:]).compactMapValues(\.string)
  }

  /// None leave no field: `nil` in a conditional expression would be JSON's null.
  private mutating func setTexts(_ field: String, _ texts: [String: String]) {
    if texts.isEmpty {
      self["metadata", field] = nil
    } else {
      self["metadata", field] = JSONValue(texts)
    }
  }

  private func time(_ field: String) -> Timestamp? {
    self["metadata", field]?.string.flatMap { Timestamp($0) }
  }
}

/// The name of an object among those of its type.
package struct ObjectKey: Hashable, Sendable, CustomStringConvertible {
  /// Nil for a cluster's own objects.
  package var namespace: String?
  package var name: String

  package init(namespace: String?, name: String) {
    self.namespace = namespace
    self.name = name
  }

  package var description: String { namespace.map { "\($0)/\(name)" } ?? name }
}

/// An object that another one belongs to.
package struct OwnerReference: Hashable, Sendable {
  package var apiVersion: String
  package var kind: String
  package var name: String
  package var uid: String
  package var isController: Bool

  package init(
    apiVersion: String, kind: String, name: String, uid: String, isController: Bool = false
  ) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name
    self.uid = uid
    self.isController = isController
  }

  init?(_ value: JSONValue) {
    guard let kind = value["kind"]?.string, let name = value["name"]?.string,
      let uid = value["uid"]?.string
    else { return nil }
    self.init(
      apiVersion: value["apiVersion"]?.string ?? "", kind: kind, name: name, uid: uid,
      isController: value["controller"]?.bool ?? false)
  }

  package var json: JSONValue {
    var value: JSONValue = [
      "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name),
      "uid": .string(uid),
    ]
    if isController { value["controller"] = true }
    return value
  }
}
