internal import Foundation
internal import KubernetesClient

/// How the API server of the cluster that is served is reached: the configuration's key `kubernetes`.
enum ClusterUse: Decodable, Sendable, Equatable {
  /// By the service account of the coordinator's own pod.
  case inCluster
  /// By the current context of a kubeconfig, whose namespace is then the coordinator's own.
  case kubeconfig(String)

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      guard text == "in-cluster" else { throw Self.unknown("'\(text)'", decoder) }
      self = .inCluster
      return
    }
    guard let section = try? decoder.container(keyedBy: Key.self),
      section.allKeys.map(\.stringValue) == ["kubeconfig"],
      let path = try? section.decode(String.self, forKey: Key(stringValue: "kubeconfig"))
    else { throw Self.unknown("this", decoder) }
    guard path.hasPrefix("/") else {
      throw Self.error("kubeconfig '\(path)' must be an absolute path", decoder)
    }
    self = .kubeconfig(path)
  }

  private static func unknown(_ what: String, _ decoder: any Decoder) -> DecodingError {
    error("\(what) names no cluster (in-cluster, or {kubeconfig: FILE})", decoder)
  }

  /// An error whose message gets the key's name before it.
  private static func error(_ text: String, _ decoder: any Decoder) -> DecodingError {
    .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: text))
  }

  func access(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(KubernetesError) -> ClusterAccess {
    switch self {
    case .inCluster: try .inCluster(environment: environment)
    case .kubeconfig(let path): try .kubeconfig(path: path, environment: environment)
    }
  }
}
