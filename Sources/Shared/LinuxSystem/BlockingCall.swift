internal import Dispatch

/// Runs calls that block (fsync, clone, mount) on threads of their own.
///
/// Swift's shared pool has one thread per processor: a few slow disks' calls on it would stop every other task,
/// lease timers included. Dispatch bounds its threads at 64 and reuses them. Cancellation does not
/// reach the body: a system call cannot be taken back.
package func blockingCall<Value: Sendable, Failure: Error>(
  _ body: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
  let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
    DispatchQueue.global(qos: .userInitiated).async {
      do throws(Failure) {
        continuation.resume(returning: .success(try body()))
      } catch {
        continuation.resume(returning: .failure(error))
      }
    }
  }
  return try result.get()
}
