internal import CutProtocol
internal import KubernetesClient

/// Reads lists page by page, in turn with those of other backups, with no page beyond a bound of memory.
struct ListReader: Sendable {
  private let client: KubernetesClient
  private let turns: ListTurns
  private let clock: any CutClock
  private let limits: CaptureLimits

  init(
    _ client: KubernetesClient, _ turns: ListTurns, _ clock: any CutClock, _ limits: CaptureLimits
  ) {
    self.client = client.with(.capture, timeout: limits.page)
    self.turns = turns
    self.clock = clock
    self.limits = limits
  }

  /// Hands over one page after the other with the time at which it was there, and returns the version that all belong to.
  /// `again` says that the list begins anew, and that what was handed over is of another moment.
  func read(
    _ type: ResourceType, in namespace: String?, matching selector: ResourceSelector,
    _ use: ([KubernetesObject], Duration) throws(KubernetesError) -> Void, again: () -> Void
  ) async throws(KubernetesError) -> String {
    for _ in 0..<3 {
      do throws(KubernetesError) {
        var next: String?
        var whole = ""
        repeat {
          let end = try await page(type, namespace, selector, next) {
            (page, time) throws(KubernetesError) in
            try use(page.items, time)
            return (page.resourceVersion, page.next)
          }
          if whole.isEmpty { whole = end.0 }
          next = end.1
        } while next != nil
        return whole
      } catch {
        // The server forgot the list between its pages: only one that is whole tells of one moment.
        guard error.isExpired else { throw error }
        again()
      }
    }
    throw KubernetesError(.protocolMismatch, "list \(type): the list expired again and again")
  }

  /// Hands over what the whole cluster has of a kind, if it is one page. False, with nothing handed over, when it is more.
  func readTogether(
    _ type: ResourceType, _ use: (KubernetesList, Duration) -> Void
  ) async throws(KubernetesError) -> Bool {
    do throws(KubernetesError) {
      return try await turn(type, nil, .all, nil, limits.pageObjects) { page, time in
        guard page.next == nil else { return false }
        use(page, time)
        return true
      }
    } catch {
      guard error.code == .tooLarge else { throw error }
      return false
    }
  }

  /// One page, of fewer objects when they are large.
  private func page<Result>(
    _ type: ResourceType, _ namespace: String?, _ selector: ResourceSelector, _ next: String?,
    _ use: (KubernetesList, Duration) throws(KubernetesError) -> Result
  ) async throws(KubernetesError) -> Result {
    var limit = limits.pageObjects
    while true {
      do throws(KubernetesError) {
        return try await turn(type, namespace, selector, next, limit, use)
      } catch {
        guard error.code == .tooLarge, limit > 1 else { throw error }
        limit = max(1, limit / 10)
      }
    }
  }

  /// The page is gone from memory when the turn is over.
  private func turn<Result>(
    _ type: ResourceType, _ namespace: String?, _ selector: ResourceSelector, _ next: String?,
    _ limit: Int, _ use: (KubernetesList, Duration) throws(KubernetesError) -> Result
  ) async throws(KubernetesError) -> Result {
    let answer = await turns.during(within: limits.page, clock) {
      () async -> Swift.Result<Result, KubernetesError> in
      do throws(KubernetesError) {
        let page = try await client.page(
          type, in: namespace, matching: selector, limit: limit, next: next,
          largest: limits.pageBytes)
        return .success(try use(page, clock.now()))
      } catch {
        return .failure(error)
      }
    }
    guard let answer else {
      throw KubernetesError(
        .timedOut,
        "list \(type) not sent: the lists of other backups took longer than \(limits.page)")
    }
    return try answer.get()
  }
}
