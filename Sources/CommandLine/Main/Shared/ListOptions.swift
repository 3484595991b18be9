internal import ArgumentParser

struct ListOptions: ParsableArguments {
  @Option(help: "Print at most so many, 1 to 1000.")
  var limit: Int = 100

  func validate() throws {
    guard (1...1000).contains(limit) else {
      throw ValidationError("--limit \(limit): it must be from 1 to 1000")
    }
  }

  var query: [(String, String)] { [("limit", "\(limit)")] }
}
