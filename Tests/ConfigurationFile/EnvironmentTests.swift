import ConfigurationFile
import Testing

struct EnvironmentTests {
  private struct Settings: Decodable, Equatable {
    var node: String
    var port: Int?
    var drivers: [[String: String]]?
  }

  private func parse(_ text: String, _ environment: [String: String] = [:])
    throws(ConfigurationError) -> Settings
  {
    try ConfigurationFile.parse(
      text, of: "agent.yaml", as: Settings.self, keys: ["node", "port", "drivers"],
      environment: environment)
  }

  @Test func `values come from the environment, wherever they are`() throws {
    let settings = try parse(
      "node: ${NODE}\nport: ${PORT}\ndrivers: [{socket: '${DIR}/csi-${NODE}.sock'}]\n",
      ["NODE": "node-1", "PORT": "7443", "DIR": "/run"])
    #expect(
      settings
        == Settings(node: "node-1", port: 7443, drivers: [["socket": "/run/csi-node-1.sock"]]))
  }

  @Test func `a value from the environment stays one value`() throws {
    let hostile = "a\nport: 1"
    #expect(try parse("node: ${NODE}", ["NODE": hostile]) == Settings(node: hostile))
  }

  @Test func `a doubled dollar stands for itself`() throws {
    #expect(try parse("node: pa$${NODE}$", ["NODE": "no"]).node == "pa${NODE}$")
  }

  @Test(arguments: [
    (
      "port: 1\nnode: ${NODE}",
      "agent.yaml:2: environment variable 'NODE' is not set"
    ),
    ("node: ${NODE", "agent.yaml:1: '${' without its '}' in '${NODE'"),
  ])
  func `what cannot be filled is an error with its line`(text: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) { try parse(text) }
    #expect(error?.message == message)
  }
}
