/// Commands whose only purpose is to freeze or thaw filesystems from within a container.
struct FreezeIdiom: Hashable {
  var freezes: [String] = []
  var thaws: [String] = []

  /// Statements that change nothing about what is frozen.
  private static let bystanders = ["sync", "true", ":", "echo", "set", "exit", "sleep"]
  private static let prefixes = ["sudo", "exec", "command"]

  /// Nil when the command is none, or does something else as well.
  init?(_ words: ShellWords) {
    guard words.isPlain else { return nil }
    for statement in words.statements {
      var statement = statement[...]
      while let first = statement.first, Self.prefixes.contains(ShellWords.baseName(first)) {
        statement = statement.dropFirst()
      }
      guard let program = statement.first.map(ShellWords.baseName) else { continue }
      switch program {
      case "fsfreeze", "xfs_freeze": guard read(statement.dropFirst()) else { return nil }
      case let program where Self.bystanders.contains(program): continue
      default: return nil
      }
    }
    guard !freezes.isEmpty || !thaws.isEmpty else { return nil }
  }

  private mutating func read(_ arguments: ArraySlice<String>) -> Bool {
    var isFreeze: Bool?
    var mounts: [String] = []
    for argument in arguments {
      switch argument {
      case "-f", "--freeze": isFreeze = true
      case "-u", "--unfreeze": isFreeze = false
      case let option where option.hasPrefix("-"): return false
      default: mounts.append(argument)
      }
    }
    // A mount that a variable names is not known here.
    guard let isFreeze, mounts.count == 1, mounts[0].hasPrefix("/"), !mounts[0].contains("$")
    else { return false }
    if isFreeze {
      freezes.append(normalPath(mounts[0]))
    } else {
      thaws.append(normalPath(mounts[0]))
    }
    return true
  }

  /// Whether a command calls one of the programs at all.
  static func isHinted(in words: ShellWords) -> Bool {
    words.statements.contains { statement in
      statement.contains { ["fsfreeze", "xfs_freeze"].contains(ShellWords.baseName($0)) }
    }
  }
}
