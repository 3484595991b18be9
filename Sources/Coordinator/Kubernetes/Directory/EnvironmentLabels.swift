internal import Model

/// What labels of a namespace say of the environment that it is.
enum EnvironmentLabels {
  /// Ours first; the others are what people use without an agreement.
  private static let names = [
    "stillpoint.dev/environment", "app.kubernetes.io/environment", "environment", "env",
  ]

  /// Nil where no label says one that is known, so that nothing is guessed.
  static func environment(_ labels: [String: String]) -> Environment? {
    for name in names {
      switch labels[name]?.lowercased() {
      case "production", "prod", "live": return .production
      case "staging", "stage", "preproduction": return .staging
      case "test", "testing", "qa": return .test
      case "development", "dev": return .development
      default: continue
      }
    }
    return nil
  }
}
