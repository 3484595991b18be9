import Testing

@testable import Quiescers

struct FlushRoundsTests {
  private func rounds(_ milliseconds: Int...) -> FlushRounds {
    var rounds = FlushRounds()
    for took in milliseconds where rounds.wantsMore { rounds.add(.milliseconds(took)) }
    return rounds
  }

  @Test func `a quick first round is enough`() {
    let rounds = rounds(20)
    #expect(!rounds.wantsMore)
    #expect(rounds.predicted == .milliseconds(40))
  }

  @Test func `a round that somebody else delayed predicts nothing`() {
    #expect(rounds(2600, 30).predicted == .milliseconds(60))
  }

  @Test func `a slow disk is found to be slow after three rounds`() {
    let rounds = rounds(2600, 2500, 2700, 1)
    #expect(!rounds.wantsMore)
    #expect(rounds.predicted == .milliseconds(5000))
  }
}
