internal import FoundationEssentials

/// Where Stillpoint's own programs are.
package struct ProgramSet: Hashable, Sendable {
  /// The directory that holds them all.
  package let directory: String

  /// The programs beside the running one: as `swift build` and a package leave them.
  package init() throws {
    let link = "/proc/self/exe"
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: link)
    try self.init(directory: String(program[..<(program.lastIndex(of: "/") ?? program.endIndex)]))
  }

  package init(directory: String) throws {
    self.directory = directory
    for program in [coordinator, agent, guardian, driver, commandLine]
    where !FileManager.default.isExecutableFile(atPath: program) {
      throw DemoError("\(program) does not exist", hint: "build it first: swift build")
    }
  }

  package var coordinator: String { directory + "/stillpoint-coordinator" }
  package var agent: String { directory + "/stillpoint-agent" }
  package var guardian: String { directory + "/stillpoint-guardian" }
  package var driver: String { directory + "/stillpoint-csi-local" }
  package var commandLine: String { directory + "/stillpoint" }
}
