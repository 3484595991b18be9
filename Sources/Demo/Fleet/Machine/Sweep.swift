internal import FoundationEssentials
internal import Glibc

/// Takes a fleet off the machine: processes, mounts, loop devices, network, cgroups, files.
///
/// It asks nobody and remembers nothing: everything is found by the fleet's name. So one and the
/// same code ends a run that passed, one that failed, and one that was killed long ago.
package struct Sweep: Sendable {
  private let fleet: FleetDirectory

  package init(of fleet: FleetDirectory) { self.fleet = fleet }

  /// Does it, as often as wanted.
  ///
  /// - Parameter keepingLogs: leaves the programs' logs in ``FleetDirectory/logs``.
  /// - Returns: what could not be removed, a line each; empty when nothing is left.
  package func run(keepingLogs: Bool = false) async -> [String] {
    var left: [String] = []
    left += await endProcesses()
    let sockets = shimSockets()
    left += await unmount()
    left += await detachLoops()
    left += await removeNetwork()
    left += await removeCgroups()
    for socket in sockets { unlink(socket) }
    removeFiles(keepingLogs: keepingLogs)
    return left
  }

  /// What there is of the fleet on the machine, a line each; what tests assert to be empty.
  package func remains() async -> [String] {
    var found = ProcessTable.processes(of: fleet).map { "process \($0)" }
    found += mounts().map { "mount \($0)" }
    found += await loops().map { "loop device \($0)" }
    found += await networkNames().map { "network \($0.joined(separator: " "))" }
    found += cgroups().map { "cgroup \($0)" }
    return found
  }

  // MARK: Processes

  private func endProcesses() async -> [String] {
    var killed: Set<Int32> = []
    for _ in 0..<200 {
      let processes = ProcessTable.processes(of: fleet)
      if processes.isEmpty { break }
      for pid in processes { kill(pid, SIGKILL) }
      killed.formUnion(processes)
      // A frozen filesystem or cgroup keeps what sleeps in it from dying.
      await thaw()
      await pause()
    }
    // Those that this very process has started wait for it to notice; the others are not its own.
    for pid in killed { waitpid(pid, nil, WNOHANG) }
    return ProcessTable.processes(of: fleet).map { "process \($0) does not end" }
  }

  private func thaw() async {
    for cgroup in cgroups() {
      write("THAWED", to: cgroup + "/freezer.state")
      write("0", to: cgroup + "/cgroup.freeze")
    }
    for mount in mounts() where isVolume(mount) {
      // Refused when it is not frozen, which is the usual case.
      _ = try? await Command("fsfreeze", ["--unfreeze", mount]).outcome()
    }
  }

  private func write(_ text: String, to file: String) {
    // Not every controller has every file.
    guard let stream = fopen(file, "we") else { return }
    fputs(text, stream)
    fclose(stream)
  }

  /// Overlays and the like cannot be frozen; volumes and the pool can.
  private func isVolume(_ mount: String) -> Bool {
    mount.hasSuffix("/mount") || mount.contains("/volumes/") || mount.contains("/pool")
  }

  // MARK: Mounts and loop devices

  /// Mount points below the fleet's directory, the one that covers others last.
  private func mounts() -> [String] {
    guard let table = fleet.read("/proc/self/mountinfo") else { return [] }
    return table.split(separator: "\n").reversed().compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 4, fields[4].hasPrefix(fleet.path + "/") else { return nil }
      return String(fields[4])
    }
  }

  private func unmount() async -> [String] {
    // A loop device lets go of its image, and with it of the filesystem below, some time after it was unmounted.
    for _ in 0..<400 {
      let mounts = mounts()
      if mounts.isEmpty { return [] }
      for mount in mounts { umount2(mount, 0) }
      if self.mounts().isEmpty { return [] }
      await pause()
    }
    let stuck = mounts()
    for mount in stuck { umount2(mount, Int32(MNT_DETACH)) }
    return stuck.map { "mount \($0) is busy; detached it" }
  }

  private func loops() async -> [String] {
    let arguments = ["--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE"]
    // Without losetup there are no loop devices of ours either.
    guard let listing = try? await Command("losetup", arguments).run() else { return [] }
    return listing.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", maxSplits: 1)
      guard fields.count == 2, fields[1].hasPrefix(fleet.path + "/") else { return nil }
      return String(fields[0])
    }
  }

  private func detachLoops() async -> [String] {
    for _ in 0..<40 {
      let loops = await loops()
      if loops.isEmpty { return [] }
      // One that frees itself in between is no error.
      for loop in loops { _ = try? await Command("losetup", ["--detach", loop]).outcome() }
      await pause()
    }
    return await loops().map { "loop device \($0) is busy" }
  }

  // MARK: Network

  /// The arguments of `ip` that would remove each thing, without the word that removes.
  private func networkNames() async -> [[String]] {
    let network = FleetNetwork.Names(fleet.id)
    // `ip` missing or refusing means that nothing was made with it.
    let namespaces = (try? await Command("ip", ["netns", "list"]).run()) ?? ""
    var found = namespaces.split(separator: "\n")
      .compactMap { $0.split(separator: " ").first.map(String.init) }
      .filter { $0.hasPrefix(network.namespacePrefix) }
      .map { ["netns", $0] }
    let links = (try? await Command("ip", ["-oneline", "link", "show"]).run()) ?? ""
    found += links.split(separator: "\n")
      .compactMap { $0.split(separator: " ").dropFirst().first }
      .map { String($0.prefix { $0 != "@" && $0 != ":" }) }
      .filter { $0 == network.bridge || $0.hasPrefix(network.linkPrefix) }
      .map { ["link", $0] }
    return found
  }

  private func removeNetwork() async -> [String] {
    for _ in 0..<40 {
      let names = await networkNames()
      if names.isEmpty { return [] }
      for name in names {
        // A pair of links goes when one end does; its other end is then no error.
        _ = try? await Command("ip", [name[0], "delete", name[1]]).outcome()
      }
      await pause()
    }
    return await networkNames().map { "network \($0.joined(separator: " ")) cannot be deleted" }
  }

  // MARK: Cgroups and files

  /// The fleet's cgroups in every hierarchy, innermost first.
  private func cgroups() -> [String] {
    let root = "/sys/fs/cgroup"
    // A machine without cgroups has none of ours.
    let hierarchies = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    let tops = ([root] + hierarchies.map { "\(root)/\($0)" }).map { "\($0)/\(fleet.id.cgroup)" }
    return tops.flatMap(directories)
  }

  private func directories(below top: String) -> [String] {
    var isDirectory = false
    guard FileManager.default.fileExists(atPath: top, isDirectory: &isDirectory), isDirectory
    else { return [] }
    // It may have gone since.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: top)) ?? []
    return names.flatMap { directories(below: "\(top)/\($0)") } + [top]
  }

  private func removeCgroups() async -> [String] {
    for _ in 0..<40 {
      for cgroup in cgroups() { rmdir(cgroup) }
      if cgroups().isEmpty { return [] }
      await pause()
    }
    return cgroups().map { "cgroup \($0) cannot be removed" }
  }

  /// A shim that was killed leaves its socket outside every directory of ours; its bundle names it.
  private func shimSockets() -> [String] {
    let tasks = "io.containerd.runtime.v2.task/k8s.io"
    // No such directory: that node ran no container.
    let nodes = (try? FileManager.default.contentsOfDirectory(atPath: fleet.path)) ?? []
    return nodes.flatMap { shimSockets(in: "\(fleet.path)/\($0)/state/\(tasks)") }
  }

  private func shimSockets(in state: String) -> [String] {
    let bundles = (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
    return bundles.compactMap { bundle -> String? in
      guard let address = fleet.read("\(state)/\(bundle)/address"),
        address.hasPrefix("unix:///run/containerd/s/")
      else { return nil }
      return String(address.trimmed.dropFirst("unix://".count))
    }
  }

  private func removeFiles(keepingLogs: Bool) {
    let files = FileManager.default
    // What cannot be removed here is a mount, reported above already.
    for name in (try? files.contentsOfDirectory(atPath: fleet.path)) ?? [] {
      if keepingLogs, name == "logs" { continue }
      try? files.removeItem(atPath: "\(fleet.path)/\(name)")
    }
    rmdir(fleet.path)
    rmdir(FleetDirectory.base)
  }

  private func pause() async {
    // Cancelled: then without a pause; the tries are counted.
    try? await Task.sleep(for: .milliseconds(50))
  }
}
