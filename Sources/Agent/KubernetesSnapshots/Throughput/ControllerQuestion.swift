internal import CutProtocol
internal import KubernetesClient
internal import Logging
internal import Synchronization

/// Asks the snapshot controller whether it works, and how fast, without taking a snapshot.
///
/// A question is a VolumeSnapshot whose class does not exist: the controller answers it with an error in its status, touches no
/// storage for it, and puts nothing on it that would delay its deletion.
struct ControllerQuestion: Sendable {
  /// A name that no class has.
  static let className = "stillpoint-asks-whether-the-controller-answers"

  let client: KubernetesClient
  let clock: ContinuousClock
  let logger: Logger

  /// How long the controller took for all of `count` questions, asked at once; nil when it did not answer within `limit`.
  func ask(_ count: Int, in namespace: String, claim: String, name: String, within limit: Duration)
    async throws(KubernetesError) -> Duration?
  {
    let begun = clock.now
    let names = (0..<count).map { "\(name)-\($0)" }
    let outcome = await withTaskGroup(of: Result<Bool, KubernetesError>.self) { group in
      for name in names {
        group.addTask { await self.ask(name, in: namespace, claim: claim, within: limit) }
      }
      var all: Result<Bool, KubernetesError> = .success(true)
      for await result in group {
        switch (all, result) {
        case (.success(let one), .success(let other)): all = .success(one && other)
        case (.success, .failure): all = result
        case (.failure, _): break
        }
      }
      return all
    }
    let taken = clock.now - begun
    await takeAway(names, in: namespace)
    return try outcome.get() ? taken : nil
  }

  private func ask(_ name: String, in namespace: String, claim: String, within limit: Duration)
    async -> Result<Bool, KubernetesError>
  {
    let type = ResourceType.volumeSnapshots
    let spec: JSONValue = [
      "volumeSnapshotClassName": .string(Self.className),
      "source": ["persistentVolumeClaimName": .string(claim)],
    ]
    do throws(KubernetesError) {
      do throws(KubernetesError) {
        _ = try await client.create(
          KubernetesObject(
            type, name: name, namespace: namespace,
            labels: [PlannedSnapshot.ownerLabel: PlannedSnapshot.owner], fields: ["spec": spec]),
          as: type)
      } catch {
        // Left by an earlier question, whose answer is as good.
        guard error.isAlreadyExists else { throw error }
      }
      _ = try await client.wait(for: type, name, in: namespace, within: limit) { object in
        object?["status", "error", "message"]?.string
      }
      return .success(true)
    } catch {
      return error.code == .timedOut ? .success(false) : .failure(error)
    }
  }

  private func takeAway(_ names: [String], in namespace: String) async {
    for name in names {
      do throws(KubernetesError) {
        _ = try await client.delete(.volumeSnapshots, name, in: namespace)
      } catch {
        guard !error.isNotFound else { continue }
        logger.warning(
          "question to the snapshot controller left behind",
          metadata: ["snapshot": "\(namespace)/\(name)", "error": "\(error)"])
      }
    }
  }
}
