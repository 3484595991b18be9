internal import ArgumentParser
internal import CutProtocol
internal import Model
internal import Snapshots

/// Volumes of a node that has no Kubernetes to make them.
struct VolumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "volume", abstract: "Make, list and delete volumes of this node's CSI drivers.",
    subcommands: [Create.self, List.self, Delete.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a volume and mount it at <root>/<name>/mount.")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The volume's name on this node.") var name: String
    @Option(help: "The CSI driver; the only one configured when it is not given.")
    var driver: String?
    @Option(help: "Its size, for example 512Mi or 10Gi.") var size: String
    @Option(
      help: "Its filesystem, for example ext4 or xfs; the driver's choice when it is not given.")
    var fsType = ""
    @Option(
      help: "Where volumes are mounted; the configuration's volumesRoot when it is not given.")
    var root: String?

    func run() async throws {
      let configuration = try AgentConfiguration.read(common.config)
      guard let size = ByteSize(size) else {
        throw ValidationError("'\(self.size)' is no size: expected a number with Ki, Mi, Gi or Ti")
      }
      let drivers = try CSIDrivers(configuration.drivers)
      let name = try chosenDriver(configuration)
      let volume = try await drivers.connected {
        try await VolumePublisher(drivers: drivers).create(
          name: self.name, driver: name, sizeBytes: size.bytes, filesystem: fsType,
          root: root ?? configuration.volumesRoot)
      }
      print(volume.publishedAt)
    }

    private func chosenDriver(_ configuration: AgentConfiguration) throws -> DriverName {
      if let driver { return try DriverName(driver) }
      guard let only = configuration.csiDrivers.first, configuration.csiDrivers.count == 1 else {
        throw ValidationError("several CSI drivers are configured: choose one with --driver")
      }
      return only.name
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List this node's volumes.")

    @OptionGroup var common: CommonOptions
    @Option(
      help: "Where volumes are mounted; the configuration's volumesRoot when it is not given.")
    var root: String?

    func run() async throws {
      let configuration = try AgentConfiguration.read(common.config)
      let drivers = try CSIDrivers(configuration.drivers)
      let volumes = try VolumePublisher(drivers: drivers).list(
        root: root ?? configuration.volumesRoot)
      for volume in volumes {
        let state = volume.isMounted ? "mounted" : "not mounted"
        let previous = volume.previous.map { "  replaced \($0)" } ?? ""
        print(
          "\(volume.name)  \(volume.driver)  \(volume.handle)  \(volume.path)  \(state)\(previous)")
      }
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Unmount a volume and delete it with all that is in it.")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The volume's name on this node.") var name: String
    @Option(
      help: "Where volumes are mounted; the configuration's volumesRoot when it is not given.")
    var root: String?

    func run() async throws {
      let configuration = try AgentConfiguration.read(common.config)
      let drivers = try CSIDrivers(configuration.drivers)
      try await drivers.connected {
        try await VolumePublisher(drivers: drivers).delete(
          name: name, root: root ?? configuration.volumesRoot)
      }
    }
  }
}
