internal import ConfigurationFile
internal import Model

/// The coordinator's configuration file; `deploy/config/coordinator.yaml` explains every key.
struct CoordinatorConfiguration: Decodable, Sendable {

  var fleet: FleetID
  var stateDirectory: String
  var fleetListen: Endpoint
  var enrolmentListen: Endpoint
  var apiListen: Endpoint
  /// Where whoever keeps the process running asks after its health, by plain HTTP; nil for nowhere.
  var healthListen: Endpoint?
  /// An existing directory that gets every ended backup as a file; nil for none.
  var exportDirectory: String?
  /// Nil where no cluster is served.
  var kubernetes: ClusterUse?

  private static let keys = [
    "fleet", "stateDirectory", "fleetListen", "enrolmentListen", "apiListen", "healthListen",
    "exportDirectory", "kubernetes",
  ]

  static func read(_ path: String) throws(ConfigurationError) -> CoordinatorConfiguration {
    let read = try ConfigurationFile.read(path, as: CoordinatorConfiguration.self, keys: keys)
    guard read.stateDirectory.hasPrefix("/") else {
      throw ConfigurationError("\(path): 'stateDirectory' must be an absolute path")
    }
    guard read.exportDirectory?.hasPrefix("/") != false else {
      throw ConfigurationError("\(path): 'exportDirectory' must be an absolute path")
    }
    guard read.enrolmentListen.host == read.fleetListen.host else {
      throw ConfigurationError(
        "\(path): 'fleetListen' and 'enrolmentListen' must name the same address, with two ports")
    }
    return read
  }

  var authorityDirectory: String { stateDirectory + "/authority" }
  var catalogFile: String { stateDirectory + "/catalog.sqlite" }
}
