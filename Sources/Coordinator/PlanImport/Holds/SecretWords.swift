/// Whether a command seems to carry a password in its text.
enum SecretWords {
  static func looksSecret(_ command: [String]) -> Bool {
    let words = ShellWords(command)
    return words.statements.contains { statement in
      statement.indices.contains { isSecret(statement, $0) }
    }
  }

  private static func isSecret(_ statement: [String], _ index: Int) -> Bool {
    let word = statement[index]
    let lowered = word.lowercased()
    let next = index + 1 < statement.count ? statement[index + 1] : ""
    for name in ["password", "passwd", "passphrase", "secret", "token", "pgpassword", "pwd"] {
      if let range = lowered.firstRange(of: name + "=") {
        return isLiteral(String(lowered[range.upperBound...]))
      }
      if lowered == "--" + name || lowered == "--" + name + "-file" {
        return !lowered.hasSuffix("-file") && isLiteral(next)
      }
    }
    let program = statement.first.map(ShellWords.baseName) ?? ""
    if program.hasPrefix("mysql") || program.hasPrefix("mariadb"), word.hasPrefix("-p") {
      return isLiteral(String(word.dropFirst(2)))
    }
    if program.hasPrefix("mongo"), word == "-p" { return isLiteral(next) }
    if program.hasSuffix("-cli"), word == "-a" || word == "--pass" { return isLiteral(next) }
    // scheme://user:password@host
    if let scheme = lowered.firstRange(of: "://"),
      let at = lowered[scheme.upperBound...].firstIndex(of: "@"),
      let colon = lowered[scheme.upperBound..<at].firstIndex(of: ":")
    {
      return isLiteral(String(lowered[lowered.index(after: colon)..<at]))
    }
    return false
  }

  /// Not empty, and not the name of a variable.
  private static func isLiteral(_ text: String) -> Bool {
    let bare = text.drop { $0 == "'" || $0 == "\"" }
    return !bare.isEmpty && !bare.hasPrefix("$")
  }
}
