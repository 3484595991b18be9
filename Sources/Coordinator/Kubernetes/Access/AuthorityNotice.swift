package import KubernetesClient
package import Logging

/// Tells the agents' pods which authority is the fleet's: a ConfigMap that they mount. Who may write it may stand in for the
/// coordinator towards agents that have not enrolled yet.
package struct AuthorityNotice: Sendable {
  package static let name = "stillpoint-authority"
  package static let key = "pin"

  private static let firstWait = Duration.seconds(1)
  private static let longestWait = Duration.seconds(60)

  private let client: KubernetesClient
  private let pin: String
  private let clock: any Clock<Duration>
  private let renewal: Duration
  private let logger: Logger

  /// `pin` is the text form of the authority's pin. It is written again after every `renewal`, since somebody may have
  /// deleted or emptied the ConfigMap.
  package init(
    client: KubernetesClient, pin: String, clock: any Clock<Duration> = ContinuousClock(),
    renewal: Duration = .seconds(300), logger: Logger
  ) {
    self.client = client
    self.pin = pin
    self.clock = clock
    self.renewal = renewal
    self.logger = logger
  }

  /// Keeps the notice there until the task is cancelled. Each thing that prevents it is told once, with what to do.
  package func keep() async {
    var said: String?
    var isPublished = false
    var wait = Self.firstWait
    while !Task.isCancelled {
      var pause = renewal
      do throws(KubernetesError) {
        try await publish()
        if !isPublished || said != nil {
          logger.notice("authority's pin published", metadata: ["ConfigMap": "\(place)"])
        }
        isPublished = true
        said = nil
        wait = Self.firstWait
      } catch {
        if said != error.message, error.code != .cancelled {
          logger.warning(
            "authority's pin not published: agents in pods cannot enrol",
            metadata: ["ConfigMap": "\(place)", "error": "\(explained(error))"])
        }
        said = error.message
        pause = wait
        wait = min(wait * 2, Self.longestWait)
      }
      guard (try? await clock.sleep(for: pause)) != nil else { return }
    }
  }

  /// Writes the notice once, if it says something else.
  package func publish() async throws(KubernetesError) {
    let notice = KubernetesObject(
      .configMaps, name: Self.name, fields: ["data": .object([Self.key: .string(pin)])])
    _ = try await client.apply(notice, as: .configMaps, force: true)
  }

  private var place: String { "\(client.namespace)/\(Self.name)" }

  private func explained(_ error: KubernetesError) -> String {
    switch true {
    case error.isNotFound:
      "\(error.message): the namespace '\(client.namespace)' is the one of this coordinator's credentials; "
        + "create it, or name the agents' namespace in the kubeconfig's context; trying goes on"
    case error.isForbidden:
      "\(error.message): apply deploy/kubernetes/coordinator, which has the ConfigMap and the right "
        + "to change it; trying goes on"
    default: "\(error); trying goes on"
    }
  }
}
