import Model
import PlanFile
import Testing

private let head = """
  apiVersion: stillpoint.dev/v1alpha1
  kind: BackupPlan

  """
private let spec = """

  spec:
    environment: test
    requires: crash-consistent
    services:
      - name: orders
        selector: {app: orders}
      - name: payments
        selector: {app: payments, namespace: money}
  """

struct `A plan of a namespace` {
  @Test func `is named after both, and selects in its namespace what says no other`() throws {
    let plan = try PlanFile.parse(
      head + "metadata: {name: shop, namespace: production, labels: {team: a}, annotations: {b: c}}"
        + spec)
    #expect(plan.name.text == "shop.production")
    #expect(plan.services.map(\.selector.namespace) == ["production", "money"])
    #expect(try PlanFile.parse(PlanFile.text(of: plan)) == plan)
  }

  @Test func `without one, is named by itself and selects everywhere`() throws {
    let plan = try PlanFile.parse(head + "metadata: {name: shop}" + spec)
    #expect(plan.name.text == "shop")
    #expect(plan.services.map(\.selector.namespace) == [nil, "money"])
  }

  @Test(arguments: [
    (
      "{name: shop, namespace: a.b}",
      "line 3: metadata.namespace: 'a.b' is no valid namespace name: must be 1 to 63 lower-case letters, digits or '-', with a letter or digit at both ends"
    ),
    (
      "{name: \(String(repeating: "s", count: 40)), namespace: \(String(repeating: "n", count: 40))}",
      "line 3: metadata.name: the plan's name and its namespace's together, '\(String(repeating: "s", count: 40)).\(String(repeating: "n", count: 40))', must not exceed 63 characters"
    ),
  ])
  func `is refused when the two make no name`(metadata: String, message: String) {
    let error = #expect(throws: PlanFileError.self) {
      try PlanFile.parse(head + "metadata: \(metadata)" + spec)
    }
    #expect(error?.description == message)
  }
}

struct `A plan that is an object` {
  private func object(policy: PlanValue) -> PlanValue {
    .mapping([
      .init("apiVersion", .text("stillpoint.dev/v1alpha1")), .init("kind", .text("BackupPlan")),
      .init(
        "metadata",
        .mapping([.init("name", .text("shop")), .init("namespace", .text("production"))])),
      .init(
        "spec",
        .mapping([
          .init("environment", .text("test")), .init("requires", .text("crash-consistent")),
          .init("policy", policy), .init("freeze", .mapping([.init("drain", .boolean(true))])),
          .init(
            "services",
            .list([
              .mapping([
                .init("name", .text("orders")),
                // What YAML would read as a boolean, an alias or a number is text here.
                .init(
                  "selector",
                  .mapping([.init("app", .text("yes")), .init("a", .text("*x &x 1"))])),
                .init(
                  "hold",
                  .list([
                    .mapping([
                      .init("redis", .mapping([.init("port", .number("6380"))]))
                    ])
                  ])),
              ])
            ])),
        ])),
    ])
  }

  @Test func `is read by the same rules`() throws {
    let plan = try PlanFile.parse(object(policy: .text("groups")))
    #expect(plan.name.text == "shop.production")
    #expect(plan.policy == .groups)
    #expect(plan.freeze.drain)
    #expect(plan.services[0].selector.labels == ["app": "yes", "a": "*x &x 1"])
    #expect(plan.services[0].holds == [.redis(RedisHold(port: 6380))])
  }

  @Test(arguments: [
    (
      PlanValue.text("bestefort"),
      "spec.policy: expected one of strict, groups, best-effort, found 'bestefort'; did you mean 'best-effort'?"
    ),
    (
      PlanValue.number("3"),
      "spec.policy: expected one of strict, groups, best-effort, found the number 3; put it in quotes to make it a text"
    ),
    (PlanValue.null, "spec.policy: expected one of strict, groups, best-effort, found nothing"),
    (
      PlanValue.list([]), "spec.policy: expected one of strict, groups, best-effort, found a list"
    ),
  ])
  func `is refused with the same words, without lines`(policy: PlanValue, message: String) {
    let error = #expect(throws: PlanFileError.self) { try PlanFile.parse(object(policy: policy)) }
    #expect(error?.description == message)
  }
}
