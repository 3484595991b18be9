import Foundation
import Testing

@testable import LinuxSystem

@Suite struct `Supervised programs` {
  private let environment = ["PATH=/usr/bin:/bin"]

  private func run(_ script: String, timeout: Duration, cancel: DescriptorHandle? = nil)
    -> SupervisedProgram.Result
  {
    SupervisedProgram.run(
      path: "/bin/sh", arguments: ["-c", script], environment: environment, timeout: timeout,
      mark: "STILLPOINT_RUN=test-\(UUID())", cancel: cancel)
  }

  @Test func `output and exit status are told`() {
    let result = run("echo out; echo err >&2; exit 3", timeout: .seconds(20))
    #expect(result.ending == .exited(3))
    #expect(result.output == "out\nerr\n")
  }

  @Test func `output beyond the limit is read and dropped`() {
    let result = run("head -c 300000 /dev/zero | tr '\\0' x", timeout: .seconds(20))
    #expect(result.ending == .exited(0))
    #expect(result.output.utf8.count == SupervisedProgram.outputLimit)
  }

  @Test func `what outlives its time limit is killed with every descendant, wherever it went`()
    throws
  {
    let mark = "31\(UInt32.random(in: 10_000...99_999))"
    let result = run(
      "setsid sh -c '(sleep \(mark)) & sleep \(mark)' & (setsid sleep \(mark) &) ; sleep \(mark)",
      timeout: .milliseconds(500))
    #expect(result.ending == .timedOut)
    #expect(try processes(mark).isEmpty)
  }

  @Test func `a program is ended when its starter says so`() throws {
    let cancel = try DescriptorHandle.pipe()
    cancel.writing.writeByte()
    #expect(run("sleep 60", timeout: .seconds(60), cancel: cancel.reading).ending == .cancelled)
  }

  @Test func `a descendant that keeps the output open delays nobody`() {
    let began = LinuxKernel.timeSinceBoot()
    let result = run("sleep 7 & echo done", timeout: .seconds(60))
    #expect(result.ending == .exited(0))
    #expect(result.output == "done\n")
    #expect(LinuxKernel.timeSinceBoot() - began < .seconds(6))
  }

  @Test func `a program that is not there is told apart`() {
    let result = SupervisedProgram.run(
      path: "/no/such", arguments: [], environment: [], timeout: .seconds(5), mark: "A=b")
    #expect(result.ending == .notStarted(SystemError("start", "/no/such", code: 2)))
  }

  private func processes(_ mark: String) throws -> [Int32] {
    try ProcessFacts.all().filter {
      ((try? TextFile.read("/proc/\($0)/cmdline", limit: 8192)) ?? "").contains("sleep\0\(mark)")
    }
  }
}
