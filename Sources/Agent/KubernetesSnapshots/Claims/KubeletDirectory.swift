/// What a directory of kubelet says about the volume that is published in it.
package enum KubeletDirectory {
  /// The persistent volume that is published at `…/pods/<uid>/volumes/kubernetes.io~csi/<name>/mount`; nil for any other path.
  ///
  /// The name is that of an inline volume of the pod, and of no persistent volume, where the driver's volume is ephemeral.
  package static func persistentVolume(publishedAt path: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
    guard parts.count >= 7, parts[0].isEmpty else { return nil }
    let tail = Array(parts.suffix(6))
    guard tail[0] == "pods", !tail[1].isEmpty, tail[2] == "volumes",
      tail[3] == "kubernetes.io~csi", tail[5] == "mount", isName(tail[4])
    else { return nil }
    return tail[4]
  }

  /// A DNS subdomain (RFC 1123), as the API server demands of an object's name.
  private static func isName(_ text: String) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    return text.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "-")
        || byte == UInt8(ascii: ".")
    }
  }
}
