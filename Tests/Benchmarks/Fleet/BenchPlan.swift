/// The plan of the first members, as a file for `stillpoint plan apply`.
struct BenchPlan {
  let members: [BenchMember]

  var name: String { "bench-\(members.count)" }

  var text: String {
    let services = members.map { member in
      """
          - name: \(member.name)
            selector: {app: \(member.name)}
            hold: \(member.kind.holds)
            volumes: all
      """
    }
    return """
      apiVersion: stillpoint.dev/v1alpha1
      kind: BackupPlan
      metadata:
        name: \(name)
      spec:
        environment: test
        requires: crash-consistent
        policy: strict
        freeze: {budget: 20s, cap: 30s, drain: false}
        services:
      \(services.joined(separator: "\n"))

      """
  }
}
