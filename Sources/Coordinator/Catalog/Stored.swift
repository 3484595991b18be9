internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import GRDB
internal import Model

/// How values of the model become values of SQLite, and back.
enum Stored {
  static func json(_ value: some Encodable) throws -> String {
    String(decoding: try CanonicalJSON.encode(value), as: UTF8.self)
  }

  static func value<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
    try CanonicalJSON.decode(type, from: Data(json.utf8))
  }

  /// SQLite's integers are signed; a counter beyond them cannot be a true one.
  static func integer(_ value: UInt64, _ name: String) throws(CatalogError) -> Int64 {
    guard let integer = Int64(exactly: value) else {
      throw CatalogError(.conflict, "\(name) \(value) is beyond what the catalog can count")
    }
    return integer
  }
}

extension Row {
  func time(_ column: String) -> Timestamp { Timestamp(nanoseconds: self[column]) }

  func optionalTime(_ column: String) -> Timestamp? {
    (self[column] as Int64?).map { Timestamp(nanoseconds: $0) }
  }

  func counter(_ column: String) -> UInt64 { UInt64(bitPattern: self[column] as Int64) }
}

extension Database {
  /// Runs one statement, which is prepared only the first time.
  func run(_ sql: String, _ arguments: StatementArguments = []) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }

  func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
    try Row.fetchAll(cachedStatement(sql: sql), arguments: arguments)
  }

  func row(_ sql: String, _ arguments: StatementArguments = []) throws -> Row? {
    try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments)
  }

  func holds(_ sql: String, _ arguments: StatementArguments = []) throws -> Bool {
    try Bool.fetchOne(cachedStatement(sql: sql), arguments: arguments) ?? false
  }
}
