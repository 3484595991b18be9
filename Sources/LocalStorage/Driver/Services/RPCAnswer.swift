internal import GRPCCore

extension StorageError {
  /// As a CSI answer: the specification's code, and a message that a person can act on.
  var rpc: RPCError { RPCError(code: rpcCode, message: description) }

  private var rpcCode: RPCError.Code {
    switch code {
    case .invalidArgument: .invalidArgument
    case .notFound: .notFound
    case .alreadyExists: .alreadyExists
    case .aborted: .aborted
    case .resourceExhausted: .resourceExhausted
    case .outOfRange: .outOfRange
    case .failedPrecondition: .failedPrecondition
    case .internal: .internalError
    }
  }
}

/// Runs the body of a call; its errors become CSI answers.
func answering<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
  do {
    return try await body()
  } catch let error as StorageError {
    throw error.rpc
  }
}

/// Field checks that the specification wants before anything else.
enum Field {
  /// The specification's limit for names and IDs ("Size Limits").
  static let maximumLength = 128

  static func require(_ value: String, _ name: String) throws(StorageError) {
    guard !value.isEmpty else { throw StorageError(.invalidArgument, "\(name) is missing") }
    guard value.utf8.count <= maximumLength,
      !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f })
    else {
      throw StorageError(
        .invalidArgument,
        "\(name) '\(value.prefix(40))…' must be \(maximumLength) bytes at most, without control characters"
      )
    }
  }

  /// The kernel's `PATH_MAX`, with the zero byte that ends a path.
  static let maximumPath = 4096

  /// An absolute path that the kernel sees whole: it ends a path at the first zero byte.
  static func requirePath(_ value: String, _ name: String) throws(StorageError) {
    try requireWhole(value, name)
    guard value.hasPrefix("/") else {
      throw StorageError(
        .invalidArgument, "\(name) '\(value.prefix(80))' must be an absolute path")
    }
  }

  /// A path at which the volume is looked for, where the specification wants NOT_FOUND for any at which it is not.
  static func requireWhole(_ value: String, _ name: String) throws(StorageError) {
    guard !value.isEmpty else { throw StorageError(.invalidArgument, "\(name) is missing") }
    guard value.utf8.count < maximumPath, !value.utf8.contains(0) else {
      throw StorageError(
        .invalidArgument,
        "\(name) '\(value.prefix(80))' must be a path of less than \(maximumPath) bytes")
    }
  }
}
