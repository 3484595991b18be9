import CutModel
import CutProtocol
import Model

/// One state of everything, as numbers: which state each part is in, and which messages were ever sent.
struct World: Hashable {
  /// As many as any search has.
  static let most = 3
  var coordinator: UInt32
  var crashesLeft: UInt8
  var thirdPartiesLeft: UInt8
  var nodes: InlineArray<3, UInt32>
  var sent: InlineArray<3, UInt64>

  static func == (left: World, right: World) -> Bool {
    var same =
      left.coordinator == right.coordinator && left.crashesLeft == right.crashesLeft
      && left.thirdPartiesLeft == right.thirdPartiesLeft
    for index in 0..<most {
      same =
        same && left.nodes[index] == right.nodes[index] && left.sent[index] == right.sent[index]
    }
    return same
  }

  /// Multiplied and folded, word by word: a few machine instructions where `Hasher` takes hundreds.
  var digest: UInt64 {
    var digest =
      UInt64(coordinator) << 16 | UInt64(crashesLeft) << 8 | UInt64(thirdPartiesLeft)
    for index in 0..<Self.most {
      digest = Self.fold(digest ^ UInt64(nodes[index]), 0x9e37_79b9_7f4a_7c15)
      digest = Self.fold(digest ^ sent[index], 0xd6e8_feb8_6659_fd93)
    }
    return digest
  }

  private static func fold(_ value: UInt64, _ factor: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: factor)
    return product.high ^ product.low ^ value
  }

  func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
