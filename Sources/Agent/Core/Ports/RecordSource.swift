package import Model

/// The node's journal of placement records, as the fleet link reads it.
package protocol RecordSource: Sendable {
  /// Which journal it is: a new one starts again from 1 under another ID. Changes only while `records` throws, when the
  /// journal does not reach what it is asked for; the connection then begins anew with a new hello.
  var journal: String { get }
  /// The records with a sequence number above `sequence`, oldest first, without holes, at most `limit`.
  ///
  /// Empty when there are none. Throws when the journal cannot be read; the link then tries again later.
  func records(after sequence: UInt64, limit: Int) async throws -> [PlacementRecord]
  /// Returns as soon as there is a record above `sequence`, or when the task is cancelled.
  func waitForRecords(after sequence: UInt64) async
  /// The coordinator has stored everything up to and with `sequence` durably; it will not be asked for again.
  func acknowledge(through sequence: UInt64) async
}
