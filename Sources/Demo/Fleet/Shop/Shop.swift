internal import FoundationEssentials
internal import Glibc

/// The demo's application: three stores on three nodes, and the checkout that writes to all of them.
package struct Shop: Sendable {
  /// The stores, causes before effects: a payment names an order, an event names a payment.
  package enum Store: String, CaseIterable, Sendable {
    case orders, payments, cart

    /// The server's port.
    package var port: Int {
      switch self {
      case .orders: 5432
      case .payments: 3306
      case .cart: 6379
      }
    }

    /// Where the volume is mounted in the container.
    package var mountPath: String {
      switch self {
      case .orders: "/var/lib/postgresql/data"
      case .payments: "/var/lib/mysql"
      case .cart: "/data"
      }
    }

    /// The user of this machine that the server runs as.
    var user: String {
      switch self {
      case .orders: "postgres"
      case .payments: "mysql"
      case .cart: "redis"
      }
    }
  }

  /// The directory of the shop's scripts and plan.
  package let files: String
  /// The checkout's password at the two databases.
  private let password: String
  /// The host of each store.
  private var addresses: [Store: String]

  /// - Parameters:
  ///   - files: the directory `demo` of the source tree.
  ///   - addresses: where each store is reached.
  package init(files: String, addresses: [Store: String]) throws {
    guard FileManager.default.fileExists(atPath: files + "/checkout.py") else {
      throw DemoError(
        "\(files)/checkout.py does not exist", hint: "start it from the source tree, or say --files"
      )
    }
    self.files = files
    self.addresses = addresses
    password = (0..<4).map { _ in String(UInt32.random(in: 0...UInt32.max), radix: 16) }.joined()
  }

  /// The same shop, with its stores on other hosts: copies that were restored there.
  package func reached(at addresses: [Store: String]) -> Shop {
    var copy = self
    copy.addresses = addresses
    return copy
  }

  /// The server of one store on a volume.
  ///
  /// - Parameter volume: where the node has it mounted.
  package func server(of store: Store, on volume: String) throws -> Workload {
    let account = try Account(store.user)
    guard chown(volume, account.user, account.group) == 0 else {
      throw DemoError("\(volume) could not be given to the user \(store.user)")
    }
    let script = "/srv/\(store.rawValue).sh"
    return Workload(
      name: store.rawValue, command: ["/bin/sh", script], account: account,
      environment: ["SHOP_PASSWORD": password],
      mounts: [
        .init(volume, at: store.mountPath),
        .init("\(files)/\(store.rawValue).sh", at: script, isReadOnly: true),
      ])
  }

  /// The checkout.
  ///
  /// - Parameter directory: where it answers, see ``CheckoutReport``; made here.
  package func checkout(answeringIn directory: String) throws -> Workload {
    let account = try Account("nobody")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    guard chown(directory, account.user, account.group) == 0 else {
      throw DemoError("\(directory) could not be given to the user nobody")
    }
    var environment = environment
    environment["REPORT"] = "/run/checkout/report.sock"
    return Workload(
      name: "checkout", command: ["/usr/bin/python3", "/srv/checkout.py", "run"],
      account: account, environment: environment,
      mounts: [
        .init(directory, at: "/run/checkout"),
        .init("\(files)/checkout.py", at: "/srv/checkout.py", isReadOnly: true),
      ])
  }

  /// Counts what the stores hold; they must be running, and nobody should be writing.
  package func audit() async throws -> Audit {
    let command = Command(
      "/usr/bin/python3", ["\(files)/checkout.py", "check"], environment: environment)
    return try JSONDecoder().decode(Audit.self, from: Data(try await command.run().utf8))
  }

  /// Waits until every store answers.
  package func waitUntilOpen(within limit: Duration) async throws {
    // The last refusal says more than that it took too long.
    var refusal = ""
    do {
      try await waitUntil("an answer of every store", within: limit, every: .milliseconds(100)) {
        do {
          _ = try await audit()
          return true
        } catch let error as DemoError {
          refusal = error.message
          return false
        }
      }
    } catch let error as DemoError {
      throw DemoError("\(error.message): \(refusal)")
    }
  }

  /// Where the stores are, and the password at the databases, for a program that speaks to them.
  package var environment: [String: String] {
    var entries = ["SHOP_PASSWORD": password]
    for (store, address) in addresses {
      entries[store.rawValue.uppercased()] = "\(address):\(store.port)"
    }
    return entries
  }
}
