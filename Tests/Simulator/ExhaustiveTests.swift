import Testing

/// Every order of events of two members, within small bounds.
@Suite struct ExhaustiveTests {
  struct Found {
    var states = 0
    var commits = 0
    var violation: String?
  }

  /// Searches until nothing new is found, a property breaks, or `most` states were seen.
  static func search(_ start: SmallWorld, most: Int) -> Found {
    var found = Found()
    var seen: Set<[UInt64]> = [start.key]
    var open = [start]
    while let world = open.popLast() {
      found.states += 1
      for next in world.successors {
        if let violation = next.violation {
          found.violation = violation
          return found
        }
        guard seen.count < most, seen.insert(next.key).inserted else { continue }
        if next.isCommitted { found.commits += 1 }
        open.append(next)
      }
    }
    return found
  }

  @Test
  func `no order of events of one attempt breaks a property, with messages lost, doubled and late`()
    throws
  {
    let found = Self.search(SmallWorld(try SmallFixtures(attempts: 1), crashes: 0), most: 200_000)
    print("searched \(found.states) states of one attempt, \(found.commits) of them committed")
    #expect(found.violation == nil)
    #expect(found.states < 200_000)
    #expect(found.commits > 0)
  }

  /// Not a whole search: as deep as the bound allows, with a second attempt whose messages mix with the first one's.
  @Test func `no order of events found in two attempts with a crash breaks a property`() throws {
    let found = Self.search(SmallWorld(try SmallFixtures(attempts: 2), crashes: 1), most: 30_000)
    print("searched \(found.states) states of two attempts, \(found.commits) of them committed")
    #expect(found.violation == nil)
    #expect(found.commits > 0)
  }

  @Test func `a member that reports its hold too early is found out`() throws {
    let fixtures = try SmallFixtures(attempts: 1, reportsEarly: true)
    let found = Self.search(SmallWorld(fixtures, crashes: 0), most: 200_000)
    #expect(found.violation?.hasPrefix("S1") == true)
  }
}
