internal import Foundation
package import KubernetesClient

/// How a pod reaches its cluster's API server: by what the kubelet gives to every pod with a service account.
package enum PodAccess {
  static let directory = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// Why this process has no such access.
  package struct Missing: Error, CustomStringConvertible {
    package var description: String
  }

  /// Reads the addresses now; the token and the authority's certificate are read again whenever they change.
  package static func read(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    directory: String? = nil
  ) throws(Missing) -> ClusterAccess {
    let directory = directory ?? Self.directory
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let port = Int(environment["KUBERNETES_SERVICE_PORT"] ?? "443"), (1...65535).contains(port)
    else {
      throw Missing(
        description: "this process runs in no pod: KUBERNETES_SERVICE_HOST is not set "
          + "(leave the key 'kubernetes' out of the configuration)")
    }
    guard let text = try? String(contentsOfFile: directory + "/namespace", encoding: .utf8) else {
      throw Missing(
        description: "\(directory)/namespace cannot be read: the pod has no service account "
          + "(automountServiceAccountToken must not be false)")
    }
    let namespace = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return ClusterAccess(
      server: ServerAddress(host: host, port: port), trust: .file(directory + "/ca.crt"),
      identity: .tokenFile(directory + "/token"), namespace: namespace)
  }
}
