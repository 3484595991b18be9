package import CutProtocol
package import Logging
package import Model

/// Everything outside itself that an agent's part in a cut uses.
package struct CutEnvironment: Sendable {
  package var node: NodeID
  package var runtime: any ContainerRuntime
  package var quiescer: any Quiescer
  package var snapshots: any SnapshotProvider
  package var guardian: any GuardianLink
  package var rescues: any HoldRecords
  package var signer: any StatementSigner
  package var reports: any ReportSink
  package var identify: @Sendable (ContainerID, Int32) throws -> ProcessIdentity
  package var clock: any CutClock
  package var observer: (any StepObserver)?
  package var logger: Logger

  package init(
    node: NodeID, runtime: any ContainerRuntime, quiescer: any Quiescer,
    snapshots: any SnapshotProvider, guardian: any GuardianLink, rescues: any HoldRecords,
    signer: any StatementSigner, reports: any ReportSink,
    identify: @escaping @Sendable (ContainerID, Int32) throws -> ProcessIdentity,
    clock: any CutClock, observer: (any StepObserver)? = nil, logger: Logger
  ) {
    self.node = node
    self.runtime = runtime
    self.quiescer = quiescer
    self.snapshots = snapshots
    self.guardian = guardian
    self.rescues = rescues
    self.signer = signer
    self.reports = reports
    self.identify = identify
    self.clock = clock
    self.observer = observer
    self.logger = logger
  }
}
