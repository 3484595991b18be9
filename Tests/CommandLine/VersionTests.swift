internal import Foundation
internal import OperatorFakes
internal import Release
internal import Testing

@Suite struct `Every program` {
  @Test(arguments: [
    "stillpoint", "stillpoint-coordinator", "stillpoint-agent", "stillpoint-guardian",
    "stillpoint-csi-local",
  ])
  func `prints the one version of its release`(name: String) async throws {
    try await Shell.bare { shell in
      let run = try await ProgramRun.of(
        Shell.program.deletingLastPathComponent().appending(path: name), ["--version"],
        environment: ["PATH": "/usr/bin:/bin"], in: shell.directory)
      #expect(run.status == 0, "\(run.error)")
      #expect(run.output == Release.version + "\n")
      #expect(run.error == "")
    }
  }
}
