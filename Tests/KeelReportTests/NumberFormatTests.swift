import KeelReport
import KeelTestSupport
import Testing

struct NumberFormatReference: Decodable {
  struct Case: Decodable {
    let notation: String
    let value: String
    let decimals: Int
    let expected: String
  }

  let cases: [Case]
}

@Suite struct NumberFormatTests {
  @Test func matchesDecimalArithmetic() throws {
    let reference = try Reference.load(NumberFormatReference.self, "number_format")
    #expect(reference.cases.count > 2500)
    for row in reference.cases {
      let value = try #require(Double(row.value), "\(row.value)")
      let format: NumberFormat =
        switch row.notation {
        case "fixed": .fixed(row.decimals)
        case "percent": .percent(row.decimals)
        default: .scientific(row.decimals)
        }
      let text = format.ascii.string(value)
      if text != row.expected {
        Issue.record("\(row.notation) \(row.decimals) of \(value): \(text), not \(row.expected)")
      }
    }
  }

  @Test func writesTheUsualForms() {
    #expect(NumberFormat.fixed(2).string(1_234_567.895) == "1,234,567.90")
    #expect(NumberFormat.percent(1).string(0.35) == "35.0%")
    #expect(NumberFormat.percent(1).signed.string(0.021) == "+2.1%")
    #expect(NumberFormat.percent(1).signed.string(-0.021) == "\u{2212}2.1%")
    #expect(NumberFormat.currency("$", decimals: 2).string(-12.5) == "\u{2212}$12.50")
    #expect(NumberFormat.scientific(2).ascii.string(1.25e-7) == "1.25e-7")
    var plain = NumberFormat.fixed(0)
    plain.groupsThousands = false
    plain.suffix = " bp"
    #expect(plain.string(12_345) == "12345 bp")
  }

  @Test func zeroHasNoSign() {
    #expect(NumberFormat.fixed(1).string(-0.04) == "0.0")
    #expect(NumberFormat.fixed(1).signed.string(0.04) == "0.0")
    #expect(NumberFormat.percent(0).string(-0.0) == "0%")
    #expect(NumberFormat.scientific(1).string(0) == "0.0")
  }

  @Test func whatIsNotANumberHasAText() {
    #expect(NumberFormat.percent(1).string(.nan) == "n/a")
    #expect(NumberFormat.percent(1).string(.infinity) == "∞")
    #expect(NumberFormat.percent(1).string(-.infinity) == "\u{2212}∞")
  }

  @Test func anyDecimalsAreTaken() {
    for value in hostileNumbers {
      for decimals in [Int.min, -1, 0, 3, 1100, Int.max] {
        for notation in [NumberFormat.Notation.fixed, .percent, .scientific] {
          let text = NumberFormat(notation, decimals: decimals).string(value)
          #expect(!text.isEmpty && text.utf8.count < 2500)
        }
      }
    }
  }
}
