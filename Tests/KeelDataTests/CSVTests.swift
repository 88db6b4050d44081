import Foundation
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

private struct DecimalReference: Decodable {
  let cases: [[String]]
}

/// The error of a wide table, as line, column, text and reason.
private struct Refusal: Sendable {
  let text: String
  let line: Int
  let column: Int
  let value: String
  let reason: TableFailure

  init(
    _ text: String,
    _ line: Int,
    _ column: Int,
    _ value: String,
    _ reason: TableFailure
  ) {
    self.text = text
    self.line = line
    self.column = column
    self.value = value
    self.reason = reason
  }

  var error: DataError {
    .invalidTable(file: "p.csv", line: line, column: column, value: value, reason: reason)
  }
}

private func wide(_ text: String) throws(DataError) -> PriceHistory {
  try PriceHistory(wide: CSVTable(text, file: "p.csv"))
}

@Suite struct CSVTests {
  @Test func numbersMatchReference() throws {
    let reference = try Reference.load(DecimalReference.self, "decimals")
    #expect(reference.cases.count > 2000)
    let text = "x,y\n" + reference.cases.map { "\($0[0]),-\($0[0])\n" }.joined()
    let table = try CSVTable(text, file: "decimals.csv")
    for (i, row) in reference.cases.enumerated() {
      let expected = Double(bitPattern: try #require(UInt64(row[1], radix: 16)))
      let value = try table.number(row: i, column: 0)
      if value.bitPattern != expected.bitPattern {
        Issue.record("\(row[0]): \(value), reference \(expected)")
      }
      #expect(try table.number(row: i, column: 1) == -expected)
    }
  }

  @Test(arguments: 1...40)
  func everyDoubleRoundTrips(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var values: [Double] = []
    while values.count < 250 {
      let bits = UInt64.random(in: 0...UInt64.max, using: &generator)
      let any = Double(bitPattern: bits & (1 << 63 - 1))
      if any.isFinite, any > 0 { values.append(any) }
      values.append(generator.uniform(0.0001...100_000))
      values.append((generator.uniform(1...1e7)).rounded() / 100)
    }
    values += [.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 1, 1e16]
    let start = try Timestamp(parsing: "2000-01-01")
    let history = try PriceHistory(
      universe: Universe(["A"]),
      timestamps: values.indices.map { try start.advanced(bySeconds: $0 * 7) },
      prices: Matrix(columns: [values]))
    #expect(try wide(history.wideTable()) == history)
  }

  @Test func readsWhatRFC4180Allows() throws {
    let expected = try wide("date,BTC,ETH\n2020-01-01,1.5,2\n2020-01-02,3,4\n")
    for text in [
      "date,BTC,ETH\r\n2020-01-01,1.5,2\r\n2020-01-02,3,4\r\n",
      "date,BTC,ETH\r2020-01-01,1.5,2\r2020-01-02,3,4",
      "\u{feff}date,BTC,ETH\n2020-01-01,1.5,2\n2020-01-02,3,4",
      "\u{feff}\"date\",\"BTC\",\"ETH\"\n\"2020-01-01\",\"1.5\",\"2\"\n2020-01-02,3,4\n\n\r\n  \n",
      "date, BTC ,\tETH\n2020-01-01 , 1.50, 2.0\n2020-01-02,+3,0.4e1\n",
      "date,BTC,ETH\n2020-01-01T00:00:00Z,15e-1, \"2\" \n2020-01-02 00:00,3.,04\n",
    ] {
      #expect(try wide(text) == expected, "\(text)")
    }
    let quoted = try wide("d,\"A \"\"x\"\", y\",\"two\r\nlines\"\n2020-01-01,1,2\n")
    #expect(quoted.universe.assets == ["A \"x\", y", "two\r\nlines"])
    #expect(try wide(quoted.wideTable()) == quoted)
    let semicolons = try CSVTable("date;A\n2020-01-01;1.5", file: "p.csv", delimiter: .semicolon)
    #expect(try PriceHistory(wide: semicolons).price(row: 0, asset: "A") == 1.5)
  }

  @Test func blanksAreAvailability() throws {
    let history = try wide(
      "date,A,B,C\n2020-01-01,,1,\n2020-01-02,2,,\n2020-01-03, ,3,\n2020-01-04,4,\"\",\n")
    let expected: [[Availability]] = [
      [.notListed, .value, .notListed], [.value, .noTrade, .notListed],
      [.noTrade, .value, .notListed], [.value, .noTrade, .notListed],
    ]
    for i in 0..<4 {
      for j in 0..<3 { #expect(history.availability(row: i, position: j) == expected[i][j]) }
    }
    #expect(history.missingCount == 8)
    #expect(try wide(history.wideTable()) == history)
  }

  private static let refusals: [Refusal] = [
    Refusal("", 1, 1, "", .empty), Refusal("\u{feff}", 1, 1, "", .empty),
    Refusal("\n\n", 1, 1, "", .empty), Refusal("date,A\n", 1, 1, "", .empty),
    Refusal("date\n2020-01-01\n", 1, 1, "date", .badHeader),
    Refusal("date,A,A\n2020-01-01,1,2", 1, 3, "A", .badHeader),
    Refusal("date,A,\n2020-01-01,1,2", 1, 3, "", .badHeader),
    Refusal("date,A\n2020-01-01,1,2", 2, 3, "2", .wrongFieldCount),
    Refusal("date,A,B\n2020-01-01,1\n", 2, 2, "1", .wrongFieldCount),
    Refusal("date,A\n2020-01-01,1\n\n2020-01-02,1\n", 3, 1, "", .wrongFieldCount),
    Refusal("\ndate,A\n2020-01-01,1\n", 1, 1, "", .wrongFieldCount),
    Refusal("date,A\n2020-01-01,\"1,234.5\"\n", 2, 2, "1,234.5", .notANumber),
    Refusal("date,A\n2020-01-01,1 234\n", 2, 2, "1 234", .notANumber),
    Refusal("date,A\n2020-01-01,\"1,5\"\n", 2, 2, "1,5", .notANumber),
    Refusal("date,A\n2020-01-01,1_000\n", 2, 2, "1_000", .notANumber),
    Refusal("date,A\n2020-01-01,1'000\n", 2, 2, "1'000", .notANumber),
    Refusal("date,A\n2020-01-01,NaN\n", 2, 2, "NaN", .notANumber),
    Refusal("date,A\n2020-01-01,inf\n", 2, 2, "inf", .notANumber),
    Refusal("date,A\n2020-01-01,-Infinity\n", 2, 2, "-Infinity", .notANumber),
    Refusal("date,A\n2020-01-01,0x1p3\n", 2, 2, "0x1p3", .notANumber),
    Refusal("date,A\n2020-01-01,$5\n", 2, 2, "$5", .notANumber),
    Refusal("date,A\n2020-01-01,null\n", 2, 2, "null", .notANumber),
    Refusal("date,A\n2020-01-01,1e400\n", 2, 2, "1e400", .outOfRange),
    Refusal("date,A\n2020-01-01,1e-400\n", 2, 2, "1e-400", .outOfRange),
    Refusal("date,A\n2020-01-01,0\n", 2, 2, "0", .outOfRange),
    Refusal("date,A\n2020-01-01,-1\n", 2, 2, "-1", .outOfRange),
    Refusal("date,A\n01/02/2020,1\n", 2, 1, "01/02/2020", .notATimestamp),
    Refusal("date,A\n,1\n", 2, 1, "", .notATimestamp),
    Refusal("date,A\n3000-01-01,1\n", 2, 1, "3000-01-01", .outOfRange),
    Refusal("date,A\n2020-01-02,1\n2020-01-02,1\n", 3, 1, "2020-01-02", .duplicateTimestamp),
    Refusal("date,A\n2020-01-02,1\n2020-01-01,1\n", 3, 1, "2020-01-01", .unsortedTimestamp),
    Refusal("date,A\n2020-01-01,\"1\n", 2, 2, "1\n", .badQuoting),
    Refusal("date,A\n2020-01-01,1\"2\n", 2, 2, "1\"2", .badQuoting),
    Refusal("date,A\n2020-01-01,\"1\"2\n", 2, 2, "1", .badQuoting),
    Refusal("date,\"A\nB\"\r\n2020-01-01,x\n", 3, 2, "x", .notANumber),
    Refusal("date,A\r\n\"2020-\r\n01-01\",x", 2, 1, "2020-\r\n01-01", .notATimestamp),
    Refusal("date,A\r2020-01-01,x\r", 2, 2, "x", .notANumber),
    Refusal("date;A\n2020-01-01;1\n", 1, 1, "date;A", .badHeader),
  ]

  @Test(arguments: refusals)
  private func namesThePlace(refusal: Refusal) {
    #expect(throws: refusal.error, "\(refusal.text)") { try wide(refusal.text) }
  }

  @Test func refusesOtherEncodings() {
    let header = Array("date,A\n2020-01-01,1\n2020-01-02,".utf8)
    for bad: [UInt8] in [
      [0xe9], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82],
      [0x80], [0xf0, 0x80, 0x80, 0x80], [0xe0, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xc2],
    ] {
      for wrap in [false, true] {
        let quote = wrap ? [UInt8(ascii: "\"")] : []
        let error = #expect(throws: DataError.self) {
          try CSVTable(header + quote + bad + quote + Array("\n".utf8), file: "p.csv")
        }
        guard case .invalidTable("p.csv", 3, 2, _, .notUTF8) = error else {
          Issue.record("\(bad): \(String(describing: error))")
          continue
        }
      }
    }
    let utf16 = Array("date,A".utf16).flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    let error = #expect(throws: DataError.self) {
      try CSVTable([0xff, 0xfe] + utf16, file: "p.csv")
    }
    guard case .invalidTable(_, 1, 1, _, .notUTF8) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(throws: Never.self) {
      try CSVTable("date,Ünïcødé,日本,🚀\n2020-01-01,1,2,3", file: "p.csv")
    }
  }

  private static let settings = PriceHistory.LongTableSettings(
    timeColumn: "date", assetColumn: "symbol", priceColumn: "adj_close")

  private func long(_ text: String) throws(DataError) -> PriceHistory {
    try PriceHistory(long: CSVTable(text, file: "p.csv"), settings: Self.settings)
  }

  @Test func longTables() throws {
    let history = try long(
      """
      date,symbol,close,adj_close
      2020-01-02,B,9,2
      2020-01-01,A,9,1
      2020-01-03,A,9,3
      2020-01-03,B,9,
      2020-01-04,B,9,4
      """)
    #expect(history.universe.assets == ["B", "A"])
    #expect(
      history == (try wide("date,B,A\n2020-01-01,,1\n2020-01-02,2,\n2020-01-03,,3\n2020-01-04,4,")))
    #expect(try long(history.longTable(settings: Self.settings)) == history)
    let header = "date,symbol,adj_close\n"
    for refusal in [
      Refusal(header + "2020-01-02,A,1\n2020-01-02,A,2", 3, 1, "2020-01-02", .duplicateTimestamp),
      Refusal(header + "2020-01-02,A,1\n2020-01-01,A,2", 3, 1, "2020-01-01", .unsortedTimestamp),
      Refusal(header + "2020-01-02, ,1", 2, 2, "", .badName),
      Refusal(header + "2020-01-02,A,x", 2, 3, "x", .notANumber),
      Refusal("date,symbol,close\n2020-01-02,A,1", 1, 1, "adj_close", .badHeader),
    ] {
      #expect(throws: refusal.error, "\(refusal.text)") { try long(refusal.text) }
    }
  }

  @Test func scatteredLongTablesAreRefused() throws {
    let start = try Timestamp(parsing: "2000-01-01")
    var lines = "date,symbol,adj_close\n"
    for i in 0..<6000 { lines += "\(try start.advanced(byDays: i)),A\(i),1\n" }
    #expect(
      throws: DataError.shapeMismatch(
        argument: "times × assets", got: 36_000_000, required: 1 << 24)
    ) { try long(lines) }
  }

  @Test(arguments: 1...40)
  func wideAndLongAgreeAndRoundTrip(seed: Int) throws {
    let history = try randomHistory(seed: seed)
    #expect(try wide(history.wideTable()) == history)
    #expect(try long(history.longTable(settings: Self.settings)) == history)
    let shuffled = history.universe.assets.sorted()
    let selected = try history.selecting(shuffled)
    #expect(try wide(selected.wideTable()).selecting(history.universe.assets) == history)
  }

  @Test(arguments: 1...60)
  func mutatedFilesNeverTrap(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let history = try randomHistory(seed: seed)
    let valid = Array(
      (seed % 2 == 0 ? history.wideTable() : history.longTable(settings: Self.settings)).utf8)
    let alphabet =
      Array("\"\",\r\n;.-+eE0189:TZ \u{0}x".utf8) + [0xff, 0xc3, 0xef, 0xbb, 0xbf, 0x80]
    for _ in 0..<60 {
      var bytes = valid
      for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        let byte = alphabet.randomElement(using: &generator) ?? 0
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[place] = byte
        case 1: bytes.insert(byte, at: place)
        case 2: bytes.remove(at: place)
        case 3: bytes.removeSubrange(place..<min(place + 20, bytes.count))
        default: bytes.insert(contentsOf: bytes[place..<min(place + 20, bytes.count)], at: place)
        }
      }
      do throws(DataError) {
        let table = try CSVTable(bytes, file: "p.csv")
        let read =
          seed % 2 == 0
          ? try PriceHistory(wide: table) : try PriceHistory(long: table, settings: Self.settings)
        // What was read is valid and can be written and read again.
        #expect(try wide(read.wideTable()) == read)
      } catch {
        guard case .invalidTable("p.csv", let line, let column, _, _) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(line >= 1 && column >= 1)
      }
    }
  }

  @Test func hostileShapesAreLinear() {
    let commas = String(repeating: ",", count: 300_000)
    let quotes = String(repeating: "\"", count: 300_001)
    let lines = String(repeating: "\n", count: 300_000)
    for text in [
      commas, quotes, lines, "date,A\n" + commas, "date,A\n" + quotes, "date,A" + lines + "x",
      "date,A\n2020-01-01," + String(repeating: "9", count: 300_000),
      "date,A\n2020-01-01," + String(repeating: "1e", count: 100_000),
    ] {
      let clock = ContinuousClock()
      let time = clock.measure { _ = try? wide(text) }
      #expect(time < .seconds(5), "\(text.prefix(20))")
    }
  }

  /// A history of random shape with gaps that a table can hold.
  private func randomHistory(seed: Int) throws -> PriceHistory {
    var generator = SeededGenerator(seed: UInt64(seed))
    let rowCount = Int.random(in: 1...30, using: &generator)
    let names = ["BTC", "ETH", "a,b", "q\"q", " x ", "Ü", "line\nbreak", "\u{feff}z"]
    let assets = Array(names.shuffled(using: &generator).prefix(1 + seed % 8))
    var time = try Timestamp(parsing: "2020-01-01")
    var timestamps: [Timestamp] = []
    for _ in 0..<rowCount {
      timestamps.append(time)
      let step = seed % 3 == 0 ? 1 : Int64.random(in: 1...100_000_000_000_000, using: &generator)
      time = try time.advanced(byNanoseconds: seed % 3 == 0 ? 86_400_000_000_000 : step)
    }
    let prices = try Matrix(
      rowCount: rowCount, columnCount: assets.count,
      columnMajor: (0..<(rowCount * assets.count)).map { _ in generator.uniform(0.001...50_000) })
    var availability: [Availability] = []
    for _ in assets {
      let first = Int.random(in: 0...rowCount, using: &generator) / 2
      for i in 0..<rowCount {
        let isGap = i > first && generator.uniform() < 0.2
        availability.append(i < first ? .notListed : isGap ? .noTrade : .value)
      }
    }
    return try PriceHistory(
      universe: Universe(assets.map { AssetID($0) }), timestamps: timestamps, prices: prices,
      availability: availability)
  }
}
