import KeelEngine
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct BorrowInsteadOfSellTests {
  private static func compare(
    cash: Double = 10_000,
    years: Double = 0.5,
    tax: Double = 0.25,
    gain: Double = 0.6,
    change: (inout BorrowInsteadOfSell.Loan) -> Void = { _ in }
  ) throws -> BorrowInsteadOfSell {
    var sale = BorrowInsteadOfSell.Sale()
    sale.taxRate = tax
    sale.gainShare = gain
    var loan = BorrowInsteadOfSell.Loan(ratePerYear: 0.07, healthFactor: 2, volatility: 0.6)
    loan.gas = 20
    change(&loan)
    return try BorrowInsteadOfSell(cash: cash, sale: sale, loan: loan, horizonYears: years)
  }

  @Test func matchesTheClosedForm() throws {
    let compared = try Self.compare { $0.volatility = 0 }
    let taken = 0.001 + 0.25 * 0.6
    expectClose(compared.sellingCost, 10_000 * taken / (1 - taken), relative: 1e-13)
    expectClose(compared.borrowingCost, 10_000 * expm1(0.035) + 20, relative: 1e-13)
    #expect(compared.liquidationProbability == 0 && compared.isBorrowingCheaper)
  }

  /// A walk in small steps with the correction for the steps agrees with the formula.
  @Test func liquidationAgreesWithSimulation() throws {
    let compared = try Self.compare()
    var generator = SeededGenerator(seed: 7)
    let (paths, steps) = (3000, 100)
    let step = 0.5 / Double(steps)
    // A barrier that is watched at steps only acts as one 0.5826 σ√Δt further away (Broadie, Glasserman and Kou, 1997).
    let barrier = 0.5826 * 0.6 * step.squareRoot()
    func normal() -> Double {
      (-2 * log(generator.uniform(1e-16...1))).squareRoot()
        * cos(2 * Double.pi * generator.uniform())
    }
    var hits = 0
    for _ in 0..<paths {
      var distance = log(2.0)
      for _ in 0..<steps {
        distance += (-0.07 - 0.18) * step + 0.6 * step.squareRoot() * normal()
        if distance <= barrier {
          hits += 1
          break
        }
      }
    }
    let found = Double(hits) / Double(paths)
    let error = (found * (1 - found) / Double(paths)).squareRoot()
    expectClose(compared.liquidationProbability, found, absolute: 5 * error)
    #expect(compared.liquidationProbability > 0.05)
  }

  @Test func flipsWhereTheCostsAreEqual() throws {
    let compared = try Self.compare()
    let years = try #require(compared.flipYears)
    let atFlip = try Self.compare(years: years)
    expectClose(atFlip.borrowingCost, atFlip.sellingCost, relative: 1e-12)
    #expect(try Self.compare(years: years * 0.99).isBorrowingCheaper)
    #expect(try !Self.compare(years: years * 1.01).isBorrowingCheaper)
    let tax = try #require(compared.flipTaxRate)
    let atTax = try Self.compare(tax: tax)
    expectClose(atTax.borrowingCost, atTax.sellingCost, relative: 1e-12)
    #expect(try Self.compare(tax: tax + 0.01).isBorrowingCheaper)
    #expect(try !Self.compare(tax: tax - 0.01).isBorrowingCheaper)
  }

  @Test func someChoicesNeverFlip() throws {
    let untaxed = try Self.compare(gain: 0)
    #expect(untaxed.flipYears == 0 && untaxed.flipTaxRate == nil)
    let free = try Self.compare {
      ($0.ratePerYear, $0.volatility, $0.gas) = (0, 0, 0)
    }
    #expect(free.flipYears == nil && free.flipTaxRate == 0)
  }

  @Test func moreRiskIsMoreProbable() throws {
    var last = -1.0
    for volatility in stride(from: 0.1, through: 2, by: 0.1) {
      let probability = try Self.compare { $0.volatility = volatility }.liquidationProbability
      #expect(probability > last && probability <= 1)
      last = probability
    }
    last = 2
    for factor in stride(from: 1.01, through: 4, by: 0.1) {
      let probability = try Self.compare { $0.healthFactor = factor }.liquidationProbability
      #expect(probability < last)
      last = probability
    }
  }

  @Test func hostileInputIsRefused() throws {
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: EngineError.self) { try Self.compare(cash: number) }
      #expect(throws: EngineError.self) { try Self.compare(years: number) }
      #expect(throws: EngineError.self) { try Self.compare(tax: number) }
      #expect(throws: EngineError.self) { try Self.compare(gain: number) }
      for field in [
        \BorrowInsteadOfSell.Loan.ratePerYear, \BorrowInsteadOfSell.Loan.healthFactor,
        \BorrowInsteadOfSell.Loan.volatility, \BorrowInsteadOfSell.Loan.liquidationPenalty,
        \BorrowInsteadOfSell.Loan.gas,
      ] {
        #expect(throws: EngineError.self) { try Self.compare { $0[keyPath: field] = number } }
      }
    }
    #expect(throws: EngineError.self) { try Self.compare(tax: 1, gain: 1) }
  }
}
