/// What an API server says about the objects that are watched.
package enum WatchEvent: Hashable, Sendable {
  case added(KubernetesObject)
  case modified(KubernetesObject)
  /// With the object's last state.
  case deleted(KubernetesObject)
  /// Nothing happened up to here. `endsInitialEvents` marks the end of what was there already.
  case bookmark(resourceVersion: String, endsInitialEvents: Bool)

  /// Where a watch goes on after this event.
  package var resourceVersion: String? {
    switch self {
    case .added(let object), .modified(let object), .deleted(let object): object.resourceVersion
    case .bookmark(let version, _): version
    }
  }
}

extension WatchEvent {
  /// Reads one line of a watch. An `ERROR` is thrown as the refusal that it is.
  init(line: [UInt8], of request: APIRequest) throws(KubernetesError) {
    let value: JSONValue
    do {
      value = try JSONValue(json: line)
    } catch {
      throw KubernetesError(
        .protocolMismatch, "\(request.summary): an event is no JSON: \(error.description)")
    }
    guard let type = value["type"]?.string,
      let object = value["object"].flatMap({ KubernetesObject($0) })
    else {
      throw KubernetesError(.protocolMismatch, "\(request.summary): a line is no event")
    }
    switch type {
    case "ADDED": self = .added(object)
    case "MODIFIED": self = .modified(object)
    case "DELETED": self = .deleted(object)
    case "BOOKMARK":
      guard let version = object.resourceVersion else {
        throw KubernetesError(.protocolMismatch, "\(request.summary): a bookmark has no version")
      }
      self = .bookmark(
        resourceVersion: version,
        endsInitialEvents: object.annotations["k8s.io/initial-events-end"] == "true")
    case "ERROR":
      guard let status = APIStatus(object.value) else {
        throw KubernetesError(.protocolMismatch, "\(request.summary): an error has no status")
      }
      throw KubernetesError(status, of: request.summary)
    default:
      throw KubernetesError(
        .protocolMismatch, "\(request.summary): '\(type.prefix(40))' is no kind of event")
    }
  }
}
