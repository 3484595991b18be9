internal import ServiceLifecycle

/// Tells systemd that the program lives, for as long as it runs, and that it stops.
package struct Watchdog: Service {
  private let announcesReady: Bool

  /// `announcesReady` is false for a program that says itself when it serves.
  package init(announcesReady: Bool) { self.announcesReady = announcesReady }

  package func run() async throws {
    if announcesReady { ServiceManager.ready() }
    // Where nobody watches, nothing has to be said.
    let interval = ServiceManager.watchdogInterval ?? .seconds(3600)
    await cancelWhenGracefulShutdown {
      while (try? await Task.sleep(for: interval)) != nil { ServiceManager.alive() }
    }
    ServiceManager.stopping()
  }
}
