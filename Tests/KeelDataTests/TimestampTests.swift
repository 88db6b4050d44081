import KeelData
import KeelTestSupport
import Testing

private struct TimestampReference: Decodable {
  struct Case: Decodable {
    let parts: [Int]
    let text: String
    let nanoseconds: String
  }

  struct Offset: Decodable {
    let text: String
    let nanoseconds: String
  }

  let cases: [Case]
  let offsets: [Offset]
}

@Suite struct TimestampTests {
  @Test func matchesReference() throws {
    let reference = try Reference.load(TimestampReference.self, "timestamps")
    #expect(reference.cases.count > 300)
    for row in reference.cases {
      let nanoseconds = try #require(Int64(row.nanoseconds))
      let p = row.parts
      let timestamp = try Timestamp(
        year: p[0], month: p[1], day: p[2], hour: p[3], minute: p[4], second: p[5],
        nanosecond: p[6])
      #expect(timestamp.nanosecondsSinceEpoch == nanoseconds, "\(row.text)")
      #expect(try Timestamp(parsing: row.text) == timestamp, "\(row.text)")
      let civil = timestamp.civil
      #expect(
        [
          civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second,
          civil.nanosecond,
        ] == p)
      #expect(try Timestamp(parsing: timestamp.description) == timestamp)
    }
  }

  @Test func readsOffsets() throws {
    let reference = try Reference.load(TimestampReference.self, "timestamps")
    for row in reference.offsets {
      #expect(
        try Timestamp(parsing: row.text).nanosecondsSinceEpoch == Int64(row.nanoseconds),
        "\(row.text)")
    }
  }

  @Test(arguments: 1...50)
  func everyNanosecondCountHasOneText(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<100 {
      let timestamp = Timestamp(
        nanosecondsSinceEpoch: .random(in: .min ... .max, using: &generator))
      let c = timestamp.civil
      #expect(
        try Timestamp(
          year: c.year, month: c.month, day: c.day, hour: c.hour, minute: c.minute,
          second: c.second, nanosecond: c.nanosecond) == timestamp)
      #expect(try Timestamp(parsing: timestamp.description) == timestamp)
    }
  }

  @Test func everyDayFollowsTheOneBefore() throws {
    var day = try Timestamp(year: 1677, month: 9, day: 22)
    var last = day.civil
    for _ in 0..<213_000 {
      day = try day.advanced(byDays: 1)
      let next = day.civil
      let isNextDay =
        (next.year == last.year && next.month == last.month && next.day == last.day + 1)
        || (next.day == 1 && next.month == last.month + 1 && next.year == last.year)
        || (next.day == 1 && next.month == 1 && last.month == 12 && next.year == last.year + 1)
      if !isNextDay { Issue.record("\(day)") }
      last = next
    }
  }

  @Test func endsOfRange() throws {
    #expect(Timestamp.distantPast.description == "1677-09-21T00:12:43.145224192Z")
    #expect(Timestamp.distantFuture.description == "2262-04-11T23:47:16.854775807Z")
    for end in [Timestamp.distantPast, .distantFuture] {
      #expect(try Timestamp(parsing: end.description) == end)
    }
    for text in [
      "1677-09-21T00:12:43.145224191Z", "2262-04-11T23:47:16.854775808Z", "1676-12-31",
      "2263-01-01", "0000-01-01", "9999-12-31", "1677-01-01",
    ] {
      #expect(throws: DataError.invalidTimestamp(row: nil, reason: .outOfRange), "\(text)") {
        try Timestamp(parsing: text)
      }
    }
  }

  @Test func acceptedForms() throws {
    let noon = try Timestamp(year: 2023, month: 12, day: 31, hour: 12)
    for text in [
      "2023-12-31T12:00", "2023-12-31 12:00", "2023-12-31T12:00Z", "2023-12-31T12:00:00",
      "2023-12-31T12:00:00.000Z", "2023-12-31T13:30:00+01:30", "2023-12-31T04:00:00.0-08:00",
    ] {
      #expect(try Timestamp(parsing: text) == noon, "\(text)")
    }
    #expect(try Timestamp(parsing: "2023-12-31").description == "2023-12-31")
    #expect(noon.description == "2023-12-31T12:00:00Z")
    #expect(
      try Timestamp(parsing: "2023-12-31T00:00:00.5Z").description == "2023-12-31T00:00:00.5Z")
  }

  @Test(arguments: [
    "", " ", "2023", "2023-12", "2023-1-1", "2023-13-01", "2023-00-10", "2023-02-29", "2023-04-31",
    "2023-01-00", "20231231", "31.12.2023", "12/31/2023", "2023-12-31T", "2023-12-31Z",
    "2023-12-31T24:00:00Z", "2023-12-31T23:60:00Z", "2023-12-31T23:59:60Z", "2023-12-31T1:00",
    "2023-12-31T12:00:00.Z", "2023-12-31T12:00:00.1234567890Z", "2023-12-31T12:00:00+0100",
    "2023-12-31T12:00:00+01", "2023-12-31T12:00:00+24:00", "2023-12-31T12:00:00+01:60",
    "2023-12-31t12:00:00z", " 2023-12-31", "2023-12-31 ", "-2023-12-31", "2023-12-31T12:00:00ZZ",
    "٢٠٢٣-12-31", "2023–12–31", "NaN", "1700000000",
  ])
  func refuses(text: String) {
    #expect(throws: DataError.invalidTimestamp(row: nil, reason: .unreadable(text: text))) {
      try Timestamp(parsing: text)
    }
  }

  @Test func namesThePartOutOfRange() {
    for (parts, name) in [
      ([Int.min, 1, 1, 0, 0, 0, 0], "year"), ([2000, 13, 1, 0, 0, 0, 0], "month"),
      ([2000, 1, Int.max, 0, 0, 0, 0], "day"), ([2000, 1, 1, -1, 0, 0, 0], "hour"),
      ([2000, 1, 1, 0, 60, 0, 0], "minute"), ([2000, 1, 1, 0, 0, 60, 0], "second"),
      ([2000, 1, 1, 0, 0, 0, Int.max], "nanosecond"),
    ] {
      let error = #expect(throws: DataError.self) {
        try Timestamp(
          year: parts[0], month: parts[1], day: parts[2], hour: parts[3], minute: parts[4],
          second: parts[5], nanosecond: parts[6])
      }
      guard case .invalidValue(let argument, _, _, _, _, _) = error else {
        Issue.record("\(name)")
        continue
      }
      #expect(argument == name)
    }
  }

  @Test func durations() throws {
    let start = try Timestamp(parsing: "2023-01-01")
    let end = try Timestamp(parsing: "2024-01-01T12:00:00Z")
    #expect(end.years(since: start) == 365.5 / 365)
    #expect(start.years(since: end) == -365.5 / 365)
    #expect(end.seconds(since: start) == 365.5 * 86_400)
    #expect(try start.advanced(byDays: 365).advanced(bySeconds: 43_200) == end)
    #expect(try end.advanced(byDays: -365).advanced(byNanoseconds: -43_200_000_000_000) == start)
    let range = Timestamp.distantFuture.seconds(since: .distantPast)
    #expect(range == 18_446_744_073.709551615)
    #expect(Timestamp.distantPast.seconds(since: .distantFuture) == -range)
    for days in [Int.max, Int.min, 10_000_000_000, -10_000_000_000] {
      #expect(throws: DataError.self) { try start.advanced(byDays: days) }
      #expect(throws: DataError.self) { try start.advanced(bySeconds: days) }
    }
    #expect(throws: DataError.self) { try start.advanced(byNanoseconds: .max) }
  }
}
