extension Timestamp: CustomStringConvertible {
  /// Creates a timestamp from ISO 8601 text.
  ///
  /// ```text
  /// 2023-12-31                       midnight UTC
  /// 2023-12-31T23:59                 UTC; seconds may be left out
  /// 2023-12-31T23:59:59Z             UTC
  /// 2023-12-31 23:59:59.123456789    a space for the T, up to nine digits of fraction, UTC
  /// 2023-12-31T23:59:59+05:30        an offset from UTC
  /// ```
  ///
  /// Everything else is refused, 24:00 and leap seconds too.
  ///
  /// - Parameter text: The text, without blanks around it.
  /// - Throws: `DataError.invalidTimestamp` with the text, or because the time is out of range.
  public init(parsing text: String) throws(DataError) {
    let bytes = Array(text.utf8)
    switch Self.parse(bytes.span) {
    case .timestamp(let timestamp): self = timestamp
    case .outOfRange: throw .invalidTimestamp(row: nil, reason: .outOfRange)
    case .unreadable:
      throw .invalidTimestamp(row: nil, reason: .unreadable(text: text.excerpt))
    }
  }

  /// The time in ISO 8601: the date alone at midnight, as many digits of fraction as are needed.
  public var description: String {
    let civil = civil
    var bytes: [UInt8] = []
    bytes.reserveCapacity(30)
    bytes.appendPadded(civil.year, digitCount: 4)
    bytes.append(UInt8(ascii: "-"))
    bytes.appendPadded(civil.month, digitCount: 2)
    bytes.append(UInt8(ascii: "-"))
    bytes.appendPadded(civil.day, digitCount: 2)
    guard civil.hour != 0 || civil.minute != 0 || civil.second != 0 || civil.nanosecond != 0 else {
      return String(decoding: bytes, as: UTF8.self)
    }
    bytes.append(UInt8(ascii: "T"))
    bytes.appendPadded(civil.hour, digitCount: 2)
    bytes.append(UInt8(ascii: ":"))
    bytes.appendPadded(civil.minute, digitCount: 2)
    bytes.append(UInt8(ascii: ":"))
    bytes.appendPadded(civil.second, digitCount: 2)
    if civil.nanosecond != 0 {
      bytes.append(UInt8(ascii: "."))
      bytes.appendPadded(civil.nanosecond, digitCount: 9)
      while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
    }
    bytes.append(UInt8(ascii: "Z"))
    return String(decoding: bytes, as: UTF8.self)
  }
}

// MARK: - Reading

extension Timestamp {
  /// What became of a text.
  enum ParseResult {
    case timestamp(Timestamp)
    case unreadable
    case outOfRange
  }

  /// Reads ISO 8601 bytes.
  static func parse(_ text: borrowing Span<UInt8>) -> ParseResult {
    var position = 0
    guard
      let year = text.digits(4, &position), text.skip("-", &position),
      let month = text.digits(2, &position), text.skip("-", &position),
      let day = text.digits(2, &position),
      (1...12).contains(month), day >= 1, day <= dayCount(year: year, month: month)
    else { return .unreadable }
    guard years.contains(year) else { return .outOfRange }
    var seconds = daysSinceEpoch(year: year, month: month, day: day) * 86_400
    var nanosecond = 0
    if position < text.count {
      guard let time = timeOfDay(text, &position), position == text.count else {
        return .unreadable
      }
      seconds += Int64(time.second)
      nanosecond = time.nanosecond
    }
    guard let timestamp = Timestamp(secondsSinceEpoch: seconds, nanosecond: Int64(nanosecond))
    else { return .outOfRange }
    return .timestamp(timestamp)
  }

  /// Reads `Thh:mm[:ss[.fraction]][Z|±hh:mm]` as seconds of the day in UTC and nanoseconds.
  private static func timeOfDay(
    _ text: borrowing Span<UInt8>,
    _ position: inout Int
  ) -> (second: Int, nanosecond: Int)? {
    guard text.skip("T", &position) || text.skip(" ", &position),
      let hour = text.digits(2, &position), hour <= 23, text.skip(":", &position),
      let minute = text.digits(2, &position), minute <= 59
    else { return nil }
    var second = hour * 3600 + minute * 60
    var nanosecond = 0
    if text.skip(":", &position) {
      guard let secondOfMinute = text.digits(2, &position), secondOfMinute <= 59 else { return nil }
      second += secondOfMinute
      if text.skip(".", &position) {
        var unit = 100_000_000
        let start = position
        while unit > 0, let digit = text.digits(1, &position) {
          nanosecond += digit * unit
          unit /= 10
        }
        guard position > start else { return nil }
      }
    }
    if text.skip("Z", &position) { return (second, nanosecond) }
    let isEast = text.skip("+", &position)
    if isEast || text.skip("-", &position) {
      guard let hours = text.digits(2, &position), hours <= 23, text.skip(":", &position),
        let minutes = text.digits(2, &position), minutes <= 59
      else { return nil }
      second += (hours * 3600 + minutes * 60) * (isEast ? -1 : 1)
    }
    return (second, nanosecond)
  }
}

extension Span where Element == UInt8 {
  /// Reads some decimal digits and moves on; nil, without moving, when there are fewer.
  fileprivate func digits(_ digitCount: Int, _ position: inout Int) -> Int? {
    guard position + digitCount <= count else { return nil }
    var value = 0
    for i in position..<(position + digitCount) {
      let digit = self[i] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value * 10 + Int(digit)
    }
    position += digitCount
    return value
  }

  /// Moves over one character if it stands here.
  fileprivate func skip(_ character: Unicode.Scalar, _ position: inout Int) -> Bool {
    guard position < count, self[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }
}

extension [UInt8] {
  /// Appends a number that is not negative, filled up with zeros on the left.
  fileprivate mutating func appendPadded(_ value: Int, digitCount: Int) {
    var unit = 1
    for _ in 1..<digitCount { unit *= 10 }
    while unit > 0 {
      append(UInt8(ascii: "0") + UInt8(value / unit % 10))
      unit /= 10
    }
  }
}

extension String {
  /// The text, cut where it is too long for an error.
  var excerpt: String {
    let longest = 80
    guard utf8.count > longest else { return self }
    // By scalars: one character may hold any number of combining marks.
    var cut = String.UnicodeScalarView()
    cut.append(contentsOf: unicodeScalars.prefix(longest))
    return String(cut) + "…"
  }
}
