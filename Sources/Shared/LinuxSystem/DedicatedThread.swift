internal import CLinux
internal import Glibc

/// Runs blocking work on a thread of its own, so that it never occupies one of the few that all tasks share.
///
/// Not cancelled by the caller's cancellation. When no thread can be made the work runs where it was asked for:
/// a slow task is better than a hold that nobody ends.
package func onDedicatedThread<T: Sendable, Failure: Error>(
  _ work: @escaping @Sendable () throws(Failure) -> T
) async throws(Failure) -> T {
  let result: Result<T, Failure> = await withCheckedContinuation { continuation in
    startThread {
      do throws(Failure) {
        continuation.resume(returning: .success(try work()))
      } catch {
        continuation.resume(returning: .failure(error))
      }
    }
  }
  return try result.get()
}

/// Starts work on a thread of its own, and does not wait for it.
package func startThread(_ work: @escaping @Sendable () -> Void) {
  if failureStartingThread(work) != 0 { work() }
}

/// The same where the work must not be done by the caller: answers the error number, 0 for a thread that runs.
package func failureStartingThread(
  stackBytes: Int = 512 << 10, _ work: @escaping @Sendable () -> Void
) -> Int32 {
  let box = Unmanaged.passRetained(ThreadWork(work))
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  pthread_attr_setstacksize(&attributes, stackBytes)
  var thread = pthread_t()
  let failure = pthread_create(
    &thread, &attributes,
    { context in
      if let context { Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().body() }
      return nil
    }, box.toOpaque())
  pthread_attr_destroy(&attributes)
  if failure != 0 { box.release() }
  return failure
}

private final class ThreadWork: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
