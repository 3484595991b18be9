internal import Foundation
internal import LinuxSystem

/// A record as it was found: whatever can be read of it is used.
enum RecordFile {
  case whole(HoldRecord)
  /// Some actions could not be read.
  case partial(HoldRecord, reason: String)
  case unreadable(reason: String)

  static func read(_ path: String) -> RecordFile {
    let data: Data
    do {
      data = Data(try TextFile.bytes(path, limit: HoldRecordStore.largestRecord))
    } catch {
      return .unreadable(reason: "\(error)")
    }
    return RecordFile(data)
  }

  init(_ data: Data) { self = Self.parse(data) }

  private static func parse(_ data: Data) -> RecordFile {
    do {
      let record = try JSONDecoder().decode(HoldRecord.self, from: data)
      guard record.version == HoldRecord.currentVersion else {
        return .partial(record, reason: "it is of version \(record.version)")
      }
      return .whole(record)
    } catch {
      guard let lenient = try? JSONDecoder().decode(Lenient.self, from: data) else {
        return .unreadable(reason: "it is no record")
      }
      return .partial(lenient.record, reason: "\(lenient.unread) of its actions are not understood")
    }
  }

  /// Decodes action by action, leaving out those that are not understood.
  private struct Lenient: Decodable {
    var record: HoldRecord
    var unread = 0

    private struct Skipped: Decodable {}

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      record = HoldRecord(
        hold: try container.decode(type(of: record.hold), forKey: .hold),
        member: try container.decode(type(of: record.member), forKey: .member),
        fence: try container.decode(type(of: record.fence), forKey: .fence),
        takenAt: try container.decode(type(of: record.takenAt), forKey: .takenAt), rescue: [])
      var actions = try container.nestedUnkeyedContainer(forKey: .rescue)
      while !actions.isAtEnd {
        if let action = try? actions.decode(RescueRecord.self) {
          record.rescue.append(action)
        } else {
          _ = try actions.decode(Skipped.self)
          unread += 1
        }
      }
    }

    private enum Key: CodingKey { case hold, member, fence, takenAt, rescue }
  }
}
