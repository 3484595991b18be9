import CutProtocol
import Model

/// What really happened, in true time, which no part of the simulated system can see.
final class GhostHistory: @unchecked Sendable {
  struct Hold {
    var id: HoldID
    var fence: Fence
    var service: Int
    var node: Int
    var began: Duration
    var ended: Duration?
    /// Moments in the hold when the application was not still after all.
    var wasBroken = false
    /// Agent and guardian of the node were both down in it.
    var wasAlone = false
    /// The latest moment at which lease or cap must have ended it.
    var mostEnd: Duration
    /// The latest moment at which the cap must have ended it, whatever was renewed.
    var capEnd: Duration
    /// The quiescer only claimed it; `began` and `ended` are then the moments of its two tokens.
    var isLie = false
    var wasSampled = false
    /// How much longer the application itself took to let go.
    var releaseTakes = Duration.zero
    /// The agent's release hangs: until it gets through, which it may never do, only the guardian can end it.
    var isStuck = false
    /// The guardian that watched it has died.
    var hasLostGuardian = false
  }

  private(set) var holds: [Hold] = []
  /// When the coordinator gave up an attempt that may have held somebody.
  private(set) var givenUp: [Fence: Duration] = [:]
  private(set) var violations: [Violation] = []

  func violate(_ property: String, _ what: String, at now: Duration) {
    violations.append(Violation(property: property, what: what, at: now))
  }

  func began(_ hold: Hold) {
    let same = holds.contains {
      $0.fence == hold.fence && $0.service == hold.service
    }
    if same { violate("S4", "\(hold.fence) held service \(hold.service) twice", at: hold.began) }
    if holds.contains(where: { $0.service == hold.service && $0.fence > hold.fence }) {
      violate(
        "S6", "\(hold.fence) held service \(hold.service) after a higher fence", at: hold.began)
    }
    holds.append(hold)
  }

  func update(_ id: HoldID, service: Int, _ change: (inout Hold) -> Void) {
    guard let index = holds.lastIndex(where: { $0.id == id && $0.service == service }) else {
      return
    }
    change(&holds[index])
  }

  func gaveUp(_ fence: Fence, at now: Duration) {
    if givenUp[fence] == nil { givenUp[fence] = now }
  }

  /// The newest hold of a service for a fence.
  func last(_ fence: Fence, service: Int) -> Hold? {
    holds.last { $0.fence == fence && $0.service == service }
  }

  func hold(_ id: HoldID, service: Int) -> Hold? {
    holds.last { $0.id == id && $0.service == service }
  }
}
