import ConfigurationFile
import Foundation
import LinuxSystem
import Model
import PlanFile

@testable import CommandLineKit

extension FuzzTarget {
  /// A plan as a file or the body of a request.
  static let planFile = FuzzTarget(
    name: "plan-file",
    words: [
      "apiVersion: stillpoint.dev/v1alpha1\n", "kind: BackupPlan\n", "metadata:\n", "spec:\n",
      "services:\n", "- name: ", "selector: ", "dependsOn: ", "hold: ", "{postgresql: {}}",
      "{filesystem: {}}", "{command: {pre: [x], post: [y]}}", "volumes: all", "freeze: ",
      "budget: ", "cap: ", "drain: true", "9223372036854775807h", "1.5s", "&a ", "*a", "<<: ", "!!",
      "? ", "|\n", "> ", "[[[[", "{{{{", "- - - ", "%TAG ! x\n", "\u{feff}", "\u{85}", "\u{2028}",
    ],
    seeds: {
      [
        """
        apiVersion: stillpoint.dev/v1alpha1
        kind: BackupPlan
        metadata:
          name: shop
        spec:
          environment: production
          requires: application-consistent
          policy: strict
          freeze: {budget: 2s, cap: 10s, drain: false}
          services:
            - name: checkout
              selector: {app: checkout, node: node-1, labels: {"a/b": ""}}
              dependsOn: [orders]
              hold: [{command: {container: app, pre: ["/app/pause"], post: ["*&\\n"], timeout: 5s}}]
            - name: orders
              selector: {app: orders}
              hold: [{postgresql: {user: postgres, port: 5432}}, {redis: {}}, {filesystem: {}}]
              volumes: ["/data", "/wal"]
        """
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      let plan: BackupPlan
      do throws(PlanFileError) {
        plan = try PlanFile.parse(text)
      } catch {
        // Fifty issues, each of which may quote a key and its path.
        return try BrokenPromise.unlessShort(
          error.description, atMost: 64 << 10 + 100 * text.utf8.count)
      }
      try BrokenPromise.unlessSame(
        try PlanFile.parse(PlanFile.text(of: plan)), plan, "a plan that was written")
      try Sample.survivesJSON(plan, "plan")
    })

  /// A program's configuration, and the operator's.
  static let configuration = FuzzTarget(
    name: "configuration",
    words: [
      "fleet: ", "server: ", "listen: ", "drivers:\n", "timeout: ", "[::1]:7443", "&a ", "*a",
      "<<: ", "[[[[", "{{{{", "? ", "- - ",
    ],
    seeds: {
      [
        "fleet: prod\nserver: coordinator.example:7444\n",
        "fleet: prod\nlisten: '[::1]:7443'\ndrivers:\n  - {name: a, socket: /run/a}\nlimits: {a: 1}\n",
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      do throws(ConfigurationError) {
        _ = try ConfigurationFile.parse(
          text, of: "config.yaml", as: AnyConfiguration.self,
          keys: ["fleet", "listen", "drivers", "limits"])
      } catch {
        try BrokenPromise.unlessShort(error.description, atMost: 8 << 10 + 4 * text.utf8.count)
      }
      let place: Place
      do throws(CommandFailure) {
        place = try Place(text: text, path: "config.yaml")
      } catch {
        return try BrokenPromise.unlessShort(error.message, atMost: 8 << 10 + 4 * text.utf8.count)
      }
      try BrokenPromise.unless((1...65535).contains(place.port), "port \(place.port)")
    })

  private struct AnyConfiguration: Decodable {
    struct Driver: Decodable {
      var name: DriverName
      var socket: String
    }
    var fleet: FleetID
    var listen: Endpoint?
    var drivers: [Driver]?
    var limits: [String: Int]?
  }

  /// What the kernel tells as text.
  static let kernelText = FuzzTarget(
    name: "kernel-text",
    words: [
      " - ", "\\040", "\\134", "\\777", "ext4", "shared:1", " rw,relatime", "8:1", "4294967295:0",
      "(a) b)", "18446744073709551615",
    ],
    seeds: {
      [
        "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n"
          + "37 35 0:5 / /proc rw - proc  rw\n",
        "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1 2",
        "6.1.0-13-amd64", "259:4294967295",
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      let table = MountTable(parsing: text)
      let lines = text.utf8.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
      try BrokenPromise.unless(table.entries.count <= lines, "more mounts than lines")
      for entry in table.entries.prefix(16) {
        _ = table.mount(covering: entry.mountPoint)
        _ = table.mounts(of: entry.device)
        try BrokenPromise.unlessSame(
          DeviceNumber(entry.device.description), entry.device, "a device's number")
      }
      _ = ProcessFacts.startTicks(parsing: text)
      _ = LinuxKernel.parse(release: text)
      _ = DeviceNumber(text)
      if let time = Timestamp(text) {
        try BrokenPromise.unlessSame(Timestamp(time.description), time, "a time that was written")
      }
      if let duration = Duration(planText: text) {
        try BrokenPromise.unlessSame(
          Duration(planText: duration.planText), duration, "a duration that was written")
        _ = duration.shortText
      }
    })
}
