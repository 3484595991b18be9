/// A time in the form of RFC 3339, section 5.6.
///
/// Foundation's parser accepts hours and days that do not exist and rolls them over; where an operator asks what ran at
/// a time, that would be a wrong answer instead of an error.
struct RFC3339 {
  /// Since 1970-01-01T00:00:00Z.
  var milliseconds: Int64

  init?(_ text: String) {
    // Longer than any fraction that a clock can tell.
    guard text.utf8.count <= 64 else { return nil }
    var reader = DigitReader(text)
    guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2),
      reader.skip("-"), let day = reader.number(2), reader.skip("T") || reader.skip("t"),
      let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2),
      reader.skip(":"), let second = reader.number(2)
    else { return nil }
    // Second 60 is a leap second, which is the first of the next minute here.
    guard (1...12).contains(month), (1...Self.days(of: month, in: year)).contains(day), hour < 24,
      minute < 60, second <= 60
    else { return nil }
    guard let fraction = reader.skip(".") ? reader.milliseconds() : 0, let offset = reader.offset(),
      reader.isAtEnd
    else { return nil }
    let days = Self.daysSince1970(year, month, day)
    let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second
    milliseconds = seconds * 1000 + fraction
  }

  private static func days(of month: Int64, in year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days of the proleptic Gregorian calendar. Years are counted from March, so that the leap day is the last one.
  private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month > 2 ? year : year - 1
    let monthFromMarch = (month + 9) % 12
    // The months from March on have 31, 30, 31, 30, 31 days, again and again.
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    // Up to year 0 exclusive no text has four digits, but January of year 0 belongs to the year before.
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    // 719468 days lie between 0000-03-01 and 1970-01-01.
    return era * 146_097 + dayOfEra - 719_468
  }
}

/// Reads fixed fields of ASCII digits.
private struct DigitReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { position == bytes.count }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func digit() -> Int64? {
    guard position < bytes.count,
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
    else { return nil }
    defer { position += 1 }
    return Int64(bytes[position] - UInt8(ascii: "0"))
  }

  mutating func number(_ digits: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// At least one digit of a second's fraction.
  mutating func milliseconds() -> Int64? {
    guard var value = digit() else { return nil }
    var count = 1
    while let digit = digit() {
      if count < 3 { value = value * 10 + digit }
      count += 1
    }
    for _ in 0..<max(0, 3 - count) { value *= 10 }
    return value
  }

  /// Minutes east of UTC.
  mutating func offset() -> Int64? {
    if skip("Z") || skip("z") { return 0 }
    let isWest = skip("-")
    guard isWest || skip("+"), let hours = number(2), skip(":"), let minutes = number(2),
      hours < 24, minutes < 60
    else { return nil }
    return (hours * 60 + minutes) * (isWest ? -1 : 1)
  }
}
