import Model
import PlanFile
import Testing
import YAMLBounds

@testable import PlanImport

struct `Documents to import` {
  private static let annotated = pod(
    "web", annotations: ["pre.hook.backup.velero.io/command": "/x"])

  @Test func `lists, several documents, several files and JSON are read alike`() throws {
    let json = #"""
      {"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop",
      "labels":{"app":"web"},"annotations":{"pre.hook.backup.velero.io/command":"[\"/x\",\"\u003c\"]"}},
      "spec":{"containers":[{"name":"app","image":"a"}]}}]}
      """#
    #expect(
      try imported(json).holds == [[command(["/x", "<"], ["true"], timeout: .seconds(10))]])
    let typed =
      "apiVersion: v1\nkind: PodList\nitems:\n"
      + Self.annotated.split(separator: "\n").filter {
        !$0.hasPrefix("kind") && !$0.hasPrefix("apiV")
      }
      .enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element + "\n" }.joined()
    #expect(try imported(typed).plan.services.count == 1)
    let other = pod("db", annotations: ["pre.hook.backup.velero.io/command": "/x"])
    let plan = try imported("---\n---\n" + Self.annotated + "---\n# nothing\n---\n", other)
    #expect(plan.plan.services.map(\.name.text) == ["web", "db"])
    #expect(plan.remarks.map(\.file) == ["f1.yaml", "f1.yaml", "f2.yaml", "f2.yaml"])
  }

  @Test(arguments: [
    ("a: [", "f1.yaml:2: no valid YAML: "),
    ("just a text", "f1.yaml:1: expected a Kubernetes object, found a text"),
    ("a: 1", "f1.yaml:1: expected a Kubernetes object with 'apiVersion' and 'kind'"),
    (
      "a: &x 1\nb: *x", "f1.yaml:2: an alias is not allowed: write the value out where it is needed"
    ),
    ("", "there are no Kubernetes objects in what was read"),
    ("a: 1\na: 2", "f1.yaml:1: a key appears more than once"),
    ("apiVersion: v1\nkind: [x]", "f1.yaml:2: kind: expected a text, found a list"),
    ("apiVersion: v1\nkind: List\nitems: 3", "f1.yaml:3: items: expected a list, found a number"),
    (
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}",
      "there is nothing to make a plan of in 1 objects"
    ),
    (
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n    pre.hook.backup.velero.io/command: 3",
      "f1.yaml:6: metadata.annotations.pre.hook.backup.velero.io/command: expected a text, found a number; put it in quotes"
    ),
    (
      "apiVersion: velero.io/v1\nkind: Backup\nmetadata: {name: x}\nspec:\n  hooks:\n    resources:\n    - pre:\n      - exec: {command: rm}",
      "f1.yaml:8: spec.hooks.resources[0].pre[0].exec.command: expected a list of texts, found a text"
    ),
    ("\u{0}", "f1.yaml: no valid YAML"),
  ])
  func `what is wrong is refused with file and line`(text: String, message: String) {
    let refused = refusal(text)
    #expect(refused?.contains(message) == true, "\(refused ?? "")")
  }

  @Test func `every issue is told, up to a bound`() {
    let pods = (0..<80).map {
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p\($0), labels: 3}\n"
    }
    let refused = refusal(pods.joined(separator: "---\n"))
    #expect(refused?.split(separator: "\n").count == ImportError.mostIssues + 1)
    #expect(refused?.hasSuffix("and 30 more") == true)
  }

  @Test func `depth and length beyond the bounds are refused before anything is composed`() {
    #expect(
      refusal(String(repeating: "[", count: 500))?.contains("more than 64 mappings and lists")
        == true)
    let long = String(repeating: " ", count: ManifestReader.longestText + 1)
    #expect(refusal(long)?.contains("at most 33554432 are read at once") == true)
  }

  @Test func `names that would break a line do not`() throws {
    let plan = try imported(
      Self.annotated.replacing(
        "name: web\n", with: "name: \"w\\neb *a &b # c\\e[31m\"\n"))
    #expect(plan.plan.services.count == 1)
    #expect(!plan.text.unicodeScalars.contains { $0.value == 0x1b })
    #expect(!plan.remarks.contains { $0.object.contains("\n") || $0.object.contains("\u{1b}") })
  }

  @Test func `more services than a plan takes are named as lost`() throws {
    let pods = (0..<520).map {
      pod("p\($0)", annotations: ["pre.hook.backup.velero.io/command": "/x"])
    }
    let plan = try imported(pods.joined(separator: "---\n"))
    #expect(plan.plan.services.count == 512)
    #expect(plan.remarks.count { $0.text.hasPrefix("a plan has at most 512 services") } == 8)
  }

  @Test func `the same documents make the same plan`() throws {
    let texts = (0..<20).map {
      pod("p\($0)", annotations: ["pre.hook.backup.velero.io/command": "/x"])
    }
    let first = try imported(texts.joined(separator: "---\n"))
    for _ in 0..<3 { #expect(try imported(texts.joined(separator: "---\n")) == first) }
  }
}

struct `Annotated pods of a namespace` {
  private static func namespace(_ annotations: String, _ more: String = "") -> String {
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {\(annotations)}\(more)}\n"
  }
  private static let pods = [
    pod("web", annotations: ["pre.hook.backup.velero.io/command": #"["fsfreeze","-f","/data"]"#]),
    pod("far", annotations: ["pre.hook.backup.velero.io/command": "/x"])
      .replacing("namespace: shop", with: "namespace: far"),
  ]

  @Test(arguments: [
    "", #"stillpoint.dev/import-hooks: "yes""#, #"stillpoint.dev/import-hooks: "True""#,
    #"stillpoint.dev/import-hooks: """#, #"example.org/import-hooks: "true""#,
  ])
  func `are not looked at without consent`(annotations: String) throws {
    // Not even what could not be read is read.
    let outcome = try AnnotatedNamespace.plan(
      namespace: Self.namespace(annotations), pods: Self.pods)
    #expect(outcome == .withoutConsent)
  }

  @Test func `make a plan of their own with it, and only those of the namespace`() throws {
    let outcome = try AnnotatedNamespace.plan(
      namespace: Self.namespace(
        #"stillpoint.dev/import-hooks: "true", stillpoint.dev/environment: test"#),
      pods: Self.pods)
    guard case .plan(let plan) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(plan.plan.name.text == "hooks.shop")
    #expect(plan.text.hasPrefix("# Made from the annotations of pods in namespace shop, "))
    #expect(plan.plan.environment == .test)
    #expect(plan.plan.services.map(\.name.text) == ["web"])
    #expect(plan.holds == [[.filesystem]])
  }

  @Test func `of a namespace that is being deleted are left alone`() throws {
    let text = Self.namespace(
      #"stillpoint.dev/import-hooks: "true""#, ", deletionTimestamp: '2026-01-01T00:00:00Z'")
    #expect(try AnnotatedNamespace.plan(namespace: text, pods: Self.pods) == .withoutConsent)
  }

  @Test func `without hooks make no plan`() throws {
    let consenting = Self.namespace(#"stillpoint.dev/import-hooks: "true""#)
    #expect(
      try AnnotatedNamespace.plan(namespace: consenting, pods: [pod("web")]) == .nothing([]))
    #expect(try AnnotatedNamespace.plan(namespace: consenting, pods: []) == .nothing([]))
  }

  @Test func `of a namespace whose name leaves no room for a plan's are refused in words`() {
    let long = String(repeating: "n", count: 58)
    let error = #expect(throws: ImportError.self) {
      try AnnotatedNamespace.plan(
        namespace: Self.namespace(#"stillpoint.dev/import-hooks: "true""#)
          .replacing("name: shop", with: "name: \(long)"),
        pods: Self.pods.map { $0.replacing("namespace: shop", with: "namespace: \(long)") })
    }
    #expect(error?.description.contains("too long for a plan named after it") == true)
  }

  @Test func `what is no namespace or no environment is refused`() {
    #expect(throws: ImportError.self) {
      try AnnotatedNamespace.plan(namespace: pod("web"), pods: [])
    }
    #expect(throws: ImportError.self) {
      try AnnotatedNamespace.plan(
        namespace: Self.namespace(
          #"stillpoint.dev/import-hooks: "true", stillpoint.dev/environment: prod"#), pods: [])
    }
  }
}
