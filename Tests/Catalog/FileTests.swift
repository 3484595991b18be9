@testable import Catalog
import CoordinatorCore
import Foundation
import Model
import Testing

/// Everything in a directory by name, without the lock's file, which has no content.
private func contents(_ directory: String) throws -> [String: Data] {
  var contents: [String: Data] = [:]
  for name in try FileManager.default.contentsOfDirectory(atPath: directory)
  where !name.hasSuffix(".lock") {
    contents[name] = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name))
  }
  return contents
}

/// The files of a catalog with some hundred intervals, by name; `live` keeps its newest entries in the log.
private func files(live: Bool) async throws -> [String: Data] {
  try await withDirectory { directory in
    let catalog = try Catalog(path: directory + "/catalog")
    try await catalog.prepared()
    let records = (1...300).map { number in
      PlacementRecord(
        sequence: UInt64(number), time: time(Int64(number)),
        change: .started(Sample.placement("c\(number)", startedAt: time(Int64(number)))))
    }
    _ = try await catalog.apply(records, journal: "j", of: Sample.node)
    if live {
      let files = try contents(directory)
      try catalog.close()
      return files.filter { $0.key != "catalog-shm" }
    }
    try catalog.close()
    return try contents(directory)
  }
}

/// Opens a catalog on these files; must be refused, and must leave them as they are.
private func refusal(
  of files: [String: Data], _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> String {
  try await withDirectory { directory in
    for (name, data) in files {
      try data.write(to: URL(fileURLWithPath: directory + "/" + name))
    }
    let error = await failure(
      { _ = try Catalog(path: directory + "/catalog") }, sourceLocation: sourceLocation)
    #expect(error?.code == .unusable, "\(what): \(error?.description ?? "")")
    #expect(error?.hint?.contains("copy the newest catalog backup") == true)
    let after = try contents(directory)
    #expect(after == files, "\(what): changed \(after.keys)", sourceLocation: sourceLocation)
    return error?.message.replacing(directory, with: "DIR") ?? ""
  }
}

struct `The catalog's file` {
  @Test func `every damaged page is found before anything is written`() async throws {
    let whole = try await files(live: false)
    let file = try #require(whole["catalog"])
    #expect(whole.count == 1)
    let pageSize = 4096
    #expect(file.count % pageSize == 0 && file.count > 40 * pageSize)
    for page in 0..<(file.count / pageSize) {
      var damaged = file
      for offset in page * pageSize..<(page + 1) * pageSize where offset >= 100 {
        damaged[offset] = UInt8(truncatingIfNeeded: offset &* 31 &+ page)
      }
      let message = try await refusal(of: ["catalog": damaged], "page \(page)")
      #expect(message.contains("is damaged"))
    }
  }

  @Test(arguments: [
    (0, "the catalog DIR/catalog is empty; it was left untouched"),
    (50, "the catalog DIR/catalog is not an SQLite file; it was left untouched"),
    (4096, "is damaged"), (81_920, "is damaged"),
  ])
  func `a file that was cut off is refused`(length: Int, message: String) async throws {
    let file = try #require(try await files(live: false)["catalog"])
    let refused = try await refusal(of: ["catalog": file.prefix(length)], "\(length)")
    #expect(refused.contains(message))
  }

  @Test func `a text, another program's file and a newer catalog are refused`() async throws {
    let text = try await refusal(
      of: ["catalog": Data(String(repeating: "no database\n", count: 1000).utf8)], "text")
    #expect(text == "the catalog DIR/catalog is not an SQLite file; it was left untouched")
    var file = try #require(try await files(live: false)["catalog"])
    file[63] = 99
    let newer = try await refusal(of: ["catalog": file], "newer")
    #expect(
      newer
        == "the catalog DIR/catalog has version 99, made by a newer coordinator than this one, which knows version \(Migration.newest); it was left untouched"
    )
    file[68] = 0
    let foreign = try await refusal(of: ["catalog": file], "foreign")
    #expect(
      foreign
        == "the catalog DIR/catalog is an SQLite file, but not a catalog of Stillpoint; it was left untouched"
    )
  }

  @Test func `a log without its file is not thrown away`() async throws {
    var live = try await files(live: true)
    live["catalog"] = nil
    let message = try await refusal(of: live, "log")
    #expect(
      message
        == "the catalog DIR/catalog is missing while DIR/catalog-wal, which holds its newest entries, is there; it was left untouched"
    )
  }

  @Test func `damage under a log is found and the log is left alone`() async throws {
    let live = try await files(live: true)
    let log = try #require(live["catalog-wal"])
    #expect(log.count > 4096)
    for page in 1..<10 {
      var file = try #require(live["catalog"])
      for offset in page * 4096..<(page + 1) * 4096 { file[offset] = 0xa5 }
      // A page that the log holds anew is not read from the file, so only refusals are checked.
      let error = try await withDirectory { directory -> CatalogError? in
        try file.write(to: URL(fileURLWithPath: directory + "/catalog"))
        try log.write(to: URL(fileURLWithPath: directory + "/catalog-wal"))
        do {
          try Catalog(path: directory + "/catalog").close()
          return nil
        } catch {
          #expect(try contents(directory) == ["catalog": file, "catalog-wal": log])
          return error as? CatalogError
        }
      }
      if let error { #expect(error.code == .unusable) }
    }
  }

  @Test func `files that a killed coordinator left are opened with all that was acknowledged`()
    async throws
  {
    let live = try await files(live: true)
    try await withDirectory { directory in
      for (name, data) in live {
        try data.write(to: URL(fileURLWithPath: directory + "/" + name))
      }
      // Leftovers of a start and of a judgement that were interrupted.
      try Data("x".utf8).write(to: URL(fileURLWithPath: directory + "/catalog.new"))
      try FileManager.default.createDirectory(
        atPath: directory + "/catalog.judge", withIntermediateDirectories: false)
      let catalog = try Catalog(path: directory + "/catalog")
      #expect(try await catalog.running(on: nil).count == 300)
      try catalog.close()
      #expect(try contents(directory).keys.sorted() == ["catalog"])
    }
  }

  @Test func `a second coordinator on one file is refused until the first has closed it`()
    async throws
  {
    try await withDirectory { directory in
      let path = directory + "/catalog"
      let first = try Catalog(path: path)
      let second = await failure { _ = try Catalog(path: path) }
      #expect(second?.code == .conflict)
      #expect(second?.message == "the catalog \(path) is in use by another coordinator")
      try await first.prepared()
      try first.close()
      let third = try Catalog(path: path)
      #expect(try await third.nodes().count == 2)
      try third.close()
    }
  }

  @Test func `a closed catalog answers with an error`() async throws {
    try await withDirectory { directory in
      let catalog = try Catalog(path: directory + "/catalog")
      try catalog.close()
      await expectFailure(.storage) { _ = try await catalog.beginEpoch() }
      await expectFailure(.storage) { _ = try await catalog.nodes() }
    }
  }

  @Test func `a retired catalog decides nothing more, and is read and closed as ever`() async throws
  {
    try await withDirectory { directory in
      let path = directory + "/catalog"
      let catalog = try Catalog(path: path)
      try await catalog.prepared()
      catalog.retire()
      await expectFailure(
        "beginning an epoch refused: this coordinator is not the active one any more (ask again: the one that is active answers)"
      ) { _ = try await catalog.beginEpoch() }
      await expectFailure(.conflict) { _ = try await catalog.raiseEpoch(above: 41) }
      #expect(try await catalog.nodes().count == 2)
      try catalog.close()
      let next = try Catalog(path: path)
      #expect(try await next.beginEpoch() == 2)
      try next.close()
    }
  }

  @Test func `a directory that is missing is named`() async throws {
    await expectFailure(
      "locking the catalog failed: cannot open /nowhere/catalog.lock: No such file or directory (the directory must exist and the coordinator must be allowed to write in it)"
    ) { _ = try Catalog(path: "/nowhere/catalog") }
  }

  @Test func `only the coordinator's user can read it`() async throws {
    try await withDirectory { directory in
      let catalog = try Catalog(path: directory + "/catalog")
      try await catalog.prepared()
      for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
        let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/" + name)
        #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
      }
      try catalog.close()
    }
  }
}
