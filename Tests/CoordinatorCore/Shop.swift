import CutProtocol
import Model

/// Placements and plans of a small shop.
enum Shop {
  static func placement(_ service: String) throws -> Placement {
    Placement(
      node: try NodeID("node-\(service)"), service: try ServiceName(service),
      container: try ContainerID("\(service)-1"), containerName: service, pod: service,
      podUID: "uid-\(service)", namespace: "shop", image: "\(service):1", imageDigest: "",
      labels: ["app": service],
      mounts: [
        ContainerMount(
          containerPath: "/data", hostPath: "/volumes/\(service)/mount", readOnly: false,
          volume: VolumeRef(
            driver: try DriverName("local.test"), handle: try VolumeHandle("vol-\(service)"),
            publishedAt: "/volumes/\(service)/mount"))
      ], pid: 100, startedAt: Timestamp(nanoseconds: 0))
  }

  /// `payments` depends on `orders`; nothing else depends on anything.
  static func plan(
    policy: CutPolicy = .strict, services: [String] = ["orders", "payments"]
  ) throws -> BackupPlan {
    BackupPlan(
      name: try PlanName("shop"), environment: .test, requires: .applicationConsistent,
      policy: policy, freeze: FreezeLimits(),
      services: try services.map { name in
        PlannedService(
          name: try ServiceName(name), selector: PlacementSelector(labels: ["app": name]),
          dependsOn: name == "payments" ? [try ServiceName("orders")] : [], holds: [.filesystem],
          volumes: .all)
      })
  }
}
