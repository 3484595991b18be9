/// The plan of the product's description, without what this version does not have.
let shopPlan = """
  apiVersion: stillpoint.dev/v1alpha1
  kind: BackupPlan
  metadata:
    name: shop
  spec:
    environment: production            # development, test, staging, production are kept and counted apart
    requires: application-consistent   # the grade below which a backup does not meet the plan
    policy: strict                     # strict | groups | best-effort
    freeze: {budget: 2s, cap: 10s, drain: false}
    services:
      - name: checkout
        selector: {app: checkout}
        dependsOn: [orders, payments]
        hold: [{command: {container: app, pre: ["/app/pause"], post: ["/app/resume"], timeout: 5s}}]
      - name: orders
        selector: {app: orders}
        hold: [{postgresql: {user: postgres}}, {filesystem: {}}]
        volumes: all
      - name: payments
        selector: {app: payments}
        hold: [{mariadb: {}}, {filesystem: {}}]
  """

/// A plan around `lines`, which stand at the indentation of `spec`'s content from line 8 on.
func plan(spec lines: String) -> String {
  """
  apiVersion: stillpoint.dev/v1alpha1
  kind: BackupPlan
  metadata:
    name: shop
  spec:
    environment: test
    requires: crash-consistent

  """ + lines.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)\n" }.joined()
}

/// A plan with one service `orders`, whose lines after its name and selector are `lines`.
func plan(service lines: String) -> String {
  plan(
    spec: "services:\n  - name: orders\n    selector: {app: orders}\n"
      + lines.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
}
