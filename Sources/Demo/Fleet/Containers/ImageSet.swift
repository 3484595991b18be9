internal import FoundationEssentials
internal import Glibc

/// The images of the fleet, built from the machine's own packages; no registry is asked.
package struct ImageSet: Sendable {
  /// Keeps a pod's namespaces open.
  package static let pause = "node.local/pause:1"
  /// An empty system: `/usr` and `/etc` come from the machine, mounted read-only.
  package static let host = "node.local/host:1"

  /// The archives, ready to be imported.
  package let archives: [String]

  /// Builds the images in `directory`, which does not exist yet.
  package static func build(in directory: String) async throws -> ImageSet {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    let pauseArchive = "\(directory)/pause.tar"
    let pause = OCIImage(
      name: Self.pause, root: try pauseRoot(in: directory),
      entrypoint: ["/bin/busybox", "sleep", "2147483647"])
    try await pause.write(to: pauseArchive, scratch: "\(directory)/scratch")

    let hostArchive = "\(directory)/host.tar"
    let host = OCIImage(name: Self.host, root: try hostRoot(in: directory))
    try await host.write(to: hostArchive, scratch: "\(directory)/scratch")
    return ImageSet(archives: [pauseArchive, hostArchive])
  }

  private static func pauseRoot(in directory: String) throws -> String {
    let root = "\(directory)/pause"
    let files = FileManager.default
    for name in ["bin", "dev", "proc", "sys", "etc"] {
      try files.createDirectory(atPath: "\(root)/\(name)", withIntermediateDirectories: true)
    }
    let busybox = "/bin/busybox"
    guard files.fileExists(atPath: busybox) else {
      throw DemoError("\(busybox) is missing", hint: "install the package busybox-static")
    }
    try files.copyItem(atPath: busybox, toPath: "\(root)/bin/busybox")
    return root
  }

  private static func hostRoot(in directory: String) throws -> String {
    let root = "\(directory)/host"
    let files = FileManager.default
    for name in [
      "usr", "etc", "proc", "sys", "dev", "run", "tmp", "root", "srv", "var/lib", "var/log",
    ] {
      try files.createDirectory(atPath: "\(root)/\(name)", withIntermediateDirectories: true)
    }
    for name in ["bin", "sbin", "lib", "lib64"] {
      try files.createSymbolicLink(atPath: "\(root)/\(name)", withDestinationPath: "usr/\(name)")
    }
    try files.createSymbolicLink(atPath: "\(root)/var/run", withDestinationPath: "/run")
    guard chmod("\(root)/tmp", 0o1777) == 0 else {
      throw DemoError("\(root)/tmp could not be made writable for all")
    }
    // Where Debian's servers and their clients look for each other.
    for (name, user) in [
      ("postgresql", "postgres"), ("mysqld", "mysql"), ("redis", "redis"),
    ] {
      let account = try Account(user)
      let path = "\(root)/run/\(name)"
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      guard chown(path, account.user, account.group) == 0 else {
        throw DemoError("\(path) could not be given to \(user)")
      }
    }
    return root
  }
}
