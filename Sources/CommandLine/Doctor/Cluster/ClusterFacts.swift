package import KubernetesClient

/// What an API server tells that matters before an installation, or why it does not tell it.
package struct ClusterFacts: Sendable {
  package typealias Answer<Value> = Result<Value, KubernetesError>

  /// A right that whoever installs needs.
  package struct Right: Hashable, Sendable {
    package var verb: String
    package var type: ResourceType
    /// Nil for one in the whole cluster.
    package var namespace: String?
  }

  package var server: String
  package var version: ServerVersion
  package var directory: APIDirectory
  /// Where Stillpoint is to be installed; nil when it does not exist yet.
  package var namespaceName: String
  package var namespace: Answer<KubernetesObject?>
  package var nodes: Answer<[KubernetesObject]>
  package var volumes: Answer<[KubernetesObject]>
  package var storageClasses: Answer<[KubernetesObject]>
  package var snapshotClasses: Answer<[KubernetesObject]>
  package var groupClasses: Answer<[KubernetesObject]>
  /// Some of the VolumeSnapshots that are there.
  package var snapshots: Answer<[KubernetesObject]>
  /// Deployments, StatefulSets and DaemonSets of all namespaces.
  package var workloads: Answer<[KubernetesObject]>
  /// Whether whoever asks has them.
  package var rights: Answer<[Right: Bool]>
}

extension ClusterFacts {
  static let snapshotGroup = "snapshot.storage.k8s.io"
  static let groupSnapshotGroup = "groupsnapshot.storage.k8s.io"

  /// Asks for everything. Throws only when the server itself cannot be asked; what is refused becomes a finding.
  package init(asking client: KubernetesClient, namespace: String) async throws(KubernetesError) {
    server = client.server.description
    version = try await client.serverVersion()
    directory = try await client.discover()
    namespaceName = namespace
    self.namespace = await Self.answer { () async throws(KubernetesError) in
      try await client.find(.namespaces, namespace)
    }
    nodes = await Self.list(.nodes, client)
    volumes = await Self.list(.persistentVolumes, client)
    storageClasses = await Self.list(.storageClasses, client)
    snapshotClasses = await Self.classes(
      "VolumeSnapshotClass", Self.snapshotGroup, directory, client)
    groupClasses = await Self.classes(
      "VolumeGroupSnapshotClass", Self.groupSnapshotGroup, directory, client)
    let served = directory.versions(ofKind: "VolumeSnapshot", group: Self.snapshotGroup)
    snapshots = await Self.answer { () async throws(KubernetesError) in
      served.isEmpty ? [] : try await client.page(.volumeSnapshots).items
    }
    workloads = await Self.answer { () async throws(KubernetesError) in
      var all: [KubernetesObject] = []
      for type in [ResourceType.deployments, .statefulSets, .daemonSets] {
        all += try await client.list(type).items
      }
      return all
    }
    rights = await Self.answer { () async throws(KubernetesError) in
      var rights: [Right: Bool] = [:]
      for right in RightsCheck.needed(in: namespace) {
        rights[right] = try await client.mayI(right.verb, right.type, in: right.namespace).isAllowed
      }
      return rights
    }
  }

  private static func answer<Value: Sendable>(
    _ body: () async throws(KubernetesError) -> Value
  ) async -> Answer<Value> {
    do throws(KubernetesError) {
      return .success(try await body())
    } catch {
      return .failure(error)
    }
  }

  private static func list(_ type: ResourceType, _ client: KubernetesClient) async
    -> Answer<[KubernetesObject]>
  {
    await answer { () async throws(KubernetesError) in try await client.list(type).items }
  }

  /// None where the cluster does not know the kind at all.
  private static func classes(
    _ kind: String, _ group: String, _ directory: APIDirectory, _ client: KubernetesClient
  ) async -> Answer<[KubernetesObject]> {
    guard let found = directory.versions(ofKind: kind, group: group).first else {
      return .success([])
    }
    return await list(found.type, client)
  }
}

extension Result where Failure == KubernetesError {
  /// The findings of what was told, or the one that says why nothing was.
  func findings(_ check: String, _ body: (Success) -> [Finding]) -> [Finding] {
    switch self {
    case .success(let value): body(value)
    case .failure(let error):
      [
        Finding(
          check, .warning, "not looked at: \(error.message)",
          advice: error.hint ?? "look at it by hand, or ask again as somebody who may")
      ]
    }
  }
}

extension ClusterFacts {
  /// Everything that was found, what is asked first first.
  package var findings: [Finding] {
    ServerCheck.findings(self) + SnapshotTypesCheck.findings(self) + ClassCheck.findings(self)
      + ControllerCheck.findings(self) + NodesCheck.findings(self) + RightsCheck.findings(self)
      + AdmissionCheck.findings(self)
  }
}
