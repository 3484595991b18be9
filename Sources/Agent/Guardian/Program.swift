internal import CLinux
internal import Glibc
internal import Release

/// `stillpoint-guardian`: started by the agent with its socket as descriptor 3, ends every hold that the agent does not end.
@main
struct Program {
  private static let socket: Int32 = 3

  static func main() {
    if CommandLine.arguments.dropFirst() == ["--version"] {
      print(Release.version)
      exit(0)
    }
    var kind: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(socket, SOL_SOCKET, SO_TYPE, &kind, &length) == 0,
      kind == Int32(SOCK_SEQPACKET.rawValue)
    else {
      let text = "stillpoint-guardian: started by stillpoint-agent only; it takes no commands\n"
      _ = text.withCString { write(2, $0, strlen($0)) }
      exit(64)
    }
    let protection = Protection.raise()
    var shell = GuardianShell(socket: socket, protection: protection)
    shell.runUntilFinished()
    exit(0)
  }
}
