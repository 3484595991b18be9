package import KubernetesClient

/// A decision about an object that is about to be written: throws to refuse it, may change it.
package struct Admission: Sendable {
  /// `old` is nil for a creation.
  package var decide:
    @Sendable (_ type: ServedType, _ old: KubernetesObject?, _ new: inout KubernetesObject)
      throws(Refusal) -> Void

  package init(
    _ decide:
      @escaping @Sendable (
        _ type: ServedType, _ old: KubernetesObject?, _ new: inout KubernetesObject
      ) throws(Refusal) -> Void
  ) {
    self.decide = decide
  }

  /// No more than `most` objects of a type in any namespace.
  package static func quota(named name: String, _ plural: String, most: Int, used: Int) -> Admission
  {
    Admission { type, old, new throws(Refusal) in
      guard old == nil, type.plural == plural else { return }
      throw .forbidden(
        type, new.name,
        "exceeded quota: \(name), requested: \(plural)=1, used: \(plural)=\(used), "
          + "limited: \(plural)=\(most)")
    }
  }

  /// What external-snapshotter's definitions check by rules.
  package static let snapshotRules = Admission { type, old, new throws(Refusal) in
    guard type.kind == "VolumeSnapshot" else { return }
    let claim = new["spec", "source", "persistentVolumeClaimName"]
    let content = new["spec", "source", "volumeSnapshotContentName"]
    guard (claim == nil) != (content == nil) else {
      throw .invalid(
        type, new.name,
        [
          .init(
            reason: "FieldValueInvalid",
            message: "Invalid value: exactly one of volumeSnapshotContentName and "
              + "persistentVolumeClaimName must be set", field: "spec.source")
        ])
    }
    guard let old, let before = old["spec", "source", "persistentVolumeClaimName"],
      let claim, before != claim
    else { return }
    throw .invalid(
      type, new.name,
      [
        .init(
          reason: "FieldValueInvalid",
          message: "Invalid value: \(claim): persistentVolumeClaimName is immutable",
          field: "spec.source.persistentVolumeClaimName")
      ])
  }
}
