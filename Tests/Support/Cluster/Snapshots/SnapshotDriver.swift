/// What a CSI driver does, as the sidecar sees it.
package struct SnapshotDriver: Sendable {
  package struct Request: Hashable, Sendable {
    /// The same for every try of one snapshot.
    package var name: String
    package var driver: String
    /// One, or all of a group.
    package var volumeHandles: [String]
    package var isGroup: Bool
    /// Of the class.
    package var parameters: [String: String]
  }

  package struct Snapshot: Hashable, Sendable {
    package var handle: String
    package var volumeHandle: String
    package var size: Int64
    package var isReady: Bool

    package init(handle: String, volumeHandle: String, size: Int64 = 64 << 20, isReady: Bool = true)
    {
      self.handle = handle
      self.volumeHandle = volumeHandle
      self.size = size
      self.isReady = isReady
    }
  }

  /// What a driver refuses with; the sidecar tries again.
  package struct Failure: Error, Hashable, Sendable {
    package var message: String
    package init(_ message: String) { self.message = message }
  }

  package struct Cut: Hashable, Sendable {
    /// Nanoseconds since 1970.
    package var time: Int64
    package var snapshots: [Snapshot]
    package var groupHandle: String?

    package init(time: Int64, snapshots: [Snapshot], groupHandle: String? = nil) {
      self.time = time
      self.snapshots = snapshots
      self.groupHandle = groupHandle
    }
  }

  package var cut: @Sendable (Request) async throws(Failure) -> Cut
  package var delete: @Sendable (_ handle: String) async throws(Failure) -> Void

  package init(
    cut: @escaping @Sendable (Request) async throws(Failure) -> Cut,
    delete: @escaping @Sendable (_ handle: String) async throws(Failure) -> Void = { _ in }
  ) {
    self.cut = cut
    self.delete = delete
  }
}
