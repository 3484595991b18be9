package import Model

extension ServiceName {
  /// The labels that name a container's service where no controller's do, the strongest first.
  private static let labels = ["app.kubernetes.io/name", "app"]

  /// Those that the name is found by. A container's other labels are left out before them.
  static let telling = labels + PodController.labels

  /// The service that a container belongs to: what its pod belongs to by the labels that the controllers of a cluster set
  /// (`PodController`), else the label `app.kubernetes.io/name`, else `app`, else the container's own name, else `container-`
  /// with the first 12 characters of its ID.
  ///
  /// The text becomes a valid name by these steps: letters become lower case, every other character that a name cannot
  /// have becomes '-', at most 63 characters are kept, and what is not a letter or digit is cut off both ends. A text of
  /// which nothing remains counts as absent. Texts that differ only in what these steps change name one service.
  package init(of container: ObservedContainer) {
    let controller = PodController.name(ofPod: container.pod, labels: container.labels)
    let texts =
      [controller].compactMap { $0 } + Self.labels.compactMap { container.labels[$0] }
      + [container.name]
    for text in texts {
      if let name = Self.sanitised(text) {
        self = name
        return
      }
    }
    self = Self.sanitised("container-" + container.id.text.prefix(12)) ?? Self.nameless
  }

  private static let nameless = ServiceName(accepted: "container")

  private static func sanitised(_ text: String) -> ServiceName? {
    let allowed = text.lowercased().unicodeScalars.map { scalar -> Character in
      switch scalar {
      case "a"..."z", "0"..."9", "-", ".": Character(scalar)
      default: "-"
      }
    }
    let isEnd = { (character: Character) in character == "-" || character == "." }
    var kept = allowed.drop(while: isEnd).prefix(63)
    while let last = kept.last, isEnd(last) { kept.removeLast() }
    return try? ServiceName(String(kept))
  }
}
