package import Logging

/// A level of the log, as it is written on a command line.
package enum LogLevel: String, CaseIterable, Sendable {
  case trace, debug, info, notice, warning, error, critical

  package var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
