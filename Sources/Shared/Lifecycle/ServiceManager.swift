internal import Foundation
internal import Glibc

/// Tells systemd how this program is doing (sd_notify(3)); does nothing where nobody listens.
package enum ServiceManager {
  /// The program serves.
  package static func ready() { send("READY=1") }
  package static func stopping() { send("STOPPING=1") }
  package static func alive() { send("WATCHDOG=1") }

  /// How often `alive` must be said at least; nil when nobody watches (sd_watchdog_enabled(3)).
  package static var watchdogInterval: Duration? {
    guard let text = ProcessInfo.processInfo.environment["WATCHDOG_USEC"],
      let microseconds = Int64(text), microseconds > 0
    else { return nil }
    return .microseconds(microseconds / 2)
  }

  private static func send(_ message: String) {
    guard let path = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"], !path.isEmpty else {
      return
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var name = Array(path.utf8)
    // A leading '@' stands for the zero byte of the abstract namespace.
    if name.first == UInt8(ascii: "@") { name[0] = 0 }
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
    // What cannot be told is only missed by the service manager, which then acts as configured.
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, message, message.utf8.count, 0, $0, length)
      }
    }
  }
}
