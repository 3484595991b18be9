internal import Model
internal import Yams

extension PlanReader {
  static let quiescers = ["postgresql", "mariadb", "redis", "filesystem", "pause", "command"]

  mutating func holds(_ place: Place) -> [HoldSpec]? {
    guard
      let elements = list(place, "a list such as [{postgresql: {}}, {filesystem: {}}]", most: 16)
    else { return nil }
    var holds: [HoldSpec] = []
    for element in elements {
      guard let hold = hold(element) else { continue }
      guard !holds.contains(hold) else {
        note(element, "the same \(hold.quiescer) hold is given twice")
        continue
      }
      holds.append(hold)
    }
    return holds.count == elements.count ? holds : nil
  }

  private mutating func hold(_ place: Place) -> HoldSpec? {
    guard let fields = fields(place, known: Self.quiescers) else { return nil }
    guard fields.values.count == 1, let (quiescer, settings) = fields.values.first else {
      // An unknown key has been noted already.
      if fields.values.count > 1 || place.node.mapping?.isEmpty == true {
        let names = Self.quiescers.joined(separator: ", ")
        note(place, "expected exactly one of \(names) in each entry of the list")
      }
      return nil
    }
    switch quiescer {
    case "postgresql": return postgresql(settings).map { .postgresql($0) }
    case "mariadb": return mariadb(settings).map { .mariadb($0) }
    case "redis": return redis(settings).map { .redis($0) }
    case "command": return command(settings).map { .command($0) }
    default:
      let hold = quiescer == "pause" ? HoldSpec.pause : .filesystem
      return self.fields(settings, known: []).flatMap { $0.values.isEmpty ? hold : nil }
    }
  }

  private mutating func postgresql(_ place: Place) -> PostgreSQLHold? {
    guard let fields = fields(place, known: ["user", "database", "socketDirectory", "port"])
    else { return nil }
    let defaults = PostgreSQLHold()
    let user = fields["user"].map { text($0, "a database role") } ?? defaults.user
    let database = fields["database"].map { text($0, "a database's name") } ?? defaults.database
    let directory = optional(fields["socketDirectory"]) { $0.path($1) }
    let port = fields["port"].map { self.port($0) } ?? defaults.port
    guard let user, let database, let directory, let port else { return nil }
    return PostgreSQLHold(
      user: user, database: database, socketDirectory: directory, port: port)
  }

  private mutating func mariadb(_ place: Place) -> MariaDBHold? {
    guard let fields = fields(place, known: ["user", "socket", "defaultsFile"]) else { return nil }
    let user = fields["user"].map { text($0, "a database user") } ?? MariaDBHold().user
    let socket = optional(fields["socket"]) { $0.path($1) }
    let defaultsFile = optional(fields["defaultsFile"]) { $0.path($1) }
    guard let user, let socket, let defaultsFile else { return nil }
    return MariaDBHold(user: user, socket: socket, defaultsFile: defaultsFile)
  }

  private mutating func redis(_ place: Place) -> RedisHold? {
    guard let fields = fields(place, known: ["port", "socket", "user", "passwordFile"]) else {
      return nil
    }
    let port = fields["port"].map { self.port($0) } ?? RedisHold().port
    let socket = optional(fields["socket"]) { $0.path($1) }
    let user = optional(fields["user"]) { $0.text($1, "a user's name") }
    let passwordFile = optional(fields["passwordFile"]) { $0.path($1) }
    guard let port, let socket, let user, let passwordFile else { return nil }
    return RedisHold(port: port, socket: socket, user: user, passwordFile: passwordFile)
  }

  private mutating func command(_ place: Place) -> CommandHold? {
    let known = ["container", "pre", "post", "timeout", "fences"]
    guard let fields = fields(place, known: known) else { return nil }
    let container = optional(fields["container"]) { $0.text($1, "a container's name") }
    let expected = "a command as a list of texts, such as [\"/app/pause\"]"
    let pre = required(fields, "pre", expected).flatMap { arguments($0, expected) }
    let post = required(fields, "post", expected).flatMap { arguments($0, expected) }
    let timeout =
      fields["timeout"].map { duration($0, longest: FreezeLimits.longestCap) } ?? .seconds(5)
    let fences = fields["fences"].map { boolean($0) } ?? false
    guard let container, let pre, let post, let timeout, let fences else { return nil }
    return CommandHold(
      container: container, pre: pre, post: post, timeout: timeout, fences: fences)
  }

  mutating func arguments(_ place: Place, _ expected: String) -> [String]? {
    guard let elements = list(place, expected, most: 256) else { return nil }
    guard !elements.isEmpty else {
      note(place, "expected \(expected), found an empty list")
      return nil
    }
    let texts = elements.enumerated().compactMap { index, element -> String? in
      argument(element, isProgram: index == 0)
    }
    return texts.count == elements.count ? texts : nil
  }

  /// Arguments, unlike names, may be empty and may contain line breaks.
  private mutating func argument(_ place: Place, isProgram: Bool) -> String? {
    guard !isProgram, place.isText, let text = place.node.scalar?.string else {
      return text(place, isProgram ? "a program" : "an argument")
    }
    guard text.utf8.count <= 65_536, !text.utf8.contains(0) else {
      note(place, "expected an argument of at most 65536 bytes without zero bytes")
      return nil
    }
    return text
  }

  /// Reads a value that may be absent: the outer nil says that an issue was noted.
  mutating func optional<Value>(
    _ place: Place?, _ read: (inout PlanReader, Place) -> Value?
  ) -> Value?? {
    guard let place else { return .some(nil) }
    return read(&self, place).map { .some($0) }
  }
}
