internal import Model

/// Everything that one run of the benchmark found, as Markdown.
struct Report: Sendable {
  var machine: Machine
  var rate: Int
  var probe: RoundTripProbe?
  var idle: IdleProbe?
  var real: [SizeFigures] = []
  var simulated: [SizeFigures] = []

  /// The tables of one fleet size.
  static func tables(_ figures: SizeFigures) -> String {
    var windows = Table(headings: [
      "ms", "window p50", "p90", "p99", "max", "affected p50", "p99", "at one instant",
    ])
    for order in figures.orders {
      windows.rows.append(
        [order.title] + columns(order.window)
          + [
            order.affected.p50.milliseconds, order.affected.p99.milliseconds,
            "\(order.joint) of \(order.cuts)",
          ])
    }
    windows.rows.append(["limit"] + columns(figures.limit) + ["", "", ""])
    var distance = Table(headings: ["quiesced until thaw, ms", "p50", "p90", "p99", "max"])
    distance.rows = [
      ["Stillpoint"] + columns(figures.held), ["limit"] + columns(figures.bound),
      ["Stillpoint ÷ limit, hold by hold"]
        + [
          figures.distance.p50, figures.distance.p90, figures.distance.p99, figures.distance.max,
        ].map { $0.digits(2) },
    ]
    var text = windows.text + "\n\n" + distance.text
    if !figures.phases.isEmpty {
      var phases = Table(headings: ["Stillpoint's steps, ms", "p50", "p90", "p99", "max"])
      phases.rows = figures.phases.map { [$0.name] + columns($0.time) }
      text += "\n\n" + phases.text
    }
    if let advantage = figures.advantage {
      text +=
        "\n\nStillpoint's percentiles are \((figures.held.p50 / figures.bound.p50).digits(2)) × the limit's at the "
        + "median and \((figures.held.p99 / figures.bound.p99).digits(2)) × at p99; the application is affected "
        + "\(advantage.digits(1)) × shorter than service by service."
    }
    return text
  }

  private static func columns(_ values: Percentiles) -> [String] {
    [values.p50, values.p90, values.p99, values.max].map(\.milliseconds)
  }

  private static func heading(_ figures: SizeFigures) -> String {
    let cuts = figures.orders.first?.cuts ?? 0
    return "\(figures.members) members (\(figures.mix)), \(cuts) cuts in \(figures.runs) runs"
  }

  var text: String {
    var parts = [Self.introduction, machine.text]
    if let probe {
      let alone = probe.alone
      parts.append(
        """
        ## Order to report

        An order to an agent and its report back, over mutual TLS on the loopback, one after the other: \
        \(alone.p50.milliseconds) ms at the median, \(alone.p90.milliseconds) ms p90, \(alone.p99.milliseconds) ms p99. \
        Many at once: \(probe.each.shortText) each. The median is the round trip that the limit of the real fleets counts.
        """)
    }
    if !real.isEmpty {
      parts.append(
        "## Real members\n\nEach does \(rate) durable writes a second in a container of its own, on one of three "
          + "nodes, while it is backed up.")
      parts += real.map { "### \(Self.heading($0))\n\n\(Self.tables($0))" }
    }
    if !simulated.isEmpty {
      parts.append(
        "## Simulated members\n\nThe production state machines of coordinator and agents in virtual time: "
          + Latencies.words
          + ". What the coordinator and the agents themselves take for each message was measured on this machine in "
          + "the same run.")
      parts += simulated.map { "### \(Self.heading($0))\n\n\(Self.tables($0))" }
    }
    if let idle {
      var table = Table(headings: ["idle", "CPU, % of a core", "resident, MiB"])
      table.rows = idle.costs.map { [$0.program, $0.cores.digits(2), $0.resident.digits(1)] }
      parts.append(
        "## What it costs while nothing happens\n\nOver \(idle.over.shortText), ten members and their load on each "
          + "node, nobody asking; the mean over the nodes.\n\n\(table.text)")
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static let introduction = """
    # Benchmarks

    Written by `make bench`, which takes about ten minutes as root and changes nothing else of the machine.
    `make bench MEMBERS=3 CUTS=10` is quick and leaves this file alone.

    All orders hold the same members under the same load, in turns, with the same quiescers and the same CSI driver;
    only the order differs:

    - **Stillpoint** takes whole backups: agents, guardian, coordinator, witness, certificates.
    - **service by service** is the order of Velero's hooks: pre hook, snapshot, post hook of one pod, then the next.
    - **barrier, common thaw** is the order of Stork's rules: all pre hooks at once, all snapshots, all post hooks.
    - **limit** is the least that the parts measured in Stillpoint's own cuts allow:
      max(slowest quiesce − own quiesce + 1 round trip, own snapshot).

    The other orders are run by this program without any message, guardian, state token or certificate, and with all
    sessions opened before, so each is as fast as it can be; real tools start a process for every hook.

    *Window* is how long one member was held, from its first quiesce to the end of its thaw: what `backup show` shows.
    *Affected* is for how long at least one member of a cut was held, since an application is made of all its
    services. *At one instant* counts the cuts in which every member was held at one common instant: only then do the
    snapshots fit together. Stillpoint proves it by its witness; of the others it is read from this machine's clock,
    and nothing in them would notice a hold that ended early. Percentiles are by nearest rank, in each run; what is
    shown is the median of the runs.
    """
}
