import CutProtocol
import Foundation
import Model
import OperatorFakes

/// Values that inputs are made from, and checks that several targets share.
enum Sample {
  static let statements: [HoldStatement] = {
    // The example's values are fixed and encode.
    guard let plan = try? Example.sealedPlan() else { return [] }
    return Example.statements(plan: plan, heldAt: Example.start)
  }()

  static func json(_ value: some Encodable) throws -> [UInt8] {
    Array(try CanonicalJSON.encode(value))
  }

  /// What was read can be stored and read again: otherwise one accepted value would spoil a file or a catalog.
  static func survivesJSON<Value: Codable & Equatable>(_ value: Value, _ what: String) throws {
    let bytes = try CanonicalJSON.encode(value)
    do {
      let once = try CanonicalJSON.decode(Value.self, from: bytes)
      // Times lose what is below a millisecond when they are written, once.
      try BrokenPromise.unlessSame(
        try CanonicalJSON.encode(once), bytes, "a \(what) that was stored")
    } catch let error as BrokenPromise {
      throw error
    } catch {
      throw BrokenPromise("a \(what) was accepted, stored, and cannot be read again: \(error)")
    }
  }

  /// Runs `body` to its end on this thread's behalf; fuzzers call without a task.
  static func waiting<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value? {
    let done = DispatchSemaphore(value: 0)
    let box = Box<Value>()
    Task.detached {
      box.value = await body()
      done.signal()
    }
    done.wait()
    return box.value
  }

  /// Written before and read after a semaphore.
  private final class Box<Value>: @unchecked Sendable {
    var value: Value?
  }
}
