package import CutProtocol

/// Where reports to the coordinator go. Delivery is the link's matter: a report that could not be sent is lost, except
/// certificates, which the agent keeps and gives again when it is asked.
package protocol ReportSink: Sendable {
  /// Hands the report to the link; returns as soon as it is queued. The queue is bounded; a full one drops the connection.
  func send(_ report: CutReport) async
}
