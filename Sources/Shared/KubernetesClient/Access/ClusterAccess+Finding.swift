internal import LinuxSystem

extension ClusterAccess {
  package static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// From a kubeconfig: `path`, else the files that `KUBECONFIG` names, else the one in the home directory.
  package static func kubeconfig(
    path: String? = nil, context: String? = nil, environment: [String: String]
  ) throws(KubernetesError) -> ClusterAccess {
    var files: [String] = []
    if let path {
      files = [path]
    } else if let list = environment["KUBECONFIG"], !list.isEmpty {
      files = list.split(separator: ":").map(String.init)
    } else if let home = environment["HOME"], !home.isEmpty {
      files = ["\(home)/.kube/config"]
    }
    guard !files.isEmpty else {
      throw KubernetesError(
        .configuration, "no kubeconfig is known: neither KUBECONFIG nor HOME is set")
    }
    return try Kubeconfig(files: files).access(context: context)
  }

  /// From what a pod is given: two variables and the files of its service account.
  package static func inCluster(
    environment: [String: String], directory: String = serviceAccountDirectory
  ) throws(KubernetesError) -> ClusterAccess {
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let portText = environment["KUBERNETES_SERVICE_PORT"], !portText.isEmpty
    else {
      throw KubernetesError(
        .configuration,
        "this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
    }
    guard let port = Int(portText), (1...65535).contains(port) else {
      throw KubernetesError(
        .configuration, "KUBERNETES_SERVICE_PORT is '\(portText.prefix(40))', which is no port")
    }
    var namespace = "default"
    do throws(SystemError) {
      namespace = try TextFile.read("\(directory)/namespace", limit: 1024).firstLine
      // Only that both can be read: their content is read when it is needed, and again when it changes.
      _ = try TextFile.read("\(directory)/token", limit: SecretFile.largest)
      _ = try TextFile.read("\(directory)/ca.crt", limit: SecretFile.largest)
    } catch {
      throw KubernetesError(
        .configuration, "the service account's \(error.subject) cannot be read: \(error.reason)",
        hint: "the pod needs automountServiceAccountToken, or a projected volume there")
    }
    return ClusterAccess(
      server: ServerAddress(host: host, port: port), trust: .file("\(directory)/ca.crt"),
      identity: .tokenFile("\(directory)/token"), namespace: namespace)
  }

  /// A kubeconfig where `KUBECONFIG` names one, else the pod's own credentials, else the kubeconfig of the home directory.
  package static func discovered(environment: [String: String]) throws(KubernetesError)
    -> ClusterAccess
  {
    let names = environment["KUBECONFIG"].map { !$0.isEmpty } ?? false
    let isPod = environment["KUBERNETES_SERVICE_HOST"].map { !$0.isEmpty } ?? false
    return try isPod && !names
      ? inCluster(environment: environment) : kubeconfig(environment: environment)
  }
}

extension String {
  /// Without what follows the first line, and without spaces at its ends.
  var firstLine: String {
    let line = split(whereSeparator: \.isNewline).first ?? ""
    return String(line.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
