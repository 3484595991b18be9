internal import AgentCore
internal import CutProtocol
internal import Foundation
internal import GuardianWatch
internal import LinuxSystem
internal import Logging
internal import Model
internal import Quiescers

/// `hold-probe GUARDIAN RUN-DIRECTORY VOLUME LEASE-MS CAP-MS MODE [PROCESS]`: holds a filesystem as the agent does, says `held`, and
/// waits to be killed. Mode `renew` renews the lease all the time, `silent` never does. With PROCESS it pauses that one's control group
/// instead, which has the volume at `/srv`.
@main
struct Program {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard (7...8).contains(arguments.count), let lease = Int64(arguments[4]),
      let cap = Int64(arguments[5])
    else {
      print(
        "usage: hold-probe GUARDIAN RUN-DIRECTORY VOLUME LEASE-MS CAP-MS renew|silent [PROCESS]")
      exit(64)
    }
    let guardian = GuardianProcess(executable: arguments[1], logger: Logger(label: "probe"))
    let hold = HoldID(boot: try LinuxKernel.bootID(), incarnation: 1, counter: 1)
    let prepared = try await QuiescerSet(settings: QuiescerSettings(protectedPaths: []))
      .prepare(
        arguments.count == 8 ? .pause : .filesystem,
        for: try target(
          volume: arguments[3], process: arguments.dropFirst(7).first.flatMap { Int32($0) },
          cap: .milliseconds(cap)))
    try await guardian.arm(
      hold, rescue: prepared.readiness.rescue, lease: .milliseconds(lease),
      cap: .milliseconds(cap))
    try HoldRecordStore(runDirectory: arguments[2]).write(
      HoldRecord(
        hold: hold, member: try ServiceName("probe"),
        fence: Fence(epoch: 1, cut: 1, attempt: 1), takenAt: .now(),
        rescue: prepared.readiness.record))
    try await prepared.hold()
    print("held by \(try await guardian.start().pid)")
    fflush(nil)
    let parent = getppid()
    // Nobody waits for it any more once its test is gone.
    while getppid() == parent {
      try await Task.sleep(for: .milliseconds(100))
      if arguments[6] == "renew" { try? await guardian.renew(hold, lease: .milliseconds(lease)) }
    }
  }

  private static func target(volume: String, process: Int32?, cap: Duration) throws -> HoldTarget {
    let pid = process ?? LinuxKernel.processNumber()
    return HoldTarget(
      member: try ServiceName("probe"),
      process: ProcessIdentity(
        container: try ContainerID("probe"), pid: pid,
        startTicks: try ProcessFacts.startTicks(pid)),
      volumes: [
        MemberVolume(
          containerPath: process == nil ? volume : "/srv",
          volume: VolumeRef(
            driver: try DriverName("test"), handle: try VolumeHandle("test"), publishedAt: volume))
      ], siblings: [:], cap: cap)
  }
}
