package import CSIWire
package import GRPCCore
internal import Release
internal import SwiftProtobuf

/// `csi.v1.Identity`: what the driver is and can do.
package struct IdentityService: Csi_V1_Identity.SimpleServiceProtocol {
  let pool: Pool

  package func getPluginInfo(request: Csi_V1_GetPluginInfoRequest, context: ServerContext)
    async throws -> Csi_V1_GetPluginInfoResponse
  {
    .with {
      $0.name = DriverIdentity.name
      $0.vendorVersion = Release.version
      $0.manifest = ["url": "https://stillpoint.dev"]
    }
  }

  package func getPluginCapabilities(
    request: Csi_V1_GetPluginCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_GetPluginCapabilitiesResponse {
    let services: [Csi_V1_PluginCapability.Service.TypeEnum] = [
      .controllerService, .volumeAccessibilityConstraints, .groupControllerService,
    ]
    return .with {
      $0.capabilities = services.map { service in .with { $0.service.type = service } }
      $0.capabilities.append(.with { $0.volumeExpansion.type = .online })
    }
  }

  /// Ready means that the pool can be reached.
  package func probe(request: Csi_V1_ProbeRequest, context: ServerContext) async throws
    -> Csi_V1_ProbeResponse
  {
    do throws(StorageError) {
      _ = try pool.directory.space()
    } catch {
      throw StorageError(.failedPrecondition, error.message).rpc
    }
    return .with { $0.ready = .with { $0.value = true } }
  }
}
