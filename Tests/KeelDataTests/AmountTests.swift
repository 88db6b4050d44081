import Foundation
import KeelData
import KeelTestSupport
import Testing

private struct AmountReference: Decodable {
  struct FromDouble: Decodable {
    let bits: String
    let decimals: Int
    let units: [String?]
  }

  struct ToDouble: Decodable {
    let units: String
    let decimals: Int
    let bits: String
  }

  struct Product: Decodable {
    let units: String
    let decimals: Int
    let factor: String
    let expected: [String?]
  }

  struct Rescaled: Decodable {
    let units: String
    let decimals: Int
    let target: Int
    let expected: [String?]
  }

  struct Lot: Decodable {
    let units: String
    let lot: String
    let expected: [String?]
  }

  let fromDoubles: [FromDouble]
  let toDoubles: [ToDouble]
  let products: [Product]
  let rescaled: [Rescaled]
  let lots: [Lot]
}

private let roundings: [AmountRounding] = [
  .towardZero, .awayFromZero, .down, .up, .toNearestOrEven,
]

private func double(_ bits: String) throws -> Double {
  Double(bitPattern: try #require(UInt64(bits, radix: 16)))
}

/// Checks that a result is the expected integer, or overflow where there is none.
private func expect(
  _ expected: String?,
  _ label: String,
  _ compute: () throws -> Amount
) {
  do {
    let units = String(try compute().baseUnits)
    if units != expected { Issue.record("\(label): got \(units), expected \(expected ?? "error")") }
  } catch let error as DataError {
    guard case .invalidAmount(_, .overflow) = error, expected == nil else {
      Issue.record("\(label): \(error), expected \(expected ?? "overflow")")
      return
    }
  } catch {
    Issue.record("\(error)")
  }
}

@Suite struct AmountTests {
  @Test func conversionsMatchReference() throws {
    let reference = try Reference.load(AmountReference.self, "amounts")
    for row in reference.fromDoubles {
      let value = try double(row.bits)
      for (k, rounding) in roundings.enumerated() {
        expect(row.units[k], "\(value) \(row.decimals) \(rounding)") {
          try Amount(value, decimals: row.decimals, rounding: rounding)
        }
      }
    }
    for row in reference.toDoubles {
      let amount = try Amount(
        baseUnits: try #require(Int128(row.units)), decimals: row.decimals)
      #expect(amount.doubleValue == (try double(row.bits)), "\(amount)")
    }
  }

  @Test func arithmeticMatchesReference() throws {
    let reference = try Reference.load(AmountReference.self, "amounts")
    for row in reference.products {
      let amount = try Amount(
        baseUnits: try #require(Int128(row.units)), decimals: row.decimals)
      let factor = try double(row.factor)
      for (k, rounding) in roundings.enumerated() {
        expect(row.expected[k], "\(amount) × \(factor) \(rounding)") {
          try amount.multiplied(by: factor, rounding: rounding)
        }
      }
    }
    for row in reference.rescaled {
      let amount = try Amount(
        baseUnits: try #require(Int128(row.units)), decimals: row.decimals)
      for (k, rounding) in roundings.enumerated() {
        expect(row.expected[k], "\(amount) to \(row.target) \(rounding)") {
          try amount.rescaled(toDecimals: row.target, rounding: rounding)
        }
      }
    }
    for row in reference.lots {
      let amount = try Amount(baseUnits: try #require(Int128(row.units)), decimals: 8)
      let lot = try Amount(baseUnits: try #require(Int128(row.lot)), decimals: 8)
      for (k, rounding) in roundings.enumerated() {
        expect(row.expected[k], "\(amount) in \(lot) \(rounding)") {
          try amount.rounded(toMultipleOf: lot, rounding: rounding)
        }
      }
      #expect(
        try amount.roundedDown(toMultipleOf: lot)
          == amount.rounded(toMultipleOf: lot, rounding: .towardZero))
    }
  }

  @Test(arguments: [
    ("1", 0, "1"), ("1.5", 1, "15"), ("1.50", 1, "15"), ("-12.34", 2, "-1234"), ("+.5", 1, "5"),
    ("5.", 0, "5"), ("0", 8, "0"), ("-0.000", 2, "0"), ("1e-8", 8, "1"), ("1E+3", 0, "1000"),
    ("12.5e1", 0, "125"), ("0.00000001", 8, "1"), ("100e-2", 0, "1"), ("0e999999999999", 0, "0"),
    ("000000000000000000000000000000000000000000000001", 0, "1"),
    ("170141183460469231731687303715884105727", 0, "170141183460469231731687303715884105727"),
    ("-170141183460469231731687303715884105728", 0, "-170141183460469231731687303715884105728"),
    ("1.70141183460469231731687303715884105727", 38, "170141183460469231731687303715884105727"),
    ("1.000000000000000000000000000000000000000000000000000000", 18, "1000000000000000000"),
  ])
  func readsText(text: String, decimals: Int, units: String) throws {
    #expect(try String(Amount(text, decimals: decimals).baseUnits) == units)
  }

  @Test(arguments: [
    ("", AmountFailure.notANumber), (" 1", .notANumber), ("1 ", .notANumber), ("1,5", .notANumber),
    ("1,234.5", .notANumber), ("1_000", .notANumber), ("0x10", .notANumber), ("nan", .notANumber),
    ("inf", .notANumber), ("1e", .notANumber), ("e5", .notANumber), (".", .notANumber),
    ("-", .notANumber), ("1.2.3", .notANumber), ("--1", .notANumber), ("1e+-3", .notANumber),
    ("１", .notANumber), ("1e5.0", .notANumber), ("\u{0}", .notANumber),
    ("1.005", .tooManyDecimals), ("1e-3", .tooManyDecimals),
    ("1e-999999999999999", .tooManyDecimals),
    ("1e999999999999999999999", .overflow), ("1e40", .overflow),
    ("1701411834604692317316873037158841058", .overflow),
    ("1701411834604692317316873037158841057.28", .overflow),
    ("-1701411834604692317316873037158841057.29", .overflow),
  ])
  func refusesText(text: String, reason: AmountFailure) {
    #expect(throws: DataError.invalidAmount(text: text, reason: reason)) {
      try Amount(text, decimals: 2)
    }
  }

  @Test func longTextIsLinear() throws {
    let zeros = String(repeating: "0", count: 1_000_000)
    #expect(try Amount("1." + zeros, decimals: 2).baseUnits == 100)
    #expect(try Amount(zeros + "1", decimals: 2).baseUnits == 100)
    #expect(try Amount("0." + zeros + "1e1000001", decimals: 0).baseUnits == 1)
    #expect(throws: DataError.self) { try Amount("1" + zeros, decimals: 2) }
    #expect(throws: DataError.self) {
      try Amount(String(repeating: "9", count: 1_000_000), decimals: 2)
    }
    #expect(
      try Amount("0." + zeros + "1", decimals: 2, rounding: .up).baseUnits == 1)
  }

  @Test func roundsTextInTheStatedDirection() throws {
    // (text, towardZero, awayFromZero, down, up, toNearestOrEven) with one decimal.
    let rows: [(String, [Int128])] = [
      ("0.25", [2, 3, 2, 3, 2]), ("0.35", [3, 4, 3, 4, 4]), ("-0.25", [-2, -3, -3, -2, -2]),
      ("0.2500000000000000000000000000000000000001", [2, 3, 2, 3, 3]), ("0.05", [0, 1, 0, 1, 0]),
      ("0.051", [0, 1, 0, 1, 1]), ("-0.001", [0, -1, -1, 0, 0]), ("0.009e-300", [0, 1, 0, 1, 0]),
      ("9.99", [99, 100, 99, 100, 100]), ("0.24999", [2, 3, 2, 3, 2]), ("7", [70, 70, 70, 70, 70]),
      ("0.06", [0, 1, 0, 1, 1]), ("0.5e-1", [0, 1, 0, 1, 0]), ("0.0999", [0, 1, 0, 1, 1]),
    ]
    for (text, expected) in rows {
      for (k, rounding) in roundings.enumerated() {
        #expect(
          try Amount(text, decimals: 1, rounding: rounding).baseUnits == expected[k],
          "\(text) \(rounding)")
      }
    }
  }

  @Test(arguments: 1...100)
  func textAndCodingRoundTrip(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let shift = Int.random(in: 0...127, using: &generator)
    let units = Int128.random(in: .min ... .max, using: &generator) >> shift
    let amount = try Amount(baseUnits: units, decimals: .random(in: 0...38, using: &generator))
    let text = amount.description
    let again = try Amount(text, decimals: amount.decimals)
    #expect(again.baseUnits == units)
    let data = try JSONEncoder().encode([amount])
    let decoded = try JSONDecoder().decode([Amount].self, from: data)
    #expect(decoded[0].baseUnits == units && decoded[0].decimals == amount.decimals)
    if units != .min {
      #expect(try amount.negated().adding(amount).isZero)
      #expect(try amount.negated().doubleValue == -amount.doubleValue)
    }
  }

  @Test func refusesBadCoding() {
    for text in [
      "\"1,5\"", "\"\"", "1.5", "null", "\"1e400\"", "\"0.\(String(repeating: "1", count: 39))\"",
    ] {
      #expect(throws: (any Error).self) {
        try JSONDecoder().decode([Amount].self, from: Data("[\(text)]".utf8))
      }
    }
  }

  @Test(arguments: 1...100)
  func ordersByValue(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let decimals = Int.random(in: 0...30, using: &generator)
    let left = try Amount(
      baseUnits: Int128(Int64.random(in: -1000...1000, using: &generator)), decimals: decimals)
    let more = Int.random(in: 0...(38 - decimals), using: &generator)
    let same = try left.rescaled(toDecimals: decimals + min(more, 30), rounding: .down)
    #expect(same == left && same.hashValue == left.hashValue && !(same < left) && !(left < same))
    let right = try Amount(
      baseUnits: Int128(Int64.random(in: -1000...1000, using: &generator)), decimals: decimals)
    #expect((same < right) == (left.baseUnits < right.baseUnits))
    #expect((right < same) == (right.baseUnits < left.baseUnits))
  }

  @Test func extremeAmountsCompare() throws {
    let least = try Amount(baseUnits: .min, decimals: 0)
    let largest = try Amount(baseUnits: .max, decimals: 0)
    let leastFine = try Amount(baseUnits: .min, decimals: 38)
    let largestFine = try Amount(baseUnits: .max, decimals: 38)
    #expect(
      [largest, leastFine, largestFine, least].sorted() == [least, leastFine, largestFine, largest])
    #expect(leastFine.doubleValue == -1.7014118346046923)
    #expect(leastFine.description == "-1.70141183460469231731687303715884105728")
  }

  @Test func neverTraps() throws {
    let units: [Int128] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
    let doubles = hostileNumbers + [1e18, 1e38, 1.7014118346046923e38, -1.7014118346046923e38]
    for unit in units {
      for decimals in [Int.min, -1, 0, 1, 18, 38, 39, .max] {
        guard let amount = try? Amount(baseUnits: unit, decimals: decimals) else {
          #expect(!(0...38).contains(decimals))
          continue
        }
        #expect((0...38).contains(decimals))
        _ = (amount.doubleValue, amount.description, amount.hashValue, try? amount.negated())
        for other in units {
          let second = try Amount(baseUnits: other, decimals: decimals)
          _ = (try? amount.adding(second), try? amount.subtracting(second), amount < second)
          for rounding in roundings {
            _ = try? amount.rounded(toMultipleOf: second, rounding: rounding)
          }
        }
        for rounding in roundings {
          for value in doubles {
            _ = try? amount.multiplied(by: value, rounding: rounding)
            _ = try? Amount(value, decimals: decimals, rounding: rounding)
          }
          for target in [Int.min, 0, 19, 38, .max] {
            _ = try? amount.rescaled(toDecimals: target, rounding: rounding)
          }
        }
      }
    }
  }

  @Test func namesFailures() throws {
    let one = try Amount("1", decimals: 2)
    #expect(
      throws: DataError.invalidAmount(text: "2 and 3 decimals", reason: .differentDecimals)
    ) { try one.adding(Amount("1", decimals: 3)) }
    #expect(throws: DataError.invalidAmount(text: "0.00", reason: .notPositive)) {
      try one.roundedDown(toMultipleOf: Amount("0", decimals: 2))
    }
    #expect(throws: DataError.invalidAmount(text: "nan", reason: .notANumber)) {
      try Amount(.nan, decimals: 2, rounding: .down)
    }
  }

  @Test func spendNeverGrows() throws {
    // The double nearest to 0.1 is above 0.1 by 5.55e-18: its exact value counts, not its print.
    let spend = try Amount(0.1, decimals: 18, rounding: .towardZero)
    #expect(spend.description == "0.100000000000000005")
    #expect(
      try Amount(0.1, decimals: 17, rounding: .towardZero).description.hasSuffix(
        "10000000000000000"))
    #expect(try Amount(0.29, decimals: 2, rounding: .towardZero).description == "0.28")
  }
}
