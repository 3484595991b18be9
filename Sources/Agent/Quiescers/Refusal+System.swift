internal import CutProtocol
internal import LinuxSystem
internal import Model

extension Refusal {
  /// Why a system call's failure keeps a member from its hold. A process or path that is gone means that the container moved.
  static func because(_ error: SystemError, _ member: ServiceName, _ tried: String) -> Refusal {
    // ESRCH 3, ENOENT 2: the container's process or its /proc entry is gone.
    let isGone = error.subject.hasPrefix("/proc/") && (error.code == 2 || error.code == 3)
    return Refusal(isGone ? .moved : .failed, "\(tried) of \(member) failed: \(error)")
  }
}
