/// Which of the three conditions a hold gives, as its quiescer read them from the application's settings.
package struct Fidelity: Hashable, Codable, Sendable {
  /// F1: durable state is constant during the hold.
  package var durableStateConstant: Bool
  /// F2: every write acknowledged before the hold is in it.
  package var acknowledgedIsDurable: Bool
  /// F3: no write is acknowledged during it.
  package var nothingAcknowledged: Bool
  /// For each condition that is not given: the setting or fact that decides it.
  package var reasons: [String]
  /// The storage is copied file by file while files may change: without F1 its snapshot is of no instant at all.
  package var storageIsCopied: Bool

  package init(
    durableStateConstant: Bool, acknowledgedIsDurable: Bool, nothingAcknowledged: Bool,
    reasons: [String] = [], storageIsCopied: Bool = false
  ) {
    self.durableStateConstant = durableStateConstant
    self.acknowledgedIsDurable = acknowledgedIsDurable
    self.nothingAcknowledged = nothingAcknowledged
    self.reasons = reasons
    self.storageIsCopied = storageIsCopied
  }

  /// Statements that were signed before copies were told apart say nothing of them.
  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      durableStateConstant: try fields.decode(Bool.self, forKey: .durableStateConstant),
      acknowledgedIsDurable: try fields.decode(Bool.self, forKey: .acknowledgedIsDurable),
      nothingAcknowledged: try fields.decode(Bool.self, forKey: .nothingAcknowledged),
      reasons: try fields.decode([String].self, forKey: .reasons),
      storageIsCopied: try fields.decodeIfPresent(Bool.self, forKey: .storageIsCopied) ?? false)
  }

  package static let full = Fidelity(
    durableStateConstant: true, acknowledgedIsDurable: true, nothingAcknowledged: true)
  package static let none = Fidelity(
    durableStateConstant: false, acknowledgedIsDurable: false, nothingAcknowledged: false)

  package var isFull: Bool {
    durableStateConstant && acknowledgedIsDurable && nothingAcknowledged
  }

  /// What several holds of one member give together: each condition that at least one gives.
  ///
  /// A filesystem freeze gives F1 and F3 to any application that acknowledges only what it has written; it can not
  /// know F2, which the application's own quiescer must state. So conditions are united, with two limits: a hold
  /// that knows that F2 is lost outweighs one that promises it, and what may be acknowledged before it is written may be
  /// acknowledged while nothing can be written, so that there is no F3 without F2. The reasons of what stays missing are
  /// kept.
  ///
  /// - Parameter losesAcknowledged: whether one of the holds knows that F2 is lost.
  package static func united(
    _ parts: [Fidelity], losesAcknowledged: Bool = false
  ) -> Fidelity {
    let isDurable = !losesAcknowledged && parts.contains(where: \.acknowledgedIsDurable)
    var result = Fidelity(
      durableStateConstant: parts.contains(where: \.durableStateConstant),
      acknowledgedIsDurable: isDurable,
      nothingAcknowledged: isDurable && parts.contains(where: \.nothingAcknowledged))
    if !result.isFull { result.reasons = parts.flatMap(\.reasons) }
    return result
  }

  /// The same holds over storage that is copied, where none of them keeps every file as it is: what recovery makes of
  /// files is constant only if all of them are of one instant.
  ///
  /// - Parameter copies: which volumes these are, one sentence for each.
  package func overCopies(_ copies: [String]) -> Fidelity {
    guard !copies.isEmpty else { return self }
    return Fidelity(
      durableStateConstant: false, acknowledgedIsDurable: acknowledgedIsDurable,
      nothingAcknowledged: nothingAcknowledged, reasons: copies.map { "F1: " + $0 } + reasons,
      storageIsCopied: true)
  }
}

/// A value of an application or device that changes whenever its durable state does.
package struct StateToken: Hashable, Codable, Sendable {
  /// The quiescer that sampled it.
  package var quiescer: String
  /// For example `["lsn": "0/1A2B3C", "timeline": "1", "in_recovery": "f"]`.
  package var values: [String: String]

  package init(quiescer: String, values: [String: String]) {
    self.quiescer = quiescer
    self.values = values
  }
}
