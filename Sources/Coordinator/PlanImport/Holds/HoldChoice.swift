internal import Model

/// Decides with which holds the commands of one application are taken over.
struct HoldChoice {
  struct Chosen: Hashable {
    var hold: HoldSpec
    /// Where it came from.
    var comment: String
  }

  /// What is known of the container that becomes the member.
  struct Surroundings {
    var memberContainer: String?
    var image: String?
    /// Whether nothing of the member lies on a claim.
    var hasNoVolumes = false
    /// The longest that any command may take.
    var longest: Duration
  }

  /// What a plan takes for one service.
  static let mostHolds = 16

  let surroundings: Surroundings
  private(set) var holds: [Chosen] = []
  /// Mount paths that were frozen from within, as the command saw them.
  private(set) var frozen: [String] = []
  private var freezes = false
  private var freezeComment = "added: the volumes stand still while they are snapshotted"
  private var before: [HookCommand] = []
  private var after: [HookCommand] = []

  init(
    pre: [HookCommand], post: [HookCommand], freezes: Bool, in surroundings: Surroundings,
    _ remarks: inout RemarkLog
  ) {
    self.surroundings = surroundings
    self.freezes = freezes
    for command in pre { take(command, isPre: true, &remarks) }
    for command in post { take(command, isPre: false, &remarks) }
    pairCommands(&remarks)
    finish(&remarks)
  }

  // MARK: One command

  private mutating func take(_ command: HookCommand, isPre: Bool, _ remarks: inout RemarkLog) {
    guard Self.fits(command.arguments) else {
      return remarks.add(
        .notCarried, command.origin,
        "its command is empty, or longer than a plan takes (256 arguments of 65536 bytes, a program of 4096)"
      )
    }
    let words = ShellWords(command.arguments)
    if let idiom = FreezeIdiom(words) {
      takeFreeze(idiom, command, isPre, &remarks)
    } else if let idiom = DatabaseIdiom(words), takeDatabase(idiom, command, isPre, &remarks) {
      return
    } else if command.isBackground {
      remarks.add(
        .notCarried, command.origin,
        "it holds a session in the background while the snapshot is taken, of a kind that is not known here; "
          + "the volumes are frozen instead")
      freezes = true
    } else if command.isDump {
      remarks.add(
        .notCarried, command.origin,
        "its output was the backup; here the volumes are, frozen at the same instant as all others")
      freezes = true
    } else {
      keep(command, words, isPre, &remarks)
    }
  }

  private mutating func takeFreeze(
    _ idiom: FreezeIdiom, _ command: HookCommand, _ isPre: Bool, _ remarks: inout RemarkLog
  ) {
    guard isPre else {
      return remarks.add(
        .changed, command.origin,
        idiom.thaws.allSatisfy(frozen.contains) && !frozen.isEmpty
          ? "becomes the end of the hold 'filesystem', which comes whatever fails"
          : "no freeze belongs to this thaw; the hold 'filesystem' thaws what it froze itself")
    }
    guard !idiom.freezes.isEmpty else {
      return remarks.add(
        .changed, command.origin, "a thaw before the backup: left out, nothing of ours stays frozen"
      )
    }
    frozen += idiom.freezes.filter { !frozen.contains($0) }
    freezes = true
    freezeComment =
      "from \(command.origin.text): fsfreeze of \(idiom.freezes.joined(separator: ", "))"
    remarks.add(
      .changed, command.origin,
      "the freeze of \(idiom.freezes.joined(separator: ", ").shownBriefly) becomes the hold 'filesystem': taken from the "
        + "node, ended by its lease whatever dies")
  }

  /// False when the command has to stay a command.
  private mutating func takeDatabase(
    _ idiom: DatabaseIdiom, _ command: HookCommand, _ isPre: Bool, _ remarks: inout RemarkLog
  ) -> Bool {
    if idiom.act == .dump, !command.isDump { return false }
    if let exchange = idiom.exchange(image: surroundings.image) {
      guard idiom.act != .release else {
        remarks.add(
          .changed, command.origin, "becomes the end of the hold '\(exchange.hold.quiescer)'")
        return true
      }
      if !isPre {
        remarks.add(
          .notCarried, command.origin, "it stills the database after the backup; nothing needs that"
        )
        return true
      }
      add(exchange.hold, "from \(command.origin.text): its \(idiom.client.name)")
      if case .postgresql = exchange.hold { freezes = true }
      let what = command.isDump ? "the dump" : "its use of \(idiom.client.name)"
      remarks.add(
        .changed, command.origin,
        ([
          "\(what) becomes the hold '\(exchange.hold.quiescer)', which lasts over all snapshots and ends by itself"
        ] + exchange.notes).joined(separator: "; "))
      return true
    }
    return takeForeign(idiom, command, &remarks)
  }

  /// A database without a hold of ours.
  private mutating func takeForeign(
    _ idiom: DatabaseIdiom, _ command: HookCommand, _ remarks: inout RemarkLog
  ) -> Bool {
    let isMySQL =
      idiom.family == .mysql && surroundings.image.map { idiom.isMySQL($0) } ?? false
    // A lock that a session holds ends with the command: as `pre` it would hold nothing.
    guard isMySQL || command.isDump || (command.isBackground && idiom.family == .mongodb) else {
      return false
    }
    freezes = true
    remarks.add(
      .changed, command.origin,
      "there is no hold for \(isMySQL ? "MySQL" : idiom.family.rawValue) yet: its volumes are frozen, "
        + "and what it recovers from them at its start is crash-consistent")
    return true
  }

  private mutating func keep(
    _ command: HookCommand, _ words: ShellWords, _ isPre: Bool, _ remarks: inout RemarkLog
  ) {
    if FreezeIdiom.isHinted(in: words) {
      remarks.add(
        .changed, command.origin,
        "it freezes a filesystem in a way that is not understood and stays a command: put {filesystem: {}} in its "
          + "place, which a lease ends")
    }
    if let idiom = DatabaseIdiom(words) {
      remarks.add(.changed, command.origin, "stays a command; \(Self.warning(idiom))")
    }
    if SecretWords.looksSecret(command.arguments) {
      remarks.add(
        .changed, command.origin,
        "the command seems to carry a password, which the plan now carries too: move it to a file in the container"
      )
    }
    if isPre { before.append(command) } else { after.append(command) }
  }

  private static func warning(_ idiom: DatabaseIdiom) -> String {
    if idiom.act == .dump {
      return "a dump runs within the hold, and one that exceeds the plan's cap ends the attempt"
    }
    if idiom.family == .mongodb {
      return
        "there is no hold for MongoDB yet, and its lock lasts until its unlock: that runs whatever happens"
    }
    return "a lock that ends with its session holds nothing once the command has ended"
  }

  // MARK: All commands

  /// Holds are taken in order and released in the reverse one: the last is released by the first `post`.
  private mutating func pairCommands(_ remarks: inout RemarkLog) {
    let count = max(before.count, after.count)
    for index in 0..<count {
      let pre = index < before.count ? before[index] : nil
      let reversed = count - 1 - index
      let post = reversed < after.count ? after[reversed] : nil
      if let pre, let post, pre.container != post.container {
        addCommand(pre, nil, &remarks)
        addCommand(nil, post, &remarks)
      } else {
        addCommand(pre, post, &remarks)
      }
    }
  }

  private mutating func addCommand(
    _ pre: HookCommand?, _ post: HookCommand?, _ remarks: inout RemarkLog
  ) {
    guard let first = pre ?? post else { return }
    guard Self.isName(first.container) else {
      return remarks.add(
        .notCarried, first.origin, "its container has a name that no cluster accepts")
    }
    let timeouts = [pre, post].compactMap { $0 }.map { timeout(of: $0, &remarks) }
    let container = first.container.flatMap { $0 == surroundings.memberContainer ? nil : $0 }
    let hold = CommandHold(
      container: container, pre: pre?.arguments ?? ["true"], post: post?.arguments ?? ["true"],
      timeout: timeouts.max() ?? .seconds(5))
    let origins = [pre, post].compactMap { $0?.origin.text }
    add(.command(hold), "from " + origins.joined(separator: " and "))
    freezes = true
    for command in [pre, post].compactMap({ $0 }) {
      let other =
        pre == nil
        ? "; there is no command before it: 'true' stands there, which the image must have"
        : post == nil
          ? "; there is no command after it: 'true' stands there, which the image must have" : ""
      remarks.add(
        other.isEmpty ? .carried : .changed, command.origin,
        "\(command == pre ? "pre" : "post") of a hold 'command'\(other)")
    }
  }

  private func timeout(of command: HookCommand, _ remarks: inout RemarkLog) -> Duration {
    switch command.timeout {
    case .none: return min(.seconds(5), surroundings.longest)
    case .given(let given):
      guard given > surroundings.longest else { return given }
      remarks.add(
        .changed, command.origin,
        "its timeout of \(given.planText) becomes \(surroundings.longest.planText): nothing may be held longer"
      )
      return surroundings.longest
    case .standard(let standard):
      guard standard > surroundings.longest else { return standard }
      remarks.add(
        .changed, command.origin,
        "no timeout was given; instead of the \(standard.planText) there, it has \(surroundings.longest.planText), "
          + "the longest that this plan holds anything")
      return surroundings.longest
    }
  }

  private mutating func add(_ hold: HoldSpec, _ comment: String) {
    guard !holds.contains(where: { $0.hold == hold }) else { return }
    holds.append(Chosen(hold: hold, comment: comment))
  }

  private mutating func finish(_ remarks: inout RemarkLog) {
    if holds.count > Self.mostHolds - 1, let first = before.first ?? after.first {
      remarks.add(
        .notCarried, first.origin,
        "there are more than \(Self.mostHolds - 1) commands; the others are left out")
      holds = Array(holds.prefix(Self.mostHolds - 1))
    }
    if freezes, !surroundings.hasNoVolumes { add(.filesystem, freezeComment) }
  }

  /// Whether the plan's format takes the container's name; nil stands for the member's own.
  static func isName(_ container: String?) -> Bool {
    let name = container ?? "-"
    return (1...253).contains(name.utf8.count)
      && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
  }

  /// Whether the plan's format takes the command.
  static func fits(_ arguments: [String]) -> Bool {
    guard let program = arguments.first, (1...256).contains(arguments.count) else { return false }
    return (1...4096).contains(program.utf8.count)
      && program.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
      && arguments.allSatisfy { $0.utf8.count <= 65_536 && !$0.utf8.contains(0) }
  }
}
