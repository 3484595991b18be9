internal import CoordinatorCore
internal import Hummingbird
internal import NIOCore
internal import OperatorWire

func serverRoutes(_ operations: Operations) -> [Route] {
  [
    Route(.get, "/healthz") { _ in
      // The status reads the catalog: an answer means that the coordinator can do its work.
      _ = try await operations.fleet.status()
      return try .json(HealthBody(status: "ok"))
    },
    Route(.get, "/metrics") { _ in
      let text = try await metricsText(operations)
      return Response(
        status: .ok,
        headers: [
          .contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        ], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    },
  ]
}
