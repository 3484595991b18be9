internal import AgentCore
internal import CutProtocol
internal import Glibc
internal import LinuxSystem
internal import Model

/// The way into a container: the namespaces of its first process, entered with `nsenter` from the node.
struct ContainerEntry: Sendable {
  let member: ServiceName
  let process: ProcessIdentity
  /// The container's root directory.
  let root: DescriptorHandle
  let user: UInt32
  let group: UInt32
  /// What the container's first process was started with, its first 32 KiB.
  let environment: [String]
  private let nsenter: String

  private static let usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// Blocks its thread. Refuses with `moved` when the process is not the planned one any more.
  init(
    process: ProcessIdentity, member: ServiceName, settings: QuiescerSettings
  ) throws(Refusal) {
    self.member = member
    self.process = process
    nsenter = settings.nsenter
    do {
      root = try DescriptorHandle.directory("/proc/\(process.pid)/root")
      (user, group) = try ProcessFacts.owner(process.pid)
      environment = try ProcessFacts.environment(process.pid, limit: 32 << 10)
      guard try ProcessFacts.startTicks(process.pid) == process.startTicks else {
        throw SystemError("open", "/proc/\(process.pid)", code: ESRCH)
      }
    } catch {
      throw Refusal(
        .moved,
        "container of \(member) is not the planned one any more: process \(process.pid) of \(process.container) is gone"
      )
    }
  }

  /// The container's own search path.
  var path: String {
    environment.first { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } ?? Self.usualPath
  }

  /// The first of these programs that the container has, as a path inside it.
  func program(_ names: [String]) throws(Refusal) -> String {
    let directories = (path.split(separator: ":") + Self.usualPath.split(separator: ":"))
    for name in names {
      for directory in directories where directory.hasPrefix("/") {
        let candidate = "\(directory)/\(name)"
        if let file = try? root.opened(candidate), (try? file.status())?.isDirectory == false {
          return candidate
        }
      }
    }
    throw Refusal(
      .hazard,
      "container of \(member) has no \(names.joined(separator: " or ")) in \(directories.joined(separator: ":"))",
      hint:
        "the client is run inside the container: add it to the image, or use the filesystem or command hold"
    )
  }

  /// Refuses a program that the container does not have. A name is looked for in its search path.
  func require(_ program: String) throws(Refusal) {
    guard program.contains("/") else {
      _ = try self.program([program])
      return
    }
    // A program that cannot be opened cannot be run either.
    guard let file = try? root.opened(program), (try? file.status())?.isDirectory == false
    else {
      throw Refusal(.hazard, "container of \(member) has no program \(program)")
    }
  }

  /// The program and arguments that run `command` inside.
  ///
  /// A session does without the PID namespace: to enter that one `nsenter` forks, and the process that is held would
  /// not be the client. A user's command has it, or `kill 1` in it would mean the node's first process.
  func arguments(_ command: [String], withProcesses: Bool) -> [String] {
    [
      nsenter, "-t", "\(process.pid)", "-m", "-u", "-i", "-n",
    ] + (withProcesses ? ["-p"] : []) + ["-S", "\(user)", "-G", "\(group)", "--"] + command
  }

  /// Refuses unless every directory lies on one of the member's volumes, so that the snapshots hold all of it.
  func requireOnVolumes(_ directories: [(what: String, path: String)], _ volumes: [MemberVolume])
    throws(Refusal)
  {
    // A volume that cannot be opened covers nothing, and the directory on it is then refused.
    let devices = volumes.compactMap { try? root.opened($0.containerPath).status().device }
    for (what, path) in directories {
      guard let device = try? root.opened(path).status().device else {
        throw Refusal(.hazard, "\(what) of \(member), \(path), cannot be opened in its container")
      }
      guard devices.contains(device) else {
        throw Refusal(
          .hazard, "\(what) of \(member), \(path), lies on none of the volumes of the plan",
          hint: "a backup without it could not be restored: add its volume to the plan")
      }
    }
  }

  /// The small files of a directory as a text that changes whenever one of them is written.
  func fingerprint(_ directory: String, only: (String) -> Bool = { _ in true }) throws(SystemError)
    -> [String: FileStatus]
  {
    let handle = try root.opened(directory, directory: true)
    var found: [String: FileStatus] = [:]
    for name in try handle.names() where only(name) {
      // A file that is gone between the two is no part of the directory any more.
      guard let status = try? handle.opened(name).status(), !status.isDirectory else { continue }
      found[name] = status
    }
    return found
  }
}
