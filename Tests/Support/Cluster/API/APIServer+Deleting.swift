internal import KubernetesClient

extension APIServer {
  func delete(_ type: ServedType, _ target: APICall.Target, _ call: APICall) throws(Refusal)
    -> APIReply
  {
    let options = call.body.isEmpty ? [:] : try Self.json(call)
    let old = try existing(type, target)
    try checkPreconditions(options["preconditions"], old, type)
    guard !call.isDryRun, options["dryRun"] == nil else { return Self.deleted(old, type) }
    if options["propagationPolicy"]?.string == "Orphan" { orphan(old) }
    guard type.key != TypeKey(.namespaces) else { return terminate(old, type) }
    guard old.finalizers.isEmpty, !isKept(old, type) else {
      var marked = old
      if marked.deletionTimestamp == nil {
        marked["metadata", "deletionTimestamp"] = .string(ObjectStore.time())
        marked["metadata", "deletionGracePeriodSeconds"] =
          lingering.contains(type.key) ? 30 : 0
        if type.hasGeneration {
          marked["metadata", "generation"] = JSONValue((old.generation ?? 1) + 1)
        }
        marked = store.put(marked, type.key)
        tick()
      }
      return APIReply(shown(marked, type, target.version).value)
    }
    store.remove(old.key, type.key)
    if type.key == TypeKey(.customResourceDefinitions), let served = ServedType(definition: old) {
      for object in store.all(served.key, in: nil) { store.remove(object.key, served.key) }
      store.withdraw(served.key)
    }
    collectGarbage()
    tick()
    return Self.deleted(old, type)
  }

  func isKept(_ object: KubernetesObject, _ type: ServedType) -> Bool {
    lingering.contains(type.key)
      || type.key == TypeKey(.namespaces) && keepsTerminatingNamespaces
  }

  private func checkPreconditions(
    _ conditions: JSONValue?, _ object: KubernetesObject, _ type: ServedType
  ) throws(Refusal) {
    if let uid = conditions?["uid"]?.string, uid != object.uid {
      throw .precondition(
        type, object.name,
        "the UID in the precondition (\(uid)) does not match the UID in record "
          + "(\(object.uid ?? ""))")
    }
    if let version = conditions?["resourceVersion"]?.string, version != object.resourceVersion {
      throw .precondition(
        type, object.name,
        "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion "
          + "in record (\(object.resourceVersion ?? ""))")
    }
  }

  private static func deleted(_ object: KubernetesObject, _ type: ServedType) -> APIReply {
    var details: JSONValue = ["name": .string(object.name)]
    if !type.group.isEmpty { details["group"] = .string(type.group) }
    details["kind"] = .string(type.plural)
    details["uid"] = .string(object.uid ?? "")
    return APIReply([
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success",
      "details": details,
    ])
  }

  /// A namespace goes with all that is in it.
  private func terminate(_ object: KubernetesObject, _ type: ServedType) -> APIReply {
    var marked = object
    marked["metadata", "deletionTimestamp"] = .string(ObjectStore.time())
    marked["status"] = ["phase": "Terminating"]
    marked = store.put(marked, type.key)
    let reply = APIReply(marked.value)
    guard !keepsTerminatingNamespaces else {
      tick()
      return reply
    }
    for type in store.types.values where type.namespaced {
      for inner in store.all(type.key, in: object.name) {
        if inner.finalizers.isEmpty {
          store.remove(inner.key, type.key)
        } else if inner.deletionTimestamp == nil {
          var marked = inner
          marked["metadata", "deletionTimestamp"] = .string(ObjectStore.time())
          store.put(marked, type.key)
        }
      }
    }
    collectGarbage()
    tick()
    return reply
  }

  private func orphan(_ owner: KubernetesObject) {
    for type in store.types.values {
      for object in store.all(type.key, in: nil) {
        let kept = object.ownerReferences.filter { $0.uid != owner.uid }
        guard kept.count < object.ownerReferences.count else { continue }
        var changed = object
        changed["metadata", "ownerReferences"] = nil
        if !kept.isEmpty { changed["metadata", "ownerReferences"] = .array(kept.map(\.json)) }
        store.put(changed, type.key)
      }
    }
  }

  /// Removes what belongs to nobody any more, and namespaces that are empty at last.
  func collectGarbage() {
    var found = true
    while found {
      found = false
      let uids = Set(
        store.types.keys.flatMap { store.all($0, in: nil).compactMap(\.uid) })
      for type in store.types.values {
        for object in store.all(type.key, in: nil) {
          let owners = object.ownerReferences
          guard !owners.isEmpty, owners.allSatisfy({ !uids.contains($0.uid) }) else { continue }
          if object.finalizers.isEmpty {
            store.remove(object.key, type.key)
            found = true
          } else if object.deletionTimestamp == nil {
            var marked = object
            marked["metadata", "deletionTimestamp"] = .string(ObjectStore.time())
            store.put(marked, type.key)
          }
        }
      }
    }
    guard !keepsTerminatingNamespaces else { return }
    for namespace in store.all(TypeKey(.namespaces), in: nil)
    where namespace.deletionTimestamp != nil {
      let isEmpty = store.types.values.allSatisfy {
        !$0.namespaced || store.all($0.key, in: namespace.name).isEmpty
      }
      if isEmpty { store.remove(namespace.key, TypeKey(.namespaces)) }
    }
  }
}
