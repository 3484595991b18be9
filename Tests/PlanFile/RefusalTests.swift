import PlanFile
import Testing

/// The error of a text that must be refused.
private func refusal(_ text: String) -> PlanFileError? {
  do {
    let plan = try PlanFile.parse(text)
    Issue.record("was accepted: \(plan)")
    return nil
  } catch {
    return error
  }
}

/// The only issue of a text that must be refused for one reason.
private func onlyIssue(_ text: String) -> String? {
  guard let error = refusal(text) else { return nil }
  #expect(error.issues.count == 1, "\(error)")
  return error.issues.first?.description
}

struct `Refusing a plan` {
  @Test(arguments: [
    (
      "afterRestore: {command: [/x]}",
      "line 11: spec.services[0].afterRestore: expected a list of commands such as [{command: [\"/app/repair\"]}], found a mapping"
    ),
    (
      "afterRestore: [{timeout: 5s}]",
      "line 11: spec.services[0].afterRestore[0].command: missing; expected a command as a list of texts, such as [\"/app/repair\"]"
    ),
    (
      "afterRestore: [{command: [/x], onFailure: ignore}]",
      "line 11: spec.services[0].afterRestore[0].onFailure: expected one of fail, continue, found 'ignore'"
    ),
    (
      "afterRestore: [{command: [/x], timeout: 2h}]",
      "line 11: spec.services[0].afterRestore[0].timeout: expected a duration above 0s and at most 1h, found '2h'"
    ),
    (
      "afterRestore: [{command: [/x], containr: app}]",
      "line 11: spec.services[0].afterRestore[0].containr: unknown key 'containr'; did you mean 'container'?"
    ),
  ]) func `names what is wrong with a restore hook`(_ lines: String, _ words: String) {
    #expect(onlyIssue(plan(service: lines)) == words)
  }

  @Test(arguments: [
    ("polcy: strict", "line 8: spec.polcy: unknown key 'polcy'; did you mean 'policy'?"),
    ("polizei: strict", "line 8: spec.polizei: unknown key 'polizei'; did you mean 'policy'?"),
    (
      "xyzzy: 1",
      "line 8: spec.xyzzy: unknown key 'xyzzy'; known here: environment, requires, policy, freeze, services, manifests, snapshots"
    ),
    (
      "schedule: '0 3 * * *'",
      "line 8: spec.schedule: unknown key 'schedule': this version has no schedules; run 'stillpoint backup create' from a timer instead"
    ),
    (
      "retention: {last: 7}",
      "line 8: spec.retention: unknown key 'retention': this version deletes no backups by itself; use 'stillpoint backup delete'"
    ),
    (
      "manifests: {secrets: plain}",
      "line 8: spec.manifests.secrets: expected one of sealed, omit, found 'plain'"
    ),
    (
      "manifests: {exclude: [ConfigMap]}",
      "line 8: spec.manifests.exclude[0]: 'ConfigMap' is no valid kind of object: must be a plural in lower case, with its group after a dot (configmaps, deployments.apps), or a dot and a group (.example.com)"
    ),
    (
      "snapshots: {classes: {ebs.csi.aws.com: Keep}}",
      "line 8: spec.snapshots.classes.ebs.csi.aws.com: 'Keep' is no valid name of a class: letters in lower case, digits, '-' and '.'"
    ),
    (
      "snapshots: {policy: Retain}",
      "line 8: spec.snapshots.policy: unknown key 'policy'; known here: classes, groupClasses, acrossServices"
    ),
    (
      "policy: bestefort",
      "line 8: spec.policy: expected one of strict, groups, best-effort, found 'bestefort'; did you mean 'best-effort'?"
    ),
    (
      "policy: [strict]",
      "line 8: spec.policy: expected one of strict, groups, best-effort, found a list"
    ),
    (
      "freeze: {budget: 2}",
      "line 8: spec.freeze.budget: expected a duration such as 500ms or 2s, found the number 2"
    ),
    (
      "freeze: {cap: 61s}",
      "line 8: spec.freeze.cap: expected a duration above 0s and at most 1m, found '61s'"
    ),
    (
      "freeze: {cap: 0s}",
      "line 8: spec.freeze.cap: expected a duration above 0s and at most 1m, found '0s'"
    ),
    (
      "freeze: {budget: 5s, cap: 4s}",
      "line 8: spec.freeze.budget: budget 5s is above the cap 4s: no hold could use it"
    ),
    (
      "freeze: {drain: yes}",
      "line 8: spec.freeze.drain: expected true or false, found the boolean yes"
    ),
    (
      "freeze:",
      "line 8: spec.freeze: expected a mapping with 'budget', 'cap', 'drain', found nothing"
    ),
  ])
  func `a wrong value names line, path and what is expected`(line: String, issue: String) {
    #expect(onlyIssue(plan(spec: line + "\nservices: [{name: a, selector: {app: a}}]")) == issue)
  }

  @Test(arguments: [
    (
      "{owner: ann}",
      "line 10: spec.services[0].selector.owner: expected the kind and name of what the pod belongs to, such as "
        + "'Deployment/orders', found 'ann'; a label of that name goes into 'labels: {owner: …}'"
    ),
    (
      "{owner: 7}",
      "line 10: spec.services[0].selector.owner: expected the kind and name of what the pod belongs to, such as "
        + "'Deployment/orders', found the number 7; put it in quotes to make it a text"
    ),
    (
      "{app: a, namespaceLabels: {}}",
      "line 10: spec.services[0].selector.namespaceLabels: expected at least one label of the pod's namespace, such as 'team: shop'"
    ),
    (
      "{app: a, namespaceLabels: {team: [a]}}",
      "line 10: spec.services[0].selector.namespaceLabels.team: expected the value of label 'team', found a list"
    ),
  ])
  func `a wrong selector names line, path and what is expected`(selector: String, issue: String) {
    #expect(
      onlyIssue(plan(spec: "services:\n  - name: a\n    selector: \(selector)")) == issue)
  }

  @Test(arguments: [
    (
      "hold: [{postgres: {}}]",
      "line 11: spec.services[0].hold[0].postgres: unknown key 'postgres'; did you mean 'postgresql'?"
    ),
    (
      "hold: [{postgresql: {port: 70000}}]",
      "line 11: spec.services[0].hold[0].postgresql.port: expected a port from 1 to 65535, found the number 70000"
    ),
    (
      "hold: [{redis: {socket: run/redis}}]",
      "line 11: spec.services[0].hold[0].redis.socket: expected an absolute path without '.' and '..', found 'run/redis'"
    ),
    (
      "hold: [{mariadb: {password: x}}]",
      "line 11: spec.services[0].hold[0].mariadb.password: unknown key 'password'; known here: user, socket, defaultsFile"
    ),
    (
      "hold: [{mariadb: {user: 5}}]",
      "line 11: spec.services[0].hold[0].mariadb.user: expected a database user, found the number 5; put it in quotes to make it a text"
    ),
    (
      "hold: [{mariadb: {}, filesystem: {}}]",
      "line 11: spec.services[0].hold[0]: expected exactly one of postgresql, mariadb, redis, filesystem, pause, command in each entry of the list"
    ),
    (
      "hold: [{filesystem: {}}, {filesystem: {}}]",
      "line 11: spec.services[0].hold[1]: the same filesystem hold is given twice"
    ),
    (
      "hold: {filesystem: {}}",
      "line 11: spec.services[0].hold: expected a list such as [{postgresql: {}}, {filesystem: {}}], found a mapping"
    ),
    (
      "hold: [{command: {pre: [a]}}]",
      "line 11: spec.services[0].hold[0].command.post: missing; expected a command as a list of texts, such as [\"/app/pause\"]"
    ),
    (
      "hold: [{command: {pre: pause, post: [b]}}]",
      "line 11: spec.services[0].hold[0].command.pre: expected a command as a list of texts, such as [\"/app/pause\"], found 'pause'"
    ),
    (
      "volumes: [data]",
      "line 11: spec.services[0].volumes[0]: expected an absolute path without '.' and '..', found 'data'"
    ),
    (
      "volumes: []",
      "line 11: spec.services[0].volumes: expected 'all', 'none' or a list of mount paths, found an empty list; 'none' says that there are none"
    ),
    (
      "dependsOn: [order]",
      "line 11: spec.services[0].dependsOn[0]: no service 'order' in this plan; did you mean 'orders'?"
    ),
    (
      "dependsOn: [orders]",
      "line 9: spec.services[0].name: services depend on each other in a circle: orders → orders"
    ),
  ])
  func `a wrong service names line, path and what is expected`(line: String, issue: String) {
    #expect(onlyIssue(plan(service: line)) == issue)
  }

  @Test func `everything wrong is reported at once, in the order of the text`() {
    let error = refusal(
      """
      apiVersion: stillpoint.dev/v2
      kind: BackupPlan
      metadata: {name: Shop}
      spec:
        environment: prod
        services:
          - name: a
            selector: {}
            dependsOn: [b]
          - name: b
            selector: {app: 1}
            dependsOn: [c]
          - name: c
            selector: {app: c}
            dependsOn: [a, x]
          - name: b
            selector: {app: b}
      """)
    #expect(
      error?.description == """
        line 1: apiVersion: expected 'stillpoint.dev/v1alpha1', found 'stillpoint.dev/v2'
        line 3: metadata.name: 'Shop' is no valid plan name: must be 1 to 63 lower-case letters, digits, '-' or '.', with a letter or digit at both ends
        line 5: spec.environment: expected one of development, test, staging, production, found 'prod'
        line 5: spec.requires: missing; expected one of application-consistent, group-consistent, service-consistent, crash-consistent
        line 7: spec.services[0].name: services depend on each other in a circle: a → b → c → a
        line 8: spec.services[0].selector: selects every container; expected at least one label, such as 'app: orders'
        line 11: spec.services[1].selector.app: expected the value of label 'app', found the number 1; put it in quotes to make it a text
        line 15: spec.services[2].dependsOn[1]: no service 'x' in this plan
        line 16: spec.services[3].name: service 'b' is already given in line 10
        """)
  }

  @Test func `no more than fifty issues are told, the rest is counted`() {
    let keys = (1...60).map { "k\($0)zzzzzzzz: 1" }.joined(separator: "\n")
    let error = refusal(plan(spec: keys + "\nservices: [{name: a, selector: {app: a}}]"))
    #expect(error?.issues.count == 50)
    #expect(error?.unreported == 10)
    #expect(error?.description.hasSuffix("\nand 10 more") == true)
  }

  @Test(arguments: [
    ("", "the plan is empty; expected a mapping that begins with 'apiVersion'"),
    ("# nothing\n", "the plan is empty; expected a mapping that begins with 'apiVersion'"),
    (
      "just words",
      "line 1: expected a mapping with 'apiVersion', 'kind', 'metadata', 'spec', found 'just words'"
    ),
    (
      "a: [1, 2\n",
      "line 2: no valid YAML: did not find expected ',' or ']' (while parsing a flow sequence, line 1), column 1"
    ),
    ("a: 1\nb: 2\na: 3\n", "line 1: key 'a' appears more than once in one mapping, first here"),
  ])
  func `what is no plan at all is refused with one sentence`(text: String, issue: String) {
    #expect(onlyIssue(text) == issue)
  }

  @Test func `two documents are refused`() {
    #expect(onlyIssue(shopPlan + "\n---\n" + shopPlan)?.contains("another document") == true)
  }

  @Test func `an empty list of services is refused`() {
    #expect(
      onlyIssue(plan(spec: "services: []"))
        == "line 8: spec.services: expected at least one service, found an empty list")
  }

  @Test func `more than a mebibyte is refused unread`() {
    let text = shopPlan + "\n# " + String(repeating: "x", count: 1 << 20)
    #expect(
      onlyIssue(text)
        == "the plan has \(text.utf8.count) bytes; at most 1048576 are read")
  }

  @Test(.timeLimit(.minutes(5)))
  func `nested aliases are refused before they are followed`() {
    var text = "a0: &a0 [x, x]\n"
    for level in 1...40 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    text += "? *a40\n: 1\n"
    #expect(
      onlyIssue(text)
        == "line 2: alias '*a0' is not allowed in a plan: write the value out where it is needed")
  }

  @Test(.timeLimit(.minutes(5)))
  func `deep nesting is refused by the parser's own limit`() {
    #expect(refusal(String(repeating: "[", count: 500_000)) != nil)
    #expect(refusal(String(repeating: "{a: ", count: 200_000)) != nil)
  }

  @Test func `asterisks and ampersands of commands are no aliases`() throws {
    _ = try PlanFile.parse(
      plan(
        service:
          "hold: [{command: {pre: [sh, -c, \"make && rm *.tmp &\"], post: [sh, -c, \"ls *\"]}}]"
      ))
  }
}
