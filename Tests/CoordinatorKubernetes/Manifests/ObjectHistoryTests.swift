import CoordinatorCore
import Foundation
import Testing

@testable import CoordinatorKubernetes

struct `An object at the witness` {
  private typealias Version = ObjectHistory.Version
  private let witness = Duration.seconds(10)...Duration.seconds(11)

  private func version(_ second: Int, _ version: String, _ content: String?, uid: String = "u")
    -> Version
  {
    Version(
      since: .seconds(second), uid: uid, resourceVersion: version,
      content: content.map { Data($0.utf8) })
  }

  private func judged(
    _ versions: [Version], last: Version?, isConfirmed: Bool = true
  ) -> String? {
    var history = ObjectHistory()
    for version in versions { history.add(version) }
    return history.judged(at: witness, last: last, isConfirmed: isConfirmed).map {
      "\($0.standing.rawValue) \(String(decoding: $0.version.content ?? Data(), as: UTF8.self))"
    }
  }

  @Test func `is proved when nothing changed from before until after`() {
    #expect(judged([version(1, "1", "a")], last: version(20, "1", "a")) == "at-witness a")
  }

  @Test func `is proved as it was changed before, when the change was seen`() {
    #expect(
      judged([version(1, "1", "a"), version(9, "2", "b")], last: version(20, "2", "b"))
        == "at-witness b")
  }

  @Test func `is proved through changes of what is not kept, when each was seen`() {
    #expect(
      judged(
        [version(1, "1", "a"), version(10, "2", "a"), version(12, "3", "a")],
        last: version(20, "3", "a")) == "at-witness a")
  }

  @Test func `is not proved when a change was not seen, though it looks the same`() {
    #expect(judged([version(1, "1", "a")], last: version(20, "3", "a")) == "changed a")
  }

  @Test func `is not proved when it changed while the witness was built, or after`() {
    // The witness lies somewhere within its span: what was first seen inside may have come before or after.
    for second in [11, 12] {
      #expect(
        judged([version(1, "1", "a"), version(second, "2", "b")], last: version(20, "2", "b"))
          == "changed a")
    }
  }

  @Test func `is not proved when it was made anew under its name`() {
    #expect(
      judged([version(1, "1", "a")], last: version(20, "2", "a", uid: "v")) == "changed a")
  }

  @Test func `that came or went around it says so`() {
    #expect(judged([], last: version(20, "1", "a")) == "appeared a")
    #expect(judged([version(12, "1", "a")], last: version(20, "1", "a")) == "appeared a")
    #expect(judged([version(1, "1", "a")], last: nil) == "deleted a")
    #expect(judged([version(1, "1", "a"), version(12, "2", nil)], last: nil) == "deleted a")
  }

  @Test func `that was gone before it is none of the backup's`() {
    #expect(judged([version(1, "1", "a"), version(9, "2", nil)], last: nil) == nil)
  }

  @Test func `that could not be asked for again proves nothing`() {
    #expect(judged([version(1, "1", "a")], last: nil, isConfirmed: false) == "unconfirmed a")
    #expect(
      judged([version(1, "1", "a"), version(12, "2", "b")], last: nil, isConfirmed: false)
        == "changed a")
  }

  @Test func `that changed more often than is noted is not proved`() {
    let many = (1...ObjectHistory.mostVersions + 1).map { version(1, "\($0)", "a") }
    #expect(judged(many, last: version(20, "\(many.count)", "a")) == "changed a")
  }
}
