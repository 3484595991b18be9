/// Lets one piece of work serve many callers: what is submitted while a round runs is served together by the next.
///
/// For work that costs the same for one as for many, such as waiting for a disk.
package actor Gathering<Item: Sendable, Failure: Error> {
  /// Serves one round: an answer for each item, in their order.
  package typealias Serve = @Sendable ([Item]) async -> [Result<Void, Failure>]

  private struct Waiting {
    var item: Item
    var continuation: CheckedContinuation<Turn, Never>
  }

  private enum Turn: Sendable {
    case served(Result<Void, Failure>)
    /// The item comes first of those that wait, and its caller serves all of them.
    case lead
  }

  private var waiting: [Waiting] = []
  private var isServing = false

  package init() {}

  /// How many wait for the next round.
  package var waitingCount: Int { waiting.count }

  /// Returns once a round with the item was served. Not ended by cancellation; `serve` bounds how long it takes.
  package func submit(_ item: Item, _ serve: Serve) async throws(Failure) {
    if isServing {
      let turn = await withCheckedContinuation { continuation in
        waiting.append(Waiting(item: item, continuation: continuation))
      }
      if case .served(let result) = turn { return try result.get() }
    }
    isServing = true
    let followers = waiting
    waiting = []
    let results = await serve([item] + followers.map(\.item))
    precondition(results.count == followers.count + 1, "every item has an answer")
    for (follower, result) in zip(followers, results.dropFirst()) {
      follower.continuation.resume(returning: .served(result))
    }
    if waiting.isEmpty {
      isServing = false
    } else {
      waiting.removeFirst().continuation.resume(returning: .lead)
    }
    try results[0].get()
  }
}
