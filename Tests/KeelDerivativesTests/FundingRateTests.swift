import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FundingRateTests {
  @Test func conversionsMatchReference() throws {
    for row in try PerpetualsReference.load().conversions {
      let interval = try FundingInterval(hours: row[1])
      let rate = FundingRate(fraction: row[0], interval: interval, whenPositive: .longPaysShort)
      #expect(ulps(rate.simplePerYear, row[2]) <= 2, "\(row)")
      // An exponent of up to 343 carries its own rounding.
      expectClose(rate.compoundedPerYear, row[3], relative: 1e-13)
      #expect(ulps(rate.impliedGrowthPerYear(settlement: .linear), row[4]) <= 3, "\(row)")
      #expect(ulps(rate.impliedGrowthPerYear(settlement: .quanto), row[4]) <= 3, "\(row)")
      #expect(ulps(rate.impliedGrowthPerYear(settlement: .inverse), row[5]) <= 3, "\(row)")
      let simple = FundingRate(
        simplePerYear: rate.simplePerYear, interval: interval, whenPositive: .longPaysShort)
      expectClose(simple.fraction, row[0], relative: 1e-15)
      if row[3] > -0.9 {
        let compounded = FundingRate(
          compoundedPerYear: row[3], interval: interval, whenPositive: .longPaysShort)
        expectClose(compounded.fraction, row[0], relative: 1e-14)
      }
    }
  }

  @Test func theSignIsInTheType() {
    let rate = FundingRate(fraction: 0.000_1, interval: .eightHours, whenPositive: .longPaysShort)
    let other = FundingRate(fraction: 0.000_1, interval: .eightHours, whenPositive: .shortPaysLong)
    #expect(rate.paidByLong == 0.000_1 && other.paidByLong == -0.000_1)
    #expect(rate.impliedGrowthPerYear(settlement: .linear) > 0)
    #expect(other.impliedGrowthPerYear(settlement: .linear) < 0)
    // The famous figure: one basis point every eight hours is 10.95 % a year.
    expectClose(rate.simplePerYear, 0.109_5, relative: 1e-15)
    #expect(rate.compoundedPerYear > rate.simplePerYear)
    expectClose(rate.accrued(over: .oneHour).fraction, 0.000_012_5, relative: 1e-15)
    expectClose(rate.accrued(over: .oneHour).simplePerYear, rate.simplePerYear, relative: 1e-15)
    #expect(rate.accrued(over: .oneHour).whenPositive == .longPaysShort)
  }

  @Test func intervals() throws {
    #expect(FundingInterval.eightHours.intervalsPerYear == 1_095)
    #expect(FundingInterval.fourHours.intervalsPerYear == 2_190)
    #expect(FundingInterval.oneHour.years == 1.0 / 8_760)
    for hours in hostileNumbers where !(hours > 0 && hours.isFinite) {
      #expect(throws: DerivativesError.self) { try FundingInterval(hours: hours) }
    }
    #expect(try roundTrip(FundingInterval.oneHour) == .oneHour)
    #expect(throws: DecodingError.self) { try decoded(FundingInterval.self, #"{"hours": 0}"#) }
    let rate = FundingRate(fraction: -0.01, interval: .oneHour, whenPositive: .shortPaysLong)
    #expect(try roundTrip(rate) == rate)
  }

  @Test func isDefinedForHostileNumbers() {
    for number in hostileNumbers {
      let rate = FundingRate(fraction: number, interval: .oneHour, whenPositive: .longPaysShort)
      for settlement in FuturesContract.Settlement.allCases {
        #expect(
          rate.impliedGrowthPerYear(settlement: settlement).isNaN == !(number.magnitude < 1))
      }
      #expect(rate.compoundedPerYear.isNaN == !(number >= -1))
    }
  }
}
