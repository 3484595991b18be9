package import AgentCore
internal import CRIWire
internal import GRPCCore
package import Logging
package import Model

/// A container runtime behind the container runtime interface: containerd, CRI-O and others.
package struct CRIRuntime: ContainerRuntime {
  /// How long each kind of question may take.
  package struct Deadlines: Hashable, Sendable {
    package var ping: Duration
    package var list: Duration
    package var status: Duration

    package init(
      ping: Duration = .seconds(3), list: Duration = .seconds(10), status: Duration = .seconds(5)
    ) {
      self.ping = ping
      self.list = list
      self.status = status
    }
  }

  /// More containers than this on one node are no believable answer.
  package static let mostContainers = 4096
  /// Of more mounts of one container than this it is not asked which volumes they are.
  static let mostMounts = 1024
  /// So many status questions are under way at once.
  static let parallelQuestions = 8

  package let socket: String
  let deadlines: Deadlines
  let volume: @Sendable (String) async -> VolumeRef?
  let logger: Logger

  /// - Parameters:
  ///   - socket: the path of the runtime's Unix socket.
  ///   - volume: the CSI volume that is mounted at or above a directory of the node; nil for anything else.
  package init(
    socket: String, deadlines: Deadlines = Deadlines(), logger: Logger,
    volume: @escaping @Sendable (String) async -> VolumeRef?
  ) {
    self.socket = socket
    self.deadlines = deadlines
    self.volume = volume
    self.logger = logger
  }

  package func ping() async throws {
    try await ask("asking the version of the container runtime") { connection in
      _ = try await connection.runtime.version(
        .init(), options: CRIConnection.options(deadlines.ping))
    }
  }

  package func containers() async throws -> [ObservedContainer] {
    try await ask("listing the containers") { connection in
      let options = CRIConnection.options(deadlines.list)
      let listed = try await connection.runtime.listContainers(.init(), options: options).containers
      // After the containers: a pod that is made in between is in, and a container without its pod cannot be.
      let pods = try await connection.runtime.listPodSandbox(.init(), options: options).items
      guard listed.count <= Self.mostContainers, pods.count <= Self.mostContainers else {
        throw RuntimeError(
          .malformed,
          "the container runtime lists \(listed.count) containers and \(pods.count) pods; "
            + "at most \(Self.mostContainers) are believed")
      }
      let podsByID = Dictionary(pods.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
      return try await describe(listed, pods: podsByID, over: connection)
    }
  }

  package func container(_ id: ContainerID) async throws -> ObservedContainer? {
    try await ask("asking for container \(id)") { connection in
      var question = Runtime_V1_ListContainersRequest()
      question.filter.id = id.text
      let options = CRIConnection.options(deadlines.list)
      let answer = try await connection.runtime.listContainers(question, options: options)
      guard let listed = answer.containers.first(where: { $0.id == id.text }) else { return nil }
      var podQuestion = Runtime_V1_ListPodSandboxRequest()
      podQuestion.filter.id = listed.podSandboxID
      let pods = try await connection.runtime.listPodSandbox(podQuestion, options: options).items
      let pod = pods.first { $0.id == listed.podSandboxID }
      return try await describe(listed, pod: pod, over: connection)
    }
  }

  /// Several containers, a few at a time, in the order in which they were listed.
  private func describe(
    _ listed: [Runtime_V1_Container], pods: [String: Runtime_V1_PodSandbox],
    over connection: CRIConnection
  ) async throws -> [ObservedContainer] {
    try await withThrowingTaskGroup(of: (Int, ObservedContainer?).self) { group in
      var described = [ObservedContainer?](repeating: nil, count: listed.count)
      for (index, container) in listed.enumerated() {
        if index >= Self.parallelQuestions, let (done, answer) = try await group.next() {
          described[done] = answer
        }
        group.addTask {
          let pod = pods[container.podSandboxID]
          return (index, try await self.describe(container, pod: pod, over: connection))
        }
      }
      while let (done, answer) = try await group.next() { described[done] = answer }
      return described.compactMap(\.self)
    }
  }

  /// One container in full; nil when it has gone since it was listed, or cannot even be named.
  private func describe(
    _ listed: Runtime_V1_Container, pod: Runtime_V1_PodSandbox?, over connection: CRIConnection
  ) async throws -> ObservedContainer? {
    guard let id = try? ContainerID(listed.id) else {
      logger.warning(
        "container with an unusable ID left out", metadata: ["id": "\(listed.id.prefix(80))"])
      return nil
    }
    var question = Runtime_V1_ContainerStatusRequest()
    question.containerID = listed.id
    question.verbose = true
    let answer: Runtime_V1_ContainerStatusResponse
    do {
      answer = try await connection.runtime.containerStatus(
        question, options: CRIConnection.options(deadlines.status))
    } catch let error as RPCError where error.code == .notFound {
      return nil
    } catch let error as RPCError where error.code != .unavailable && error.code != .cancelled {
      // This one container cannot be asked about; the others can.
      let attempt = "asking for the status of container \(id)"
      return ContainerDescription(id: id, listed: listed, pod: pod, answer: .init())
        .unknown(why: "\(ContainerRuntimes.RuntimeError(error, attempt: attempt))")
    }
    let description = ContainerDescription(id: id, listed: listed, pod: pod, answer: answer)
    var observed = description.observed
    if case .unknown(let why) = observed.state {
      logger.warning("container not understood", metadata: ["container": "\(id)", "why": "\(why)"])
      return observed
    }
    observed.imageDigest = try await digest(of: description, over: connection)
    for index in observed.mounts.indices.prefix(Self.mostMounts) {
      observed.mounts[index].volume = await volume(observed.mounts[index].hostPath)
    }
    return observed
  }

  /// The digest that the image's reference meant; empty where the runtime does not say, as for an image that has been
  /// removed.
  private func digest(of container: ContainerDescription, over connection: CRIConnection)
    async throws -> String
  {
    if let digest = container.digestInReference { return digest }
    var question = Runtime_V1_ImageStatusRequest()
    question.image.image = container.imageReference
    let options = CRIConnection.options(deadlines.status)
    var answer = Runtime_V1_ImageStatusResponse()
    do {
      answer = try await connection.images.imageStatus(question, options: options)
    } catch let error as RPCError where error.code != .unavailable && error.code != .cancelled {
      logger.debug(
        "image not described",
        metadata: ["container": "\(container.id)", "error": "\(error.message.prefix(200))"])
    }
    return ContainerDescription.digest(of: answer, reference: container.imageReference)
  }

  /// Opens a connection for `body` and gives its errors words.
  func ask<Answer: Sendable>(
    _ attempt: String, _ body: (CRIConnection) async throws -> Answer
  ) async throws -> Answer {
    do {
      return try await CRIConnection.open(socket, body)
    } catch let error as RPCError {
      try Task.checkCancellation()
      throw RuntimeError(error, attempt: "\(attempt) at \(socket)")
    } catch let error as GRPCCore.RuntimeError {
      try Task.checkCancellation()
      throw RuntimeError(.unavailable, "\(attempt) at \(socket) failed: \(error)")
    }
  }
}
