/// The states that were seen, in the order in which they were found, each with the one that it was reached from.
///
/// Open addressing over whole states: nothing is taken for seen because of a hash alone.
struct StateStore {
  private(set) var worlds: [World] = []
  private var parents: [Int32] = []
  /// Index + 1 of the world in each slot; 0 where there is none.
  private var slots: [UInt32]

  init() { slots = Array(repeating: 0, count: 1 << 16) }

  var count: Int { worlds.count }

  /// Whether it is new.
  mutating func insert(_ world: World, from parent: Int) -> Bool {
    let mask = UInt64(slots.count - 1)
    var slot = world.digest & mask
    while slots[Int(slot)] != 0 {
      if worlds[Int(slots[Int(slot)]) - 1] == world { return false }
      slot = (slot + 1) & mask
    }
    worlds.append(world)
    parents.append(Int32(parent))
    slots[Int(slot)] = UInt32(worlds.count)
    if worlds.count * 2 > slots.count { grow() }
    return true
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    let mask = UInt64(slots.count - 1)
    for (index, world) in worlds.enumerated() {
      var slot = world.digest & mask
      while slots[Int(slot)] != 0 { slot = (slot + 1) & mask }
      slots[Int(slot)] = UInt32(index + 1)
    }
  }

  /// From the first state to this one.
  func path(to index: Int) -> [Int] {
    var path: [Int] = []
    var at = index
    while at >= 0 {
      path.append(at)
      at = Int(parents[at])
    }
    return path.reversed()
  }
}
