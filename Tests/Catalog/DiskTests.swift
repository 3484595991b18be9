import Catalog
import CoordinatorCore
import Foundation
import Model
import Testing

/// Runs `body` in a small memory filesystem of its own.
private func withSmallDisk(_ size: String, _ body: (String) async throws -> Void) async throws {
  try await withDirectory { directory in
    guard mount("tmpfs", directory, "tmpfs", 0, "size=\(size)") == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM)
    }
    defer { umount2(directory, Int32(MNT_DETACH)) }
    try await body(directory)
  }
}

/// Takes what is left of the disk; returns the file that took it.
private func fill(_ directory: String) throws -> String {
  let path = directory + "/filler"
  let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
  #expect(descriptor >= 0)
  defer { close(descriptor) }
  let block = [UInt8](repeating: 1, count: 4096)
  while write(descriptor, block, block.count) > 0 {}
  #expect(errno == ENOSPC)
  return path
}

private func entry(_ number: Int) -> AuditEntry {
  AuditEntry(
    time: time(Int64(number)), actor: "ann", action: "test.write", object: "\(number)",
    detail: String(repeating: "x", count: 3000))
}

@Suite(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
struct `A catalog without room` {
  @Test func `says that the disk is full, loses nothing, and goes on when there is room`()
    async throws
  {
    try await withSmallDisk("2m") { directory in
      let catalog = try Catalog(path: directory + "/catalog")
      try await catalog.audit(entry(0))
      let filler = try fill(directory)
      var kept = 1
      var full: CatalogError?
      // What the log has room for already still goes in.
      while kept < 1000, full == nil {
        do throws(CatalogError) {
          try await catalog.audit(entry(kept))
          kept += 1
        } catch {
          full = error
        }
      }
      #expect(full?.code == .full)
      #expect(
        full?.description
          == "recording test.write by ann failed: the disk of \(directory)/catalog is full (make room on it; what is stored is unharmed)"
      )
      #expect(try await catalog.auditEntries(limit: 2000).count == kept)
      #expect(unlink(filler) == 0)
      try await catalog.audit(entry(kept))
      try catalog.close()
      let again = try Catalog(path: directory + "/catalog")
      #expect(
        try await again.auditEntries(limit: 2000).map(\.object)
          == (0...kept).reversed().map { "\($0)" })
      try again.close()
    }
  }

  @Test func `starts on a full disk or says why not`() async throws {
    try await withSmallDisk("2m") { directory in
      let filler = try fill(directory)
      let error = await failure { _ = try Catalog(path: directory + "/catalog") }
      #expect(error?.code == .full)
      #expect(unlink(filler) == 0)
      let catalog = try Catalog(path: directory + "/catalog")
      try await catalog.audit(entry(0))
      try catalog.close()
    }
  }

  @Test func `makes no half copy of itself`() async throws {
    try await withSmallDisk("1m") { small in
      try await withCatalog { catalog in
        for number in 0..<400 { try await catalog.audit(entry(number)) }
        await expectFailure(.full) { try await catalog.backup(to: small + "/copy") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: small) == [])
      }
    }
  }

  @Test func `on a read-only disk is refused and says so`() async throws {
    try await withSmallDisk("2m") { directory in
      try Catalog(path: directory + "/catalog").close()
      let remounted = mount(
        "tmpfs", directory, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "size=2m")
      #expect(remounted == 0)
      let error = await failure { _ = try Catalog(path: directory + "/catalog") }
      #expect(error?.code == .storage)
      #expect(error?.message.contains("Read-only file system") == true)
    }
  }
}
