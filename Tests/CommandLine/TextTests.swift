internal import CommandLineKit
internal import Foundation
internal import Model
internal import OperatorFakes
internal import OperatorWire
internal import Testing

@Suite struct `Text for people` {
  @Test func `a table aligns its columns and ends no line with spaces`() {
    var table = TextTable(["NAME", "NODE", "NOTE"])
    table.rows = [["orders", "node-1", ""], ["cart", "node-12", "two\nlines"], ["π", "-", "x"]]
    #expect(
      table.text(empty: "nothing") == """
        NAME    NODE     NOTE
        orders  node-1
        cart    node-12  two lines
        π       -        x

        """)
    #expect(TextTable(["NAME"]).text(empty: "nothing") == "nothing\n")
  }

  @Test func `control characters never reach the terminal`() {
    #expect("a\u{1B}[2Jb\u{7}".printable == "a\u{FFFD}[2Jb\u{FFFD}")
    #expect("failed:\n\tis it running?".printable == "failed:  is it running?")
    #expect("plain".printable == "plain")
  }

  @Test func `fields stand in one column`() {
    var fields = FieldList()
    fields.add("plan", "shop")
    fields.add("nothing", nil)
    fields.add("last good backup", "b1")
    #expect(
      fields.text == """
        plan:              shop
        last good backup:  b1

        """)
  }

  @Test func `a fingerprint is read in any usual form`() throws {
    let fingerprint = AuthorityFingerprint(certificate: Data("x".utf8))
    let text = fingerprint.description
    #expect(text.count == 95)
    #expect(AuthorityFingerprint(text) == fingerprint)
    #expect(AuthorityFingerprint(text.lowercased().replacing(":", with: "")) == fingerprint)
    #expect(AuthorityFingerprint("sha256 Fingerprint=\(text)") == fingerprint)
    #expect(AuthorityFingerprint("AB:CD") == nil)
    #expect(AuthorityFingerprint(String(repeating: "+1", count: 32)) == nil)
  }

  @Test func `progress says how long after the beginning, who and what`() {
    #expect(
      progressText(
        .init(
          time: Example.start + .milliseconds(43), member: Example.orders, text: "held"),
        since: Example.start) == "+43.0 ms    orders           held")
  }
}
