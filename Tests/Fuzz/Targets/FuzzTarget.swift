/// One reader of bytes that somebody else made, with what must hold whatever they are.
struct FuzzTarget: Sendable {
  /// Also the name of its corpus directory.
  let name: String
  /// Texts that a mutation may put in as they stand: keys, words, numbers at the edge.
  var words: [String] = []
  /// Inputs that are made here, from values, so that they never fall behind the formats.
  var seeds: @Sendable () throws -> [[UInt8]] = { [] }
  /// Reads an input. Refusing it is right; ending the process is not, and neither is breaking a promise, which throws.
  let run: @Sendable ([UInt8]) throws -> Void

  /// In the order in which they take turns.
  static let all: [FuzzTarget] = [
    .agentMessage, .coordinatorMessage, .runtimeAnswer, .storageAnswer, .storageRequest, .planFile,
    .planImport, .configuration, .identity, .evidence, .verdict, .operatorRequest, .operatorAnswer,
    .agentState,
    .journal, .guardian, .clientOutput, .kernelText, .clusterAnswer, .clusterAccess,
    .clusterSnapshot,
    .manifest, .objectRestore, .annotatedPods, .importedBackup,
  ]

  static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// What a reader must keep whatever it reads.
struct BrokenPromise: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }

  /// Throws unless `condition` holds.
  static func unless(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
    if !condition { throw BrokenPromise(promise()) }
  }

  /// Throws when two values that must be the same are not.
  static func unlessSame<Value: Equatable>(_ one: Value, _ other: Value, _ what: String) throws {
    if one != other { throw BrokenPromise("\(what): \(one) became \(other)") }
  }

  /// A message for people is a few lines, whatever it complains about.
  static func unlessShort(_ message: String, atMost bytes: Int = 64 << 10) throws {
    let count = message.utf8.count
    if count > bytes { throw BrokenPromise("a message of \(count) bytes: \(message.prefix(200))") }
  }
}
