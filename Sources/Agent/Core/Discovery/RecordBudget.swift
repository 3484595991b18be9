internal import Model

/// How much of what a runtime says of one container goes into a record, so that every record can be delivered: the
/// fleet protocol takes 1 MiB for each. Sizes are bytes of JSON, at most.
enum RecordBudget {
  static let name = 4 << 10
  static let labels = 192 << 10
  static let mounts = 512 << 10

  /// What `text` takes in JSON with its quotation marks: control characters become six bytes, quotation marks,
  /// backslashes and slashes two.
  static func size(of text: String) -> Int {
    text.utf8.reduce(2) { size, byte in
      switch byte {
      case 0..<0x20, 0x7f: size + 6
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): size + 2
      default: size + 1
      }
    }
  }

  static func size(of mount: ContainerMount) -> Int {
    let volume = mount.volume.map {
      size(of: $0.driver.text) + size(of: $0.handle.text) + size(of: $0.publishedAt) + keys
    }
    return size(of: mount.containerPath) + size(of: mount.hostPath) + keys + (volume ?? 0)
  }

  static func size(of mounts: [ContainerMount]) -> Int { mounts.reduce(0) { $0 + size(of: $1) } }

  /// The keys and punctuation of one object, generously.
  private static let keys = 80

  /// The longest beginning of `text` that fits.
  static func cut(_ text: String) -> String {
    guard size(of: text) > name else { return text }
    var kept = ""
    var size = 2
    for scalar in text.unicodeScalars {
      size += Self.size(of: String(scalar)) - 2
      if size > name { break }
      kept.unicodeScalars.append(scalar)
    }
    return kept
  }
}

extension ObservedContainer {
  /// The container with as much of its description as fits: what names its service first, then the shorter labels;
  /// mounts of volumes first, then in the runtime's order. What is kept is kept whole, apart from names.
  package func withinBudget() -> ObservedContainer {
    var kept = self
    for path in [
      \ObservedContainer.name, \.pod, \.podUID, \.namespace, \.image, \.imageDigest,
    ] { kept[keyPath: path] = RecordBudget.cut(kept[keyPath: path]) }
    let isCut = kept != self
    kept.labels = Self.fitting(labels)
    kept.mounts = Self.fitting(mounts)
    let omission = Omission(
      labels: labels.count - kept.labels.count, mounts: mounts.count - kept.mounts.count,
      names: isCut)
    kept.omitted = omission.text.isEmpty ? nil : omission
    return kept
  }

  private static func fitting(_ labels: [String: String]) -> [String: String] {
    func size(_ label: (key: String, value: String)) -> Int {
      RecordBudget.size(of: label.key) + RecordBudget.size(of: label.value) + 2
    }
    if labels.reduce(0, { $0 + size($1) }) <= RecordBudget.labels { return labels }
    let ordered = labels.map {
      (label: $0, size: size($0), isName: ServiceName.telling.contains($0.key))
    }
    .sorted {
      if $0.isName != $1.isName { return $0.isName }
      return ($0.size, $0.label.key) < ($1.size, $1.label.key)
    }
    var kept: [String: String] = [:]
    var left = RecordBudget.labels
    for entry in ordered where entry.size <= left {
      left -= entry.size
      kept[entry.label.key] = entry.label.value
    }
    return kept
  }

  private static func fitting(_ mounts: [ContainerMount]) -> [ContainerMount] {
    if RecordBudget.size(of: mounts) <= RecordBudget.mounts { return mounts }
    var kept: Set<Int> = []
    var left = RecordBudget.mounts
    let volumesFirst =
      mounts.indices.filter { mounts[$0].volume != nil }
      + mounts.indices.filter { mounts[$0].volume == nil }
    for index in volumesFirst {
      let size = RecordBudget.size(of: mounts[index])
      guard size <= left else { continue }
      left -= size
      kept.insert(index)
    }
    return mounts.indices.filter(kept.contains).map { mounts[$0] }
  }
}
