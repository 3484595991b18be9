import Logging

/// Counts what the production code says in its log: each message stands for one branch of it.
struct CensusLog: LogHandler {
  let world: World
  let part: String
  var metadata = Logger.Metadata()
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    world.census.count("\(part)-log:\(event.message)")
    world.trace("\(part): \(event.message) \(event.metadata ?? [:])")
  }
}
