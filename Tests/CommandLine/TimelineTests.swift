internal import CommandLineKit
internal import CutProtocol
internal import Model
internal import OperatorFakes
internal import Testing

@Suite struct `The timeline of a cut` {
  private static func statements() throws -> [HoldStatement] {
    Example.statements(plan: try Example.sealedPlan(), heldAt: Example.start)
  }

  @Test func `puts every member's hold together where its witness arrived`() throws {
    let text = Timeline(statements: try Self.statements(), width: 90, style: .unicode).text
    #expect(
      text == """
        orders    node-1  ░░░░░░░░░░░░░░░░██████████████████████◆██████████████▒▒▒▒▒  43.0 ms
                                           ━━━                                        1.0 ms /var/lib/orders
        payments  node-2  ░░░░░█████████████████████████████████◆██████████████▒▒▒▒▒  43.0 ms
                                 ━━                                                   1.0 ms /var/lib/payments
                          -29.0 ms                              │           +14.0 ms
        ░ quiesce  █ held  ◆ witness  ▒ thaw  ━ snapshot; time from each member's receipt of the witness

        """, "\n\(text)")
  }

  @Test func `is drawn in ASCII where the terminal knows nothing else`() throws {
    var statements = try Self.statements()
    statements[1].steps.witnessReceived = Elapsed(.milliseconds(35))
    statements[1].snapshots = []
    let text = Timeline(statements: statements, width: 72, style: .ascii).text
    #expect(
      text == """
        orders    node-1      ..........##############W########:::  43.0 ms
                                         =                          1.0 ms /var/lib/orders
        payments  node-2  ...#########################W####:::      43.0 ms
                          -34.0 ms                    |   +14.0 ms
        . quiesce  # held  W witness  : thaw  = snapshot; time from each member's receipt of the witness

        """, "\n\(text)")
  }

  @Test func `of nothing says so`() {
    #expect(
      Timeline(statements: [], width: 80, style: .ascii).text
        == "no member's certificate: there is no hold to draw\n")
  }

  @Test func `survives statements that make no sense`() throws {
    var statement = try Self.statements()[0]
    statement.steps = HoldSteps(
      quiesceBegan: .nanoseconds(Int64.max), held: .nanoseconds(Int64.min), frozenSent: .zero,
      witnessReceived: .nanoseconds(Int64.max), thawBegan: .nanoseconds(Int64.min),
      thawEnded: .zero)
    let same = HoldSteps(
      quiesceBegan: .zero, held: .zero, frozenSent: .zero, witnessReceived: .zero,
      thawBegan: .zero, thawEnded: .zero)
    var still = statement
    still.steps = same
    still.snapshots = []
    #expect(Timeline(statements: [statement], width: 0, style: .unicode).text.contains("orders"))
    #expect(Timeline(statements: [still], width: 80, style: .unicode).text.contains("◆"))
  }
}
