import CRIWire
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import SwiftProtobuf

/// A container runtime interface behind a socket, whose answers the test decides. What it is not given, it does not have:
/// such calls are answered UNIMPLEMENTED.
struct FakeInterface: RegistrableRPCService {
  var containers = Runtime_V1_ListContainersResponse()
  var pods = Runtime_V1_ListPodSandboxResponse()
  var status: @Sendable (String) async throws -> Runtime_V1_ContainerStatusResponse = { _ in .init()
  }
  var image = Runtime_V1_ImageStatusResponse()
  var events: [Runtime_V1_ContainerEventResponse]?
  var containerdEvents: [Containerd_Types_Envelope]?

  /// Serves for as long as `body` runs; gives it the socket.
  func serve(_ body: @Sendable (String) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "cri-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let socket = directory.path + "/s"
    let transport = HTTP2ServerTransport.Posix(
      address: .unixDomainSocket(path: socket), transportSecurity: .plaintext)
    let server = GRPCServer(transport: transport, services: [self])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.serve() }
      _ = try await transport.listeningAddress
      try await body(socket)
      server.beginGracefulShutdown()
      // It ends with its last connection; no test is about when that is.
      group.addTask {
        try await Task.sleep(for: .seconds(30))
        print("a client of \(socket) stays connected; its server is ended by force")
      }
      try await group.next()
      group.cancelAll()
    }
  }

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    typealias Runtime = Runtime_V1_RuntimeService.Method
    answer(Runtime.Version.descriptor, on: &router) { (_: Runtime_V1_VersionRequest) in
      Runtime_V1_VersionResponse.with { $0.runtimeName = "fake" }
    }
    answer(Runtime.ListContainers.descriptor, on: &router) {
      [containers] (request: Runtime_V1_ListContainersRequest) in
      Runtime_V1_ListContainersResponse.with {
        $0.containers = containers.containers.filter {
          request.filter.id.isEmpty || request.filter.id == $0.id
        }
      }
    }
    answer(Runtime.ListPodSandbox.descriptor, on: &router) {
      [pods] (_: Runtime_V1_ListPodSandboxRequest) in pods
    }
    answer(Runtime.ContainerStatus.descriptor, on: &router) {
      [status] (request: Runtime_V1_ContainerStatusRequest) in try await status(request.containerID)
    }
    answer(Runtime_V1_ImageService.Method.ImageStatus.descriptor, on: &router) {
      [image] (_: Runtime_V1_ImageStatusRequest) in image
    }
    if let events {
      stream(
        Runtime.GetContainerEvents.descriptor, of: events, on: &router,
        Runtime_V1_GetEventsRequest.self)
    }
    if let containerdEvents {
      stream(
        Containerd_Services_Events_V1_Events.Method.Subscribe.descriptor, of: containerdEvents,
        on: &router, Containerd_Services_Events_V1_SubscribeRequest.self)
    }
  }

  private func answer<Question: Message, Answer: Message, Transport>(
    _ method: MethodDescriptor, on router: inout RPCRouter<Transport>,
    _ body: @escaping @Sendable (Question) async throws -> Answer
  ) {
    router.registerHandler(
      forMethod: method, deserializer: ProtobufDeserializer<Question>(),
      serializer: ProtobufSerializer<Answer>()
    ) { request, _ in
      let question = try await ServerRequest(stream: request)
      return StreamingServerResponse(
        single: ServerResponse(message: try await body(question.message)))
    }
  }

  /// Sends the events and keeps the stream open until the client leaves.
  private func stream<Question: Message, Event: Message, Transport>(
    _ method: MethodDescriptor, of events: [Event], on router: inout RPCRouter<Transport>,
    _ question: Question.Type
  ) {
    router.registerHandler(
      forMethod: method, deserializer: ProtobufDeserializer<Question>(),
      serializer: ProtobufSerializer<Event>()
    ) { _, context in
      StreamingServerResponse { writer in
        for event in events { try await writer.write(event) }
        try await context.cancellation.cancelled
        return [:]
      }
    }
  }
}

/// A recorded answer of a real containerd.
func recording<Answer: Message>(_ name: String, as type: Answer.Type = Answer.self) throws -> Answer
{
  let url = try requireURL(name)
  var options = JSONDecodingOptions()
  options.ignoreUnknownFields = true
  return try Answer(jsonUTF8Data: try Data(contentsOf: url), options: options)
}

private func requireURL(_ name: String) throws -> URL {
  let folder = Bundle.module.resourceURL?.appending(path: "Recordings")
  guard let folder else { throw CocoaError(.fileNoSuchFile) }
  return folder.appending(path: name + ".json")
}
