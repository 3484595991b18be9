/// One Kubernetes object of what was read.
struct Manifest {
  var root: Field
  var apiVersion: String
  var kind: String
  var name: String
  var namespace: String?
  var labels: [String: String]

  init?(_ root: Field, _ log: inout IssueLog) {
    guard let kind = root["kind"].text(&log), let apiVersion = root["apiVersion"].text(&log) else {
      if !root["kind"].exists || !root["apiVersion"].exists {
        log.note(root, "expected a Kubernetes object with 'apiVersion' and 'kind'")
      }
      return nil
    }
    self.root = root
    self.kind = kind
    self.apiVersion = apiVersion
    let metadata = root["metadata"]
    name = metadata["name"].text(&log) ?? metadata["generateName"].text(&log) ?? ""
    namespace = metadata["namespace"].text(&log)
    labels = metadata["labels"].dictionary(&log)
  }

  /// The part of `apiVersion` before the slash; empty for the core API.
  var group: String {
    apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : ""
  }

  var spec: Field { root["spec"] }
  var annotations: Field { root["metadata"]["annotations"] }

  var origin: Origin {
    let path = namespace.map { "\($0)/\(name)" } ?? name
    return Origin(file: root.file, line: root.line, object: "\(kind) \(path)".shownBriefly)
  }

  /// As `origin`, at a field of the object.
  func origin(_ field: Field) -> Origin { origin.at(field.path, line: field.line) }
}

extension String {
  /// Names come from others: without control characters, and never longer than a line takes.
  var shownBriefly: String {
    let visible = unicodeScalars.prefix(201).map {
      $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
        ? "\u{fffd}" : Character($0)
    }
    return visible.count > 200 ? String(visible.prefix(200)) + "…" : String(visible)
  }
}
