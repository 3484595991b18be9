internal import CoordinatorCore
internal import CutProtocol
internal import Hummingbird
internal import Model
internal import OperatorWire

func backupRoutes(_ operations: Operations) -> [Route] {
  let backups = operations.backups
  let operators = operations.operators
  let manifests = operations.manifests
  return [
    Route(.get, "/v1/backups", query: ["plan", "limit"]) { call in
      let records = try await backups.backups(of: call.queried("plan"), limit: call.limit())
      let waiting = await backups.waiting()
      return try .json(
        Items(records.map { BackupBody($0, waitsFor: waiting[$0.plan.plan.backup]) }))
    },
    Route(.post, "/v1/backups") { call in
      let wanted = try await call.json(CreateBackup.self)
      let id = try await backups.createBackup(of: wanted.plan, author: call.author)
      return try .json(
        CreatedBackup(id: id), status: .accepted, location: "/v1/backups/\(id)")
    },
    Route(.post, "/v1/imports") { call in
      let record = try await backups.importBackup(
        try await call.evidence(), author: call.author)
      return try .json(
        BackupBody(record), status: .created,
        location: "/v1/backups/\(record.plan.plan.backup)")
    },
    Route(.get, "/v1/backups/{backup}") { call in
      let id: BackupID = try call.name("backup")
      let waitsFor = await backups.waiting()[id]
      return try .json(BackupBody(try await backups.backup(id), waitsFor: waitsFor))
    },
    Route(.delete, "/v1/backups/{backup}") { call in
      try await backups.deleteBackup(call.name("backup"), author: call.author)
      return .noContent
    },
    Route(.post, "/v1/backups/{backup}/cancel") { call in
      try await backups.cancelBackup(call.name("backup"), author: call.author)
      return .noContent
    },
    Route(.get, "/v1/backups/{backup}/evidence") { call in
      try .json(EvidenceDocument(try await backups.evidence(of: call.name("backup"))))
    },
    Route(.get, "/v1/backups/{backup}/verify") { call in
      try .json(try await backups.verify(call.name("backup")))
    },
    Route(.get, "/v1/backups/{backup}/snapshots") { call in
      let found = try await backups.presence(of: call.name("backup"))
      return try .json(Items(found.map(SnapshotStandingBody.init)))
    },
    Route(.get, "/v1/backups/{backup}/manifests", query: ["after", "limit", "secrets"]) { call in
      let found = try await manifests.manifests(
        of: call.name("backup"), after: call.after(), limit: call.limit(),
        secrets: call.flag("secrets"), author: call.author)
      return try .json(Items(found.map(ManifestBody.init)))
    },
    Route(.get, "/v1/backups/{backup}/logs") { call in
      try .json(Items(try await backups.logs(of: call.name("backup")).map(LogLine.init)))
    },
    Route(.get, "/v1/backups/{backup}/events") { call in
      let id: BackupID = try call.name("backup")
      return eventStream(of: id, try await backups.progress(of: id), backups) {
        try await operators.admit(call.caller)
      }
    },
  ]
}
