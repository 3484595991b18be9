/// What a pod's labels and name tell of the controller that made it, without asking its cluster.
///
/// The controllers set these labels themselves, so that they do not mislead as `app` does when a template was copied. It is
/// a good guess and no more: names of pods are cut when they are long, and then nothing is concluded from them.
enum PodController {
  private static let templateHash = "pod-template-hash"
  private static let podIndex = "apps.kubernetes.io/pod-index"
  private static let podName = "statefulset.kubernetes.io/pod-name"
  private static let jobNames = ["batch.kubernetes.io/job-name", "job-name"]
  private static let templateGeneration = "pod-template-generation"

  static let labels = [templateHash, podIndex, podName, templateGeneration] + jobNames

  /// Nil where no controller's labels are, or the pod's name does not fit them.
  static func name(ofPod pod: String, labels: [String: String]) -> String? {
    for label in jobNames {
      if let job = labels[label], !job.isEmpty { return schedule(of: job) ?? job }
    }
    if let hash = labels[templateHash], !hash.isEmpty {
      // orders-7d4b9c-x2x5z, of the Deployment orders.
      return head(of: pod, isTail: isRandom).flatMap { head(of: $0) { $0 == hash } }
    }
    if labels[podIndex] != nil || labels[podName] != nil {
      // db-0, of the StatefulSet db.
      return head(of: pod) { $0.utf8.allSatisfy(isDigit) }
    }
    if labels[templateGeneration] != nil {
      // log-x2x5z, of the DaemonSet log.
      return head(of: pod, isTail: isRandom)
    }
    return nil
  }

  /// A CronJob's Jobs have the minutes since 1970 behind its name. The years 2017 to 2084, so that a date is not taken for one.
  private static func schedule(of job: String) -> String? {
    head(of: job) { tail in
      tail.utf8.count == 8 && tail.utf8.allSatisfy(isDigit)
        && (25_000_000...60_000_000).contains(Int(tail) ?? 0)
    }
  }

  private static func head(of text: String, isTail: (Substring) -> Bool) -> String? {
    guard let dash = text.lastIndex(of: "-"), dash > text.startIndex else { return nil }
    let tail = text[text.index(after: dash)...]
    return !tail.isEmpty && isTail(tail) ? String(text[..<dash]) : nil
  }

  /// What the API server puts behind a generated name.
  private static func isRandom(_ tail: Substring) -> Bool {
    tail.utf8.count == 5
      && tail.utf8.allSatisfy {
        isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
      }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
