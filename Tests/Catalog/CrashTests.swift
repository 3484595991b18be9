import Catalog
import CoordinatorCore
import Foundation
import Model
import Testing

/// Has another process send SIGKILL to this one, so that it comes at no point of our choosing.
private func killMyself(after milliseconds: Int) {
  let seconds = "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst())"
  let words = ["/bin/sh", "-c", "sleep \(seconds); kill -9 \(getpid())"]
  var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
  defer { for argument in arguments { free(argument) } }
  var child = pid_t()
  // The killer must not keep the test's pipes open.
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  for descriptor in 0...2 as ClosedRange<Int32> {
    posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
  }
  precondition(posix_spawn(&child, "/bin/sh", &actions, nil, &arguments, environ) == 0)
}

struct `A killed coordinator` {
  @Test(arguments: [30, 90, 150, 230, 310])
  func `keeps everything that it acknowledged`(milliseconds: Int) async throws {
    try await withDirectory { directory in
      let path = directory + "/catalog"
      let result = await #expect(
        processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
      ) { [path = path as String, milliseconds = milliseconds as Int] in
        let catalog = try Catalog(path: path)
        try await catalog.enrolled(Sample.node, publicKeyHash: Sample.key, at: time(0))
        killMyself(after: milliseconds)
        for number in 1...1_000_000 {
          let record = PlacementRecord(
            sequence: UInt64(number), time: time(Int64(number)),
            change: .started(Sample.placement("c\(number)")))
          let applied = try await catalog.apply([record], journal: "j", of: Sample.node)
          let epoch = try await catalog.beginEpoch()
          let line = Array("acknowledged \(applied) \(epoch)\n".utf8)
          _ = write(STDOUT_FILENO, line, line.count)
        }
      }
      let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
      let acknowledged =
        output.split(separator: "\n").filter { $0.hasPrefix("acknowledged ") }
        .compactMap { $0.split(separator: " ").last.flatMap { UInt64($0) } }.max() ?? 0
      let catalog = try Catalog(path: path)
      let applied = try await catalog.applied(journal: "j", of: Sample.node)
      #expect(applied == acknowledged || applied == acknowledged + 1)
      #expect(try await catalog.running(on: Sample.node).count == Int(applied))
      let epoch = try await catalog.beginEpoch()
      #expect(epoch == acknowledged + 1 || epoch == acknowledged + 2)
      try catalog.close()
      print("killed after \(milliseconds) ms: \(acknowledged) acknowledged, \(applied) there")
    }
  }
}
