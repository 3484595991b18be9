internal import FoundationEssentials
internal import Model

/// One thing that a journal file says. A frame carries a JSON array of them.
enum JournalEntry: Hashable, Codable, Sendable {
  /// The first entry of every file.
  case header(JournalHeader)
  /// Part of the snapshot that a file begins with.
  case running(Placement)
  case closed(ContainerID, Timestamp)
  /// A record for the coordinator. It also changes what is known, unless the snapshot already contains it.
  case record(PlacementRecord)
  /// What follows was seen in this boot of the node.
  case booted(String)

  /// Frame payloads, each an array of as many entries as fit comfortably.
  static func payloads(of entries: [JournalEntry]) throws -> [(
    entries: [JournalEntry], bytes: [UInt8]
  )] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var payloads: [(entries: [JournalEntry], bytes: [UInt8])] = []
    for entry in entries {
      let text = Array(try encoder.encode(entry))
      guard text.count + 2 <= JournalFrame.largestPayload else {
        throw JournalError(
          .io, "a record of \(text.count) bytes is larger than the journal takes")
      }
      if let last = payloads.last, last.bytes.count + text.count < Self.comfortablePayload {
        let index = payloads.count - 1
        payloads[index].entries.append(entry)
        payloads[index].bytes[last.bytes.count - 1] = UInt8(ascii: ",")
        payloads[index].bytes += text + [UInt8(ascii: "]")]
      } else {
        payloads.append(([entry], [UInt8(ascii: "[")] + text + [UInt8(ascii: "]")]))
      }
    }
    return payloads
  }

  static func entries(in payload: some Sequence<UInt8>) throws -> [JournalEntry] {
    try JSONDecoder().decode([JournalEntry].self, from: Data(payload))
  }

  private static let comfortablePayload = 256 << 10
}

struct JournalHeader: Hashable, Codable, Sendable {
  /// The only format so far.
  static let currentFormat = 1
  /// Numbers count up from 1, and must be able to go on from any that a file may begin with.
  static let lastNumber = UInt64.max / 2

  var format: Int
  /// The journal's ID: 32 hexadecimal digits, chosen when it began.
  var journal: String
  var node: NodeID
  /// Names this file among all that the journal has had; a rewrite begins another.
  var file: UInt64
  /// Records up to here were acknowledged and are not in the file.
  var base: UInt64
  /// The snapshot contains every record up to here; those of them that the file has are only for delivery.
  var snapshotThrough: UInt64
  /// The boot ID of the node when the snapshot was made; nil before it was first told.
  var boot: String?
}

/// As much of a first frame as is needed to refuse a file of another format by its number.
struct JournalFormat {
  let number: Int

  init?(in payload: ArraySlice<UInt8>) {
    struct Body: Decodable { var format: Int }
    struct Header: Decodable { var _0: Body }
    struct Entry: Decodable { var header: Header }
    guard let first = try? JSONDecoder().decode([Entry].self, from: Data(payload)).first
    else { return nil }
    number = first.header._0.format
  }
}
