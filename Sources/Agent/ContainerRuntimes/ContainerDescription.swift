internal import AgentCore
internal import CRIWire
internal import FoundationEssentials
internal import Model

/// What the interface says of one container, from its entry in the list, its pod and its verbose status.
///
/// Nothing in it is trusted to be sensible: what cannot be read makes the container's state unknown, with the reason, so
/// that one container never hides the others.
struct ContainerDescription {
  let id: ContainerID
  let listed: Runtime_V1_Container
  let pod: Runtime_V1_PodSandbox?
  let answer: Runtime_V1_ContainerStatusResponse

  var status: Runtime_V1_ContainerStatus { answer.status }

  /// The container as far as its list entry tells, with nothing to be concluded from it.
  func unknown(why: String) -> ObservedContainer {
    var observed = observed
    observed.state = .unknown(why: why)
    return observed
  }

  /// Everything but the image's digest and the mounts' volumes.
  var observed: ObservedContainer {
    let labels = (pod?.labels ?? [:]).merging(listed.labels) { _, own in own }
      .merging(status.labels) { _, own in own }
    let mounts = status.mounts.map {
      ContainerMount(
        containerPath: $0.containerPath, hostPath: $0.hostPath, readOnly: $0.readonly, volume: nil)
    }
    let name = status.metadata.name.isEmpty ? listed.metadata.name : status.metadata.name
    func podText(_ text: String?, _ label: String) -> String {
      text.flatMap { $0.isEmpty ? nil : $0 } ?? labels[label] ?? ""
    }
    return ObservedContainer(
      id: id, name: name,
      pod: podText(pod?.metadata.name, "io.kubernetes.pod.name"),
      podUID: podText(pod?.metadata.uid, "io.kubernetes.pod.uid"),
      namespace: podText(pod?.metadata.namespace, "io.kubernetes.pod.namespace"),
      image: imageName, imageDigest: "", labels: labels, mounts: mounts,
      startedAt: Timestamp(nanoseconds: max(0, status.startedAt)), state: state)
  }

  private var state: ObservedContainer.State {
    guard answer.hasStatus, status.id == id.text else {
      return .unknown(why: "its status is that of container '\(status.id.prefix(80))'")
    }
    switch status.state {
    case .containerCreated:
      return .created
    case .containerRunning:
      switch processID {
      case .success(let pid): return .running(pid: pid)
      case .failure(let reason): return .unknown(why: reason.why)
      }
    case .containerExited:
      let finished = Timestamp(nanoseconds: max(0, status.finishedAt))
      let reason: EndReason =
        status.reason == "OOMKilled" ? .outOfMemory : .exited(code: status.exitCode)
      return .exited(at: finished, reason: reason)
    case .containerUnknown:
      let reason = status.reason.isEmpty ? "no reason given" : String(status.reason.prefix(200))
      return .unknown(why: "the runtime itself does not know (\(reason))")
    case .UNRECOGNIZED(let number):
      return .unknown(why: "state \(number) is none that the interface has")
    }
  }

  private struct Unreadable: Error { var why: String }

  /// The first process, from the JSON document that a verbose status carries.
  private var processID: Result<Int32, Unreadable> {
    struct Info: Decodable { var pid: Int32 }
    guard let text = answer.info["info"] else {
      return .failure(
        Unreadable(why: "its verbose status has no 'info', so its process is not known"))
    }
    do {
      let pid = try JSONDecoder().decode(Info.self, from: Data(text.utf8)).pid
      guard pid > 0 else { return .failure(Unreadable(why: "its process ID is \(pid)")) }
      return .success(pid)
    } catch {
      return .failure(Unreadable(why: "its verbose status does not tell its process ID"))
    }
  }

  /// The reference that was asked for, not what it was resolved to.
  private var imageName: String {
    let texts = [
      listed.image.userSpecifiedImage, status.image.userSpecifiedImage, status.image.image,
      listed.image.image,
    ]
    return texts.first { !$0.isEmpty } ?? ""
  }

  /// What the runtime calls the image: a repository with digest, or the image's own ID.
  var imageReference: String {
    status.imageRef.isEmpty ? listed.imageRef : status.imageRef
  }

  /// The digest when the reference itself has it, `repository@sha256:…`.
  var digestInReference: String? { Self.digest(in: imageReference) }

  /// The digest of the image's manifest where the runtime has one from a registry, otherwise the image's ID.
  static func digest(of answer: Runtime_V1_ImageStatusResponse, reference: String) -> String {
    if answer.hasImage {
      for text in answer.image.repoDigests {
        if let digest = Self.digest(in: text) { return digest }
      }
      if isDigest(answer.image.id) { return answer.image.id }
    }
    return isDigest(reference) ? reference : ""
  }

  private static func digest(in reference: String) -> String? {
    guard let at = reference.lastIndex(of: "@") else { return nil }
    let digest = String(reference[reference.index(after: at)...])
    return isDigest(digest) ? digest : nil
  }

  private static func isDigest(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2 && !parts[0].isEmpty && (32...128).contains(parts[1].utf8.count)
      && parts[1].allSatisfy(\.isHexDigit)
  }
}
