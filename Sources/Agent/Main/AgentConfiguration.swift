internal import ConfigurationFile
internal import Model
internal import Snapshots

/// The agent's configuration file; `deploy/config/agent.yaml` explains every key.
struct AgentConfiguration: Decodable, Sendable {
  struct Driver: Decodable, Sendable {
    var name: DriverName
    var socket: String
    var secrets: [String: String]?
    var snapshotParameters: [String: String]?
    var volumeParameters: [String: String]?
  }

  var node: NodeID
  var coordinator: Endpoint
  var enrolment: Endpoint
  var stateDirectory: String
  var runDirectory: String
  var criSocket: String
  var volumesRoot: String
  var csiDrivers: [Driver]
  var guardian: String?
  /// Nil on a node of no cluster.
  var kubernetes: ClusterUse?
  var machineControlGroups: String?
  var podEnrolment: PodEnrolment?

  /// How an agent that runs in a pod comes to its first certificate.
  struct PodEnrolment: Decodable, Sendable {
    /// The file with the token that the cluster gives to the pod.
    var token: String
    /// The file with the pin of the fleet's authority.
    var pin: String
  }

  private static let keys = [
    "node", "coordinator", "enrolment", "stateDirectory", "runDirectory", "criSocket",
    "volumesRoot", "csiDrivers", "guardian", "kubernetes", "machineControlGroups", "podEnrolment",
  ]

  static func read(_ path: String) throws(ConfigurationError) -> AgentConfiguration {
    let read = try ConfigurationFile.read(path, as: AgentConfiguration.self, keys: keys)
    for (key, value) in [
      ("stateDirectory", read.stateDirectory), ("runDirectory", read.runDirectory),
      ("criSocket", read.criSocket), ("volumesRoot", read.volumesRoot),
      ("machineControlGroups", read.machineControlGroups ?? "/"),
    ] where !value.hasPrefix("/") {
      throw ConfigurationError("\(path): '\(key)' must be an absolute path, not '\(value)'")
    }
    guard read.enrolment.host == read.coordinator.host else {
      throw ConfigurationError(
        "\(path): 'coordinator' and 'enrolment' must name the same host, with two ports")
    }
    return read
  }

  var drivers: [CSIDriverConfiguration] {
    csiDrivers.map { driver in
      CSIDriverConfiguration(
        name: driver.name, socket: driver.socket,
        secrets: (driver.secrets ?? [:]).mapValues { Secret($0) },
        snapshotParameters: driver.snapshotParameters ?? [:],
        volumeParameters: driver.volumeParameters ?? [:])
    }
  }

  var identityDirectory: String { stateDirectory + "/identity" }
}
