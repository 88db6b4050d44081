import KeelNumerics

// The options that the vector kernel leaves: outside the domain, at its edge, or of a size that no
// market has. Goals in order: the limits of the scalar form, no allocation.

extension OptionColumns {
  /// The element of a column that belongs to an option.
  static func element<Value>(_ column: [Value], _ i: Int) -> Value {
    column.count == 1 ? column[0] : column[i]
  }

  func option(_ i: Int) -> EuropeanOption {
    EuropeanOption(
      kind: Self.element(kinds, i), strike: Self.element(strikes, i),
      timeToExpiry: Self.element(timesToExpiry, i))
  }

  func model(_ i: Int, volatility: Double) -> BlackScholes {
    BlackScholes(
      spot: Self.element(spots, i), volatility: volatility, rate: Self.element(rates, i),
      carryYield: Self.element(carryYields, i))
  }

  /// The volatility of a price, or why there is none.
  func impliedVolatility(
    _ i: Int,
    price: Double
  ) -> (value: Double, outcome: ImpliedVolatilityOutcome) {
    do throws(DerivativesError) {
      let implied = try BlackScholes.impliedVolatility(
        of: option(i), price: price, spot: Self.element(spots, i),
        rate: Self.element(rates, i), carryYield: Self.element(carryYields, i))
      return (implied.volatility, .value)
    } catch {
      return (.nan, ImpliedVolatilityOutcome(error))
    }
  }
}
