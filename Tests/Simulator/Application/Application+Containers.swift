import AgentCore
import CutProtocol
import Model

/// The services as a container runtime and a catalog see them.
extension Application {
  struct NoSuchProcess: Error {}

  func placement(_ index: Int) -> Placement {
    let service = services[index]
    return Placement(
      node: NodeID(accepted: "n\(service.node)"), service: service.name,
      container: container(index), containerName: "c", pod: service.name.text,
      podUID: "\(service.name)-\(service.generation)", namespace: "shop", image: "i",
      imageDigest: "", labels: ["app": service.name.text], mounts: mounts(index), pid: pid(index),
      startedAt: Timestamp(nanoseconds: 0))
  }

  func observed(_ index: Int) -> ObservedContainer {
    let placed = placement(index)
    return ObservedContainer(
      id: placed.container, name: placed.containerName, pod: placed.pod, podUID: placed.podUID,
      namespace: placed.namespace, image: placed.image, imageDigest: placed.imageDigest,
      labels: placed.labels, mounts: placed.mounts, startedAt: placed.startedAt,
      state: .running(pid: pid(index)))
  }

  /// Throws when the container is not what runs now.
  func identity(_ id: ContainerID, _ pid: Int32) throws -> ProcessIdentity {
    guard let index = services.indices.first(where: { container($0) == id }), self.pid(index) == pid
    else { throw NoSuchProcess() }
    return ProcessIdentity(container: id, pid: pid, startTicks: services[index].startTicks)
  }

  private func container(_ index: Int) -> ContainerID {
    ContainerID(accepted: "c\(index)-\(services[index].generation)")
  }

  private func pid(_ index: Int) -> Int32 { Int32(100 * services[index].generation + index) }

  private func mounts(_ index: Int) -> [ContainerMount] {
    guard services[index].hasVolume else { return [] }
    let volume = VolumeRef(
      driver: DriverName(accepted: "d"),
      handle: VolumeHandle(accepted: "v\(services[index].volume)"),
      publishedAt: "/v\(index)")
    return [
      ContainerMount(
        containerPath: "/data", hostPath: volume.publishedAt, readOnly: false, volume: volume)
    ]
  }
}
