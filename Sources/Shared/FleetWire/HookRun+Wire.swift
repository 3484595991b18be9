internal import CutProtocol
internal import Model
internal import SwiftProtobuf

extension HookRun {
  init(_ wire: Stillpoint_Fleet_V1_Request.RunHook, _ field: WireField) throws(WireError) {
    let command = try field("command").list(wire.command, limit: WireLimits.words) {
      word, field throws(WireError) in try field.text(word, limit: WireLimits.word)
    }
    guard command.first?.isEmpty == false else { throw field("command").error("it is empty") }
    self.init(
      restore: try field("restore").name(wire.restore),
      backup: try field("backup").name(wire.backup),
      service: try field("service").name(wire.service), number: Int(wire.number),
      namespace: try field("namespace").text(wire.namespace),
      podUID: try field("pod_uid").label(wire.podUid),
      container: try field("container").name(wire.container), command: command,
      timeout: try field("timeout").duration(wire.timeout))
  }

  var wire: Stillpoint_Fleet_V1_Request.RunHook {
    .with {
      $0.restore = restore.text
      $0.backup = backup.text
      $0.service = service.text
      $0.number = UInt32(clamping: number)
      $0.namespace = namespace
      $0.podUid = podUID
      $0.container = container.text
      $0.command = command
      $0.timeout = max(0, timeout.duration.wholeNanoseconds)
    }
  }
}

extension HookResult {
  init(_ wire: Stillpoint_Fleet_V1_HookResult, _ field: WireField) throws(WireError) {
    let ending: Ending =
      switch wire.ending {
      case .exited(let code): .exited(code)
      case .signalled(let number): .signalled(number)
      case .timedOut: .timedOut
      case nil: throw field("ending").error("it is missing")
      }
    self.init(ending, output: try field("output").text(wire.output))
  }

  var wire: Stillpoint_Fleet_V1_HookResult {
    .with {
      switch ending {
      case .exited(let code): $0.exited = code
      case .signalled(let number): $0.signalled = number
      case .timedOut: $0.timedOut = .init()
      }
      $0.output = output
    }
  }
}
