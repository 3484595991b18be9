internal import DemoFleet

/// How to go on with a fleet that was left running.
struct Exploration {
  /// Commands to copy, with what they do.
  let text: String

  init(of fleet: Fleet, directory: FleetDirectory, programs: ProgramSet) {
    let shell = fleet.coordinator.shell
    let cart = fleet.node(of: .cart)
    text = """

      The fleet keeps running. As the operator of it:
        export STILLPOINT_CONFIG=\(shell.credentials)
        alias stillpoint=\(shell.program)
        stillpoint status
        stillpoint service where orders
        stillpoint backup list
        stillpoint backup create shop --wait
        stillpoint audit list
      Its containers, logs and files:
        ctr --address \(cart.engine.socket) --namespace k8s.io containers list
        ls \(directory.logs)
      Remove it:
        \(programs.directory)/stillpoint-demo clean
      """
  }
}
