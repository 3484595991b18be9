/// A command taken apart, as far as idioms are recognised by it. What a shell would expand stays as it is.
struct ShellWords: Hashable {
  /// The simple commands, in order, each as its words.
  var statements: [[String]]
  /// Whether something stands in it that this reading does not understand: loops, redirections, substitutions.
  var isPlain: Bool

  /// Longer scripts are no idiom.
  static let longestScript = 16_384

  /// Takes an argument vector apart; `sh -c SCRIPT` is read through.
  init(_ command: [String]) {
    if let script = Self.script(of: command) {
      self.init(script: script)
    } else {
      self.init(statements: [command])
    }
  }

  private init(statements: [[String]]) {
    self.statements = statements
    isPlain = true
  }

  /// The text that a shell is given to run.
  static func script(of command: [String]) -> String? {
    let shells = ["sh", "bash", "ash", "dash", "ksh", "zsh", "busybox"]
    guard let program = command.first, shells.contains(baseName(program)) else { return nil }
    var rest = command.dropFirst()
    if baseName(program) == "busybox", rest.first == "sh" || rest.first == "ash" {
      rest = rest.dropFirst()
    }
    while let option = rest.first, option.hasPrefix("-"), !option.hasPrefix("--") {
      rest = rest.dropFirst()
      if option.dropFirst().contains("c") { return rest.first }
      // `-o pipefail`
      if option.hasSuffix("o") { rest = rest.dropFirst() }
    }
    return nil
  }

  init(script: String) {
    statements = []
    isPlain = script.utf8.count <= Self.longestScript
    guard isPlain else { return }
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    func ended(_ words: inout [String], _ word: inout String?) {
      if let complete = word { words.append(complete) }
      word = nil
    }
    for character in script {
      if isEscaped {
        isEscaped = false
        if character != "\n" { word = (word ?? "") + String(character) }
      } else if let open = quote {
        if character == open {
          quote = nil
        } else if character == "\\", open == "\"" {
          isEscaped = true
        } else {
          word = (word ?? "") + String(character)
        }
      } else {
        switch character {
        case "\\": isEscaped = true
        case "'", "\"":
          quote = character
          word = word ?? ""
        case " ", "\t": ended(&words, &word)
        case ";", "\n", "&", "|":
          // A pipe or a job in the background is two statements here; neither hides a program.
          ended(&words, &word)
          if !words.isEmpty { statements.append(words) }
          words = []
        case "{" where word?.last == "$", "}" where word?.contains("${") == true:
          word = (word ?? "") + String(character)
        case "<", ">", "`", "(", ")", "{", "}":
          isPlain = false
          word = (word ?? "") + String(character)
        default: word = (word ?? "") + String(character)
        }
      }
    }
    ended(&words, &word)
    if !words.isEmpty { statements.append(words) }
    if quote != nil { isPlain = false }
  }

  /// The programs that are really run: without the environment, `sudo` and their like before them, and with what
  /// `su -c` and an inner shell run.
  var programs: [Program] { Self.programs(of: statements, depth: 4) }

  struct Program: Hashable {
    /// Without its path.
    var name: String
    var arguments: [String]
    /// Variables set for it alone.
    var environment: [String: String]
  }

  private static func programs(of statements: [[String]], depth: Int) -> [Program] {
    guard depth > 0 else { return [] }
    return statements.flatMap { statement -> [Program] in
      var rest = statement[...]
      var environment: [String: String] = [:]
      while let word = rest.first {
        let program = baseName(word)
        if let equals = word.firstIndex(of: "="), !word.hasPrefix("-"), !word.hasPrefix("=") {
          environment[String(word[..<equals])] = String(word[word.index(after: equals)...])
          rest = rest.dropFirst()
        } else if ["exec", "env", "command", "nohup"].contains(program) {
          rest = rest.dropFirst()
        } else if ["gosu", "su-exec", "timeout"].contains(program) {
          rest = rest.dropFirst(2)
        } else if program == "sudo" {
          rest = rest.dropFirst(rest.dropFirst().first == "-u" ? 3 : 1)
        } else {
          break
        }
      }
      guard let word = rest.first else { return [] }
      let name = baseName(word)
      let arguments = Array(rest.dropFirst())
      if ["su", "runuser"].contains(name), let index = arguments.firstIndex(of: "-c"),
        index + 1 < arguments.count
      {
        return programs(
          of: ShellWords(script: arguments[index + 1]).statements, depth: depth - 1)
      }
      if let script = script(of: Array(rest)) {
        return programs(of: ShellWords(script: script).statements, depth: depth - 1)
      }
      return [Program(name: name, arguments: arguments, environment: environment)]
    }
  }

  static func baseName(_ program: String) -> String {
    program.split(separator: "/").last.map(String.init) ?? program
  }
}
