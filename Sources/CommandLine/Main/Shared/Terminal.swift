internal import CommandLineKit
internal import Foundation

/// What the standard streams are connected to.
enum Terminal {
  /// Columns to draw in; 100 where nothing says.
  static var width: Int {
    let environment = ProcessInfo.processInfo.environment
    if let text = environment["COLUMNS"], let columns = Int(text), columns > 0 {
      return min(columns, 400)
    }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return min(Int(size.ws_col), 400)
  }

  /// Whether the locale's encoding is UTF-8 (locale(7): the first of these that is set decides).
  static var style: Timeline.Style {
    let environment = ProcessInfo.processInfo.environment
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }
      .first { !$0.isEmpty }
    let name = (locale ?? "").lowercased()
    return name.contains("utf-8") || name.contains("utf8") ? .unicode : .ascii
  }
}

/// Writes text that ends its own lines.
func printText(_ text: String) {
  print(text, terminator: "")
  // What is printed must not wait behind a pipe's buffer while a command goes on.
  fflush(nil)
}

func printError(_ text: String) {
  var text = text
  if !text.hasSuffix("\n") { text += "\n" }
  FileHandle.standardError.write(Data(text.utf8))
}
