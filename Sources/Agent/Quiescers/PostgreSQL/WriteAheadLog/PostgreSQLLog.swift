internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// Where a server keeps its write-ahead log, and how it is divided.
struct PostgreSQLLog: Sendable {
  /// As the container sees it.
  let directory: String
  let segmentSize: UInt64
  let pageSize: UInt64

  init(_ session: PostgreSQLSession, dataDirectory: String, limit: Duration) async throws(Refusal) {
    directory = dataDirectory + "/pg_wal"
    let row = try await session.row(
      """
      SELECT pg_size_bytes(current_setting('wal_segment_size')), current_setting('wal_block_size')
      """, columns: 2, limit: limit)
    guard let segmentSize = UInt64(row[0]), let pageSize = UInt64(row[1]),
      (1 << 20...1 << 30).contains(segmentSize), segmentSize.nonzeroBitCount == 1,
      (1 << 10...1 << 16).contains(pageSize), pageSize.nonzeroBitCount == 1
    else {
      throw Refusal(.failed, "sizes of the write-ahead log of \(session.member) are \(row)")
    }
    self.segmentSize = segmentSize
    self.pageSize = pageSize
  }

  /// What `commits` finds in the files of the log; gives up after `limit`. Where `tail` is given, it says how far these were written.
  func unwritten(
    _ commits: UnwrittenCommits, beyond tail: LogTail? = nil, of entry: ContainerEntry,
    limit: Duration
  ) async throws(Refusal) -> [UInt64] {
    let result = await onDedicatedThread(limit: limit) {
      () -> Result<[UInt64], LogPages.Failure> in
      do throws(LogPages.Failure) {
        let pages = try pages(of: entry, timeline: commits.origin.timeline)
        var commits = commits
        if let tail { commits.sight.written = try tail.end(in: pages) }
        return .success(try commits.found(in: pages))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let found)?: return found
    case .failure(let error)?:
      throw Refusal(.failed, "reading the write-ahead log of \(entry.member) failed: \(error)")
    case nil:
      throw Refusal(
        .failed,
        "reading the write-ahead log of \(entry.member) from \(commits.origin.position) on took longer than \(limit.shortText)"
      )
    }
  }

  /// What the files have from `origin` on; gives up after `limit`. The server must be stopped.
  func tail(
    from origin: UnwrittenCommits.Origin, of entry: ContainerEntry, limit: Duration
  ) async throws(Refusal) -> LogTail {
    let result = await onDedicatedThread(limit: limit) { () -> Result<LogTail, LogPages.Failure> in
      do throws(LogPages.Failure) {
        return .success(
          try LogTail(of: pages(of: entry, timeline: origin.timeline), from: origin.position))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let tail)?: return tail
    case .failure(let error)?:
      throw Refusal(.failed, "reading the write-ahead log of \(entry.member) failed: \(error)")
    case nil:
      throw Refusal(
        .failed,
        "reading the write-ahead log of \(entry.member) took longer than \(limit.shortText)")
    }
  }

  private func pages(of entry: ContainerEntry, timeline: UInt32) throws(LogPages.Failure)
    -> LogPages
  {
    do {
      return LogPages(
        directory: try entry.root.opened(directory, directory: true), timeline: timeline,
        segmentSize: segmentSize, pageSize: pageSize)
    } catch {
      throw .system(error)
    }
  }
}
