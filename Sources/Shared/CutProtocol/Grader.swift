package import Model

/// Draws the verdict from evidence: the same function at commit, in recovery, and offline.
package struct Grader {
  /// Verifies every certificate, then judges. Never throws: what cannot be read or believed lowers the grade and is named.
  package static func verdict(of evidence: BackupEvidence, verifier: any CertificateVerifier) async
    -> Verdict
  {
    guard evidence.version == BackupEvidence.currentVersion else {
      return Verdict(
        grade: .unproven, drained: false,
        sentence: "evidence has version \(evidence.version), which this program cannot judge")
    }
    let plan: SealedPlan
    do {
      plan = try SealedPlan(bytes: evidence.plan)
    } catch {
      return Verdict(
        grade: .unproven, drained: false, sentence: "the plan in the evidence is not readable")
    }
    var groups: [JudgedGroup] = []
    for group in evidence.groups {
      var accounts: [Account] = []
      for certificate in group.certificates {
        do {
          accounts.append(.believed(try await verifier.verified(certificate)))
        } catch {
          let claimed = try? certificate.decoded().member
          accounts.append(.rejected(claimed, reason: "\(error)"))
        }
      }
      groups.append(
        JudgedGroup(
          group: group.group, fence: group.fence, accounts: accounts, leftOut: group.leftOut))
    }
    return judge(plan: plan, groups: groups)
  }

  /// One certificate after its signature was looked at.
  package enum Account: Hashable, Sendable {
    case believed(HoldStatement)
    case rejected(ServiceName?, reason: String)
  }

  package struct JudgedGroup: Hashable, Sendable {
    package var group: Int
    package var fence: Fence
    package var accounts: [Account]
    package var leftOut: [LeftOut]

    package init(group: Int, fence: Fence, accounts: [Account], leftOut: [LeftOut]) {
      self.group = group
      self.fence = fence
      self.accounts = accounts
      self.leftOut = leftOut
    }
  }

  /// Judges statements whose signatures hold.
  package static func judge(plan: SealedPlan, groups: [JudgedGroup]) -> Verdict {
    let numbers = Set(plan.plan.members.map(\.group)).sorted()
    guard !numbers.isEmpty else {
      return Verdict(grade: .failed, drained: false, sentence: "the plan has no members")
    }
    let verdicts = numbers.map { number in
      let evidence = groups.filter { $0.group == number }
      return verdict(of: number, in: plan, evidence: evidence)
    }
    guard let worst = verdicts.min(by: { $0.grade < $1.grade }) else {
      return Verdict(grade: .failed, drained: false, sentence: "the plan has no members")
    }
    let findings = verdicts.flatMap(\.findings)
    guard verdicts.count > 1 else { return worst }
    if worst.grade == .applicationConsistent {
      return Verdict(
        grade: .groupConsistent, drained: verdicts.allSatisfy(\.drained),
        sentence: "\(verdicts.count) groups were each held as a whole at one instant, "
          + "each at an instant of its own")
    }
    return Verdict(
      grade: worst.grade, drained: false, sentence: worst.sentence, findings: findings)
  }

  private static func verdict(of number: Int, in plan: SealedPlan, evidence: [JudgedGroup])
    -> Verdict
  {
    let all = plan.plan.members.filter { $0.group == number }
    let names = all.map(\.name.text).joined(separator: ", ")
    guard let group = evidence.first else {
      return Verdict(
        grade: .failed, drained: false, sentence: "no attempt to cut \(names) was completed",
        findings: all.map {
          MemberFinding(member: $0.name, grade: .failed, finding: "no snapshot exists")
        })
    }
    guard evidence.count == 1 else {
      return Verdict(
        grade: .unproven, drained: false,
        sentence: "two attempts claim to be the cut of \(names)")
    }
    let left = Set(group.leftOut.map(\.member))
    let members = all.filter { !left.contains($0.name) }
    var judged = members.map { member in
      MemberJudgement(plan: plan, fence: group.fence, member: member, accounts: group.accounts)
    }
    let common = judged.compactMap(\.statement?.witness).first
    let expected = Set(members.map(\.name))
    let alone = judged
    for index in judged.indices {
      judged[index].compare(with: common, expected: expected)
      judged[index].compareShared(with: alone, of: plan.plan)
    }
    return conclude(judged, leftOut: group.leftOut, plan: plan)
  }

  private static func conclude(
    _ judged: [MemberJudgement], leftOut: [LeftOut], plan: SealedPlan
  ) -> Verdict {
    let findings =
      leftOut.map {
        MemberFinding(member: $0.member, grade: .failed, finding: "left out: \($0.reason)")
      } + judged.compactMap(\.finding)
    guard let worst = judged.min(by: { $0.grade < $1.grade }) else {
      return Verdict(
        grade: .failed, drained: false, sentence: "every member was left out", findings: findings)
    }
    if worst.grade < .applicationConsistent {
      let finding = worst.finding?.finding ?? "its hold proves nothing more"
      return Verdict(
        grade: worst.grade, drained: false, sentence: "\(worst.member.name): \(finding)",
        findings: findings)
    }
    if let first = leftOut.first {
      return Verdict(
        grade: .groupConsistent, drained: false,
        sentence: "\(judged.count) members were held at one instant, without \(first.member): "
          + first.reason,
        findings: findings)
    }
    let drained = plan.plan.freeze.drain && judged.allSatisfy { $0.followed(judged) }
    let names = judged.map(\.member.name.text).joined(separator: ", ")
    return Verdict(
      grade: .applicationConsistent, drained: drained,
      sentence: judged.count == 1
        ? "\(names) was held when its coordinator witnessed it, and every snapshot was cut inside that hold"
        : "\(names) were all held at the instant of one witness, "
          + "and every snapshot was cut inside its member's hold")
  }
}
