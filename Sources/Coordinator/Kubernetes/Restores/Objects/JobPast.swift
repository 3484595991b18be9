internal import CoordinatorCore
internal import KubernetesClient

/// Whether a Job had ended when it was seen: its manifest is without the status that says so.
enum JobPast: Equatable {
  case complete
  case failed
  /// It had not ended: proved of the witness.
  case open
  /// Nobody can tell.
  case unknown

  /// In a Job's manifest: `complete`, `failed` or `no`.
  static let annotation = "stillpoint.dev/job-ended"

  /// What the conditions of a Job say.
  static func ended(_ job: KubernetesObject) -> String {
    func has(_ type: String) -> Bool {
      (job["status", "conditions"]?.array ?? []).contains {
        $0["type"]?.string == type && $0["status"] == "True"
      }
    }
    return has("Complete") ? "complete" : has("Failed") ? "failed" : "no"
  }

  /// What the manifest says, which is then taken from the object. An end lasts, so that having been seen before the witness is
  /// enough for it; that a Job had not ended has to be proved.
  static func of(_ manifest: BackupManifest, in object: inout KubernetesObject) -> JobPast {
    defer { object.annotations[annotation] = nil }
    switch object.annotations[annotation] {
    case "complete": return .complete
    case "failed": return .failed
    case "no" where manifest.standing == .atWitness: return .open
    default: return .unknown
    }
  }

  /// `start` says whether anything is started at all.
  func apply(to item: inout RestoreItem, start: Bool) {
    let note: String
    switch self {
    case .complete, .failed:
      item.isLeftOut = true
      note = "left out: it had \(self == .failed ? "failed" : "completed")"
    case .open where item.object["spec", "suspend"] == true: note = "stays suspended, as it was"
    case .open where !start:
      item.object["spec", "suspend"] = true
      note = "stays suspended: nothing is started"
    case .open: note = "begins anew: it had not ended"
    case .unknown:
      item.object["spec", "suspend"] = true
      note = "stays suspended: whether it had ended is not known"
    }
    item.note = [note, item.note].compactMap(\.self).joined(separator: "; ")
  }
}
