import Catalog
import CoordinatorCore
import Foundation
import Model
import Testing

struct `A busy catalog` {
  @Test func `shows readers whole decisions only`() async throws {
    try await withCatalog { catalog in
      try await catalog.prepared()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for node in [Sample.node, Sample.other] {
          group.addTask {
            for pair in 0..<60 {
              let records = [1, 2].map { place in
                let number = 2 * pair + place
                return PlacementRecord(
                  sequence: UInt64(number), time: time(Int64(number)),
                  change: .started(Sample.placement("c\(number)", on: node)))
              }
              _ = try await catalog.apply(records, journal: "j", of: node)
            }
          }
        }
        for _ in 0..<4 {
          group.addTask {
            var seen = 0
            while seen < 240 {
              let count = try await catalog.running(on: nil).count
              #expect(count % 2 == 0 && count >= seen)
              seen = count
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `ends a decision whose caller was cancelled`() async throws {
    try await withCatalog { catalog in
      let entry = AuditEntry(time: time(0), actor: "ann", action: "a.b", object: "c")
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.cancelAll()
        group.addTask {
          #expect(Task.isCancelled)
          try await catalog.audit(entry)
        }
        try await group.waitForAll()
      }
      #expect(try await catalog.auditEntries(limit: 5) == [entry])
    }
  }

  @Test func `copies itself whole while it is written to`() async throws {
    try await withDirectory { directory in
      try await withCatalog { catalog in
        try await catalog.prepared()
        let copied = try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            for number in 1...200 {
              let record = PlacementRecord(
                sequence: UInt64(number), time: time(Int64(number)),
                change: .started(Sample.placement("c\(number)")))
              _ = try await catalog.apply([record], journal: "j", of: Sample.node)
            }
          }
          for copy in 0..<3 { try await catalog.backup(to: "\(directory)/copy-\(copy)") }
          try await group.waitForAll()
          return 3
        }
        for number in 0..<copied {
          let copy = try Catalog(path: "\(directory)/copy-\(number)")
          let applied = try await copy.applied(journal: "j", of: Sample.node)
          #expect(try await copy.running(on: nil).count == Int(applied))
          try copy.close()
        }
      }
    }
  }

  @Test func `never writes a copy over something else`() async throws {
    try await withDirectory { directory in
      try await withCatalog { catalog in
        let path = directory + "/copy"
        try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
        await expectFailure(
          "copying the catalog to \(path) refused: it exists already (choose another name)"
        ) { try await catalog.backup(to: path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("mine".utf8))
        try await catalog.backup(to: directory + "/second")
        let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/second")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            == ["copy", "second"])
        await expectFailure(.storage) { try await catalog.backup(to: "/nowhere/copy") }
      }
    }
  }
}
