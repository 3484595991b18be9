internal import FoundationEssentials
internal import Glibc

/// The network of one fleet: a bridge on this machine, and a network namespace for each host on it.
/// Nothing of it reaches any other network.
package struct FleetNetwork: Sendable {
  private let names: Names
  /// The third byte of every address.
  package let subnet: Int

  /// What the parts are called.
  struct Names: Sendable {
    let bridge: String
    let linkPrefix: String
    let namespacePrefix: String

    init(_ fleet: RunID) {
      bridge = "spb\(fleet)"
      linkPrefix = "spv\(fleet)"
      namespacePrefix = "sp\(fleet)-"
    }
  }

  /// Chooses a subnet that nothing on this machine uses, and makes the bridge.
  package static func create(for fleet: FleetDirectory) async throws -> FleetNetwork {
    let taken = try await Command("ip", ["-oneline", "-4", "address", "show"]).run()
    let routes = try await Command("ip", ["-4", "route", "show", "table", "all"]).run()
    let subnet = try claim(for: fleet) { candidate in
      let prefix = " 10.77.\(candidate)."
      return !taken.contains(prefix) && !(" " + routes).contains(prefix)
        && !routes.contains("\n10.77.\(candidate).")
    }
    let network = FleetNetwork(names: Names(fleet.id), subnet: subnet)
    let bridge = network.names.bridge
    try await Command("ip", ["link", "add", bridge, "type", "bridge"]).run()
    try await Command("ip", ["address", "add", network.address(254) + "/24", "dev", bridge]).run()
    try await Command("ip", ["link", "set", bridge, "up"]).run()
    return network
  }

  /// Adds a host with the address that ends in `number` (1 to 253).
  ///
  /// - Returns: the path of its network namespace.
  package func addHost(_ name: String, number: Int) async throws -> String {
    let namespace = names.namespacePrefix + name
    let link = names.linkPrefix + String(number)
    let inside = ["-netns", namespace]
    for arguments in [
      ["netns", "add", namespace],
      ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", namespace],
      ["link", "set", link, "master", names.bridge, "up"],
      inside + ["link", "set", "lo", "up"],
      inside + ["address", "add", address(number) + "/24", "dev", "eth0"],
      inside + ["link", "set", "eth0", "up"],
    ] {
      try await Command("ip", arguments).run()
    }
    return "/run/netns/\(namespace)"
  }

  /// Takes a host's link down, as if its cable was pulled, or up again.
  package func setLink(ofHost number: Int, up: Bool) async throws {
    let link = names.linkPrefix + String(number)
    try await Command("ip", ["link", "set", link, up ? "up" : "down"]).run()
  }

  package func address(_ number: Int) -> String { "10.77.\(subnet).\(number)" }

  /// Writes the choice down under a lock, so that two fleets that start together choose apart.
  private static func claim(
    for fleet: FleetDirectory, isFree: (Int) -> Bool
  ) throws -> Int {
    let lock = open(FleetDirectory.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
      throw DemoError("\(FleetDirectory.base) could not be locked")
    }
    // Also releases the lock.
    defer { close(lock) }
    let claimed = FleetDirectory.all().compactMap { $0.read($0.subnetFile) }.map(\.trimmed)
    let candidates = (1...254).shuffled().filter { !claimed.contains(String($0)) }
    guard let subnet = candidates.first(where: isFree) else {
      throw DemoError(
        "no free subnet in 10.77.0.0/16 for a demo fleet",
        hint: "remove old fleets with 'stillpoint-demo clean'")
    }
    try fleet.write("\(subnet)\n", to: fleet.subnetFile)
    return subnet
  }
}
