/// Runs work that must happen although the caller was cancelled, such as ending a hold, and waits for it.
///
/// A child task would inherit the cancellation, and Swift has no shield from it: so the task has no parent.
package func runUncancelled<T: Sendable>(_ work: @escaping @Sendable () async -> T) async -> T {
  await Task { await work() }.value
}
