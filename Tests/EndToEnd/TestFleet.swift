import DemoFleet
import Foundation
import Glibc
import Testing

/// Why the tests of this target are not run for everybody.
let needsRoot: Comment = "needs root: it makes network namespaces, mounts and containers"

var isRoot: Bool { geteuid() == 0 }

/// What a hold ends within when nobody renews it.
let lease = Duration.seconds(3)

/// Gives `body` a directory for a fleet, and takes off the machine whatever was made in it.
func withFleetDirectory(_ body: (FleetDirectory) async throws -> Void) async throws {
  let directory = try FleetDirectory.create()
  do {
    try await body(directory)
  } catch let error as DemoError {
    Issue.record("\(error)\n\(lastLines(of: error.log))")
  }
  let left = await Sweep(of: directory).run()
  #expect(left == [])
  #expect(await Sweep(of: directory).remains() == [])
}

/// Gives `body` a whole fleet whose shop runs under full load and whose plan is applied.
func withRunningShop(_ body: (Fleet, RunningShop) async throws -> Void) async throws {
  try await withFleetDirectory { directory in
    let fleet = try await Fleet.create(
      in: directory, programs: try ProgramSet(), shopFiles: try shopFiles())
    try await fleet.startContainerEngines()
    try await fleet.onEveryNode { try await $0.startDriver() }
    try await fleet.coordinator.start()
    try await fleet.enrolAgents()
    let shop = RunningShop(on: fleet)
    try await shop.createVolumes(size: "1Gi")
    try await shop.openStores()
    try await shop.startCheckout()
    try await fleet.waitUntilShopIsKnown()
    try await fleet.waitUntilDiscovered("checkout", on: fleet.node(of: .cart))
    try await fleet.applyPlan("shop")
    try await body(fleet, shop)
  }
}

/// Applies the plan with the slow hook under another name, its hook slower still.
func applySlowPlan(to fleet: Fleet, as name: String, takes seconds: Int) async throws {
  let text = try String(
    contentsOfFile: fleet.shop.files + "/plans/shop-slow.yaml", encoding: .utf8)
  let slower = text.replacing("name: shop-slow", with: "name: \(name)")
    .replacing(#""/bin/sleep", "2""#, with: #""/bin/sleep", "\#(seconds)""#)
  #expect(slower.contains("\"\(seconds)\"") && slower.contains("name: \(name)\n"))
  let file = fleet.directory.path + "/\(name).yaml"
  try slower.write(toFile: file, atomically: true, encoding: .utf8)
  try await fleet.coordinator.shell.run(["plan", "apply", "-f", file])
}

/// Tests are run in the root of the source tree.
func sourceRoot() throws -> String {
  guard let here = getcwd(nil, 0) else { throw DemoError("there is no current directory") }
  defer { free(here) }
  return String(cString: here)
}

/// The directory `demo`.
func shopFiles() throws -> String { try sourceRoot() + "/demo" }

private func lastLines(of log: String?) -> String {
  guard let log, let stream = fopen(log, "re") else { return "" }
  defer { fclose(stream) }
  var bytes = [UInt8](repeating: 0, count: 1 << 20)
  let count = fread(&bytes, 1, bytes.count, stream)
  return String(decoding: bytes[..<count], as: UTF8.self)
    .split(separator: "\n").suffix(20).joined(separator: "\n")
}
