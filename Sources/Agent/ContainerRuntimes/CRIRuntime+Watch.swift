package import AgentCore
internal import CRIWire
internal import GRPCCore
internal import Logging
internal import Model
internal import SwiftProtobuf

extension CRIRuntime {
  /// Subscribes to `GetContainerEvents`; to containerd's own events where the runtime answers that it has no such call;
  /// and reports `unsupported` where it has neither.
  package func watch(_ report: @escaping @Sendable (RuntimeChange) async -> Void) async throws {
    if try await subscription(report, interfaceEvents) { return }
    logger.info("container runtime has no GetContainerEvents; containerd's events are used")
    if try await subscription(report, containerdEvents) { return }
    logger.warning("container runtime reports no changes; only listing tells")
    await report(.unsupported)
  }

  private typealias Events =
    @Sendable (CRIConnection, @escaping @Sendable (RuntimeChange) async -> Void) async throws ->
    Void

  /// Runs one kind of subscription; false when the runtime does not have it, otherwise throws when it ends.
  private func subscription(
    _ report: @escaping @Sendable (RuntimeChange) async -> Void, _ events: @escaping Events
  ) async throws -> Bool {
    try await ask("watching the containers") { connection in
      do {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            try await events(connection, report)
            throw RuntimeError(.unavailable, "the container runtime ended the stream of its events")
          }
          group.addTask {
            // Servers send the stream's first byte with its first event, so nothing confirms a subscription. A question
            // that follows it on the same connection and is answered shows that it has been read.
            let options = CRIConnection.options(self.deadlines.ping)
            _ = try await connection.runtime.version(.init(), options: options)
            await report(.subscribed)
          }
          while try await group.next() != nil {}
        }
        return true
      } catch let error as RPCError where error.code == .unimplemented {
        return false
      }
    }
  }

  private var interfaceEvents: Events {
    { connection, report in
      try await connection.runtime.getContainerEvents(
        .init(), options: CRIConnection.options(nil)
      ) { response in
        for try await event in response.messages {
          guard event.containerEventType != .containerCreatedEvent else { continue }
          await report(RuntimeChange(containerID: event.containerID))
        }
      }
    }
  }

  private var containerdEvents: Events {
    { connection, report in
      var question = Containerd_Services_Events_V1_SubscribeRequest()
      // The namespace in which containerd keeps what came through the interface.
      question.filters = ["namespace==k8s.io,topic~=^/(tasks|containers)/"]
      try await connection.events.subscribe(question, options: CRIConnection.options(nil)) {
        response in
        for try await envelope in response.messages {
          if let change = RuntimeChange(envelope) { await report(change) }
        }
      }
    }
  }
}

extension RuntimeChange {
  init(containerID: String) {
    self = (try? ContainerID(containerID)).map(RuntimeChange.container) ?? .anything
  }

  /// What a containerd event says of a container; nil when it says nothing that discovery needs: the end of a process
  /// that was only executed in a container is no end of the container.
  init?(_ envelope: Containerd_Types_Envelope) {
    func decoded<Event: Message>(_ type: Event.Type) -> Event? {
      try? Event(serializedBytes: envelope.event.value)
    }
    let container: String?
    switch envelope.topic {
    case "/tasks/start":
      container = decoded(Containerd_Events_TaskStart.self)?.containerID
    case "/tasks/exit":
      let exit = decoded(Containerd_Events_TaskExit.self)
      if let exit, exit.id != exit.containerID { return nil }
      container = exit?.containerID
    case "/tasks/delete":
      let deletion = decoded(Containerd_Events_TaskDelete.self)
      if let deletion, !deletion.id.isEmpty, deletion.id != deletion.containerID { return nil }
      container = deletion?.containerID
    case "/tasks/oom":
      container = decoded(Containerd_Events_TaskOOM.self)?.containerID
    case "/containers/delete":
      container = decoded(Containerd_Events_ContainerDelete.self)?.id
    default:
      return nil
    }
    self = container.map(RuntimeChange.init(containerID:)) ?? .anything
  }
}
