internal import KubernetesClient
internal import Logging
internal import Model

/// Writes what was decided into objects: only what changed, and never over a version that nobody has seen.
struct ObjectWriter: Sendable {
  let client: KubernetesClient
  let type: ResourceType
  let book: ObjectBook
  let logger: Logger

  /// Writes the status and tells the event, if the object lacks the status.
  func report(_ status: JSONValue, _ event: ObjectEvent?, into object: KubernetesObject)
    async throws(KubernetesError)
  {
    guard object.lacks(status) else { return }
    let written = try await client.patchStatus(
      type, object.name, in: object.namespace, merging: status,
      resourceVersion: object.resourceVersion)
    book.keep(written, over: object)
    if let event { await tell(event, about: written) }
  }

  func setFinalizers(_ finalizers: [String], of object: KubernetesObject)
    async throws(KubernetesError)
  {
    var metadata: JSONValue = ["finalizers": .array(finalizers.map { .string($0) })]
    if let version = object.resourceVersion { metadata["resourceVersion"] = .string(version) }
    let written = try await client.patch(
      type, object.name, in: object.namespace, merging: ["metadata": metadata])
    book.keep(written, over: object)
  }

  /// An event that cannot be written is no reason to leave the rest undone.
  private func tell(_ event: ObjectEvent, about object: KubernetesObject) async {
    do {
      _ = try await client.create(event.object(about: object, at: .now()), as: .events)
    } catch {
      guard !error.isAlreadyExists else { return }
      logger.debug(
        "event not written",
        metadata: ["object": "\(object.kind) \(object.key)", "error": "\(error)"])
    }
  }

  /// Says what went wrong; the object is looked at again with the next resync or change.
  func log(_ error: KubernetesError, about key: ObjectKey) {
    // Somebody else was faster, or the object is gone: the next event tells.
    guard !error.isConflict, !error.isNotFound, error.code != .cancelled else { return }
    logger.warning(
      "\(type) not updated", metadata: ["object": "\(key)", "error": "\(error)"])
  }
}
