internal import Glibc

/// A user of this machine by number, as a container has to be told it.
package struct Account: Hashable, Sendable {
  package var user: UInt32
  package var group: UInt32

  package static let root = Account(user: 0, group: 0)

  private init(user: UInt32, group: UInt32) {
    self.user = user
    self.group = group
  }

  /// - Throws: ``DemoError`` when this machine has no such user.
  package init(_ name: String) throws {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    let size = 16_384
    var buffer = [CChar](repeating: 0, count: size)
    let error = getpwnam_r(name, &entry, &buffer, size, &found)
    guard error == 0, found != nil else {
      throw DemoError(
        "this machine has no user '\(name)'", hint: "install the packages: scripts/install-packages"
      )
    }
    user = entry.pw_uid
    group = entry.pw_gid
  }
}
