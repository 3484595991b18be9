import Foundation

/// The entry points that libFuzzer calls, and the program's own, which hands the options on to it.
///
/// `STILLPOINT_FUZZ_TARGET` names the target. With `STILLPOINT_FUZZ_PREPARE`, a directory, the target's seeds and its
/// dictionary are written there and the program ends.
private let target: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["STILLPOINT_FUZZ_TARGET"] ?? ""
  guard let target = FuzzTarget.named(name) else {
    let known = FuzzTarget.all.map(\.name).joined(separator: " ")
    fatalError("STILLPOINT_FUZZ_TARGET is '\(name)', it must be one of: \(known)")
  }
  return target
}()

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>,
  _ body: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

/// What the package manager calls `main` of this target.
@_cdecl("stillpoint_fuzz_main")
public func fuzzMain(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments) { runFuzzer($0, $1) }
}

@_cdecl("LLVMFuzzerInitialize")
public func initializeFuzzer(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer
) -> CInt {
  let environment = ProcessInfo.processInfo.environment
  if environment["STILLPOINT_FUZZ_LIST"] != nil {
    print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
    exit(0)
  }
  guard let directory = environment["STILLPOINT_FUZZ_PREPARE"] else { return 0 }
  do {
    try prepare(in: directory)
    exit(0)
  } catch {
    fatalError("the seeds of \(target.name) cannot be written to \(directory): \(error)")
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func runFuzzer(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  do {
    try target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
  } catch {
    fatalError("\(target.name): \(error)")
  }
  return 0
}

private func prepare(in directory: String) throws {
  let seeds = directory + "/seeds"
  try FileManager.default.createDirectory(atPath: seeds, withIntermediateDirectories: true)
  for (number, seed) in try target.seeds().enumerated() {
    try Data(seed).write(to: URL(filePath: "\(seeds)/seed-\(number)"))
  }
  let lines = target.words.map { word in
    let escaped = word.utf8.map { byte -> String in
      let isPlain =
        (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
      let digits = String(byte, radix: 16)
      return isPlain
        ? String(UnicodeScalar(byte)) : "\\x" + (digits.count == 1 ? "0" : "") + digits
    }
    return "\"" + escaped.joined() + "\"\n"
  }
  try Data(lines.joined().utf8).write(to: URL(filePath: directory + "/words"))
}
