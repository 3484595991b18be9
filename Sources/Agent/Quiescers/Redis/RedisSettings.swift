internal import CutProtocol
internal import Model

/// How a server keeps its data, and what that makes its hold worth.
struct RedisSettings: Sendable {
  enum Persistence: Hashable, Sendable {
    /// Redis 7 keeps several files in a directory of their own, earlier ones one file.
    case appendOnly(directory: String, file: String?)
    case dump(directory: String, file: String)
  }

  var persistence: Persistence
  var isReplica: Bool
  var isCluster: Bool

  init(_ session: RedisSession, limit: Duration) async throws(Refusal) {
    let member = session.member
    let directory = try await session.setting("dir", limit: limit)
    guard let directory else {
      throw Refusal(.hazard, "`CONFIG GET dir` of \(member) has no answer")
    }
    if try await session.setting("appendonly", limit: limit) == "yes" {
      let subdirectory = try await session.setting("appenddirname", limit: limit)
      let file = try await session.setting("appendfilename", limit: limit) ?? "appendonly.aof"
      persistence =
        subdirectory.map { .appendOnly(directory: "\(directory)/\($0)", file: nil) }
        ?? .appendOnly(directory: directory, file: file)
    } else {
      let file = try await session.setting("dbfilename", limit: limit) ?? "dump.rdb"
      persistence = .dump(directory: directory, file: file)
    }
    isReplica = try await session.information("replication", limit: limit)["role"] != "master"
    isCluster = try await session.information("cluster", limit: limit)["cluster_enabled"] == "1"
  }

  var directory: String {
    switch persistence {
    case .appendOnly(let directory, _), .dump(let directory, _): directory
    }
  }

  /// Whether a file of `directory` is what the server loads when it starts.
  func isData(_ name: String) -> Bool {
    switch persistence {
    case .appendOnly(_, nil): true
    case .appendOnly(_, let file?): name == file
    case .dump(_, let file): name == file
    }
  }

  /// The pause stops writes; the hold itself flushes (append-only file) or saves (dump), whatever `appendfsync` says.
  var fidelity: Fidelity {
    guard isReplica else { return .full }
    return Fidelity(
      durableStateConstant: false, acknowledgedIsDurable: false, nothingAcknowledged: true,
      reasons: [
        "F1: the server is a replica and goes on applying what its primary sends",
        "F2: the server is a replica, which lacks what its primary has not sent yet",
      ])
  }
}
