internal import CutProtocol
internal import KubernetesClient

extension Refusal {
  /// What an API server's refusal or silence means for a cut.
  init(_ error: KubernetesError, during what: String) {
    let code: Refusal.Code
    switch error.code {
    case .unreachable, .timedOut, .cancelled: code = .busy
    case .identity, .configuration, .protocolMismatch, .tooLarge, .input: code = .hazard
    case .refused:
      code = error.isTransient || error.isConflict ? .busy : .hazard
    }
    self.init(code, "\(what) failed: \(error.message)", hint: error.hint)
  }
}
