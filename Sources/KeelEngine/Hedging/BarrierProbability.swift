import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The probability that collateral which moves lognormally touches its debt.
//
// X = ln(collateral/debt) has drift ν = μ − r − σ²/2 and volatility σ. From X = b > 0 it touches 0 within T with
//
//   P = Φ(−(b + νT)/s) + e^(−2νb/σ²) Φ(−(b − νT)/s),   s = σ√T
//
// (J. M. Harrison, "Brownian Motion and Stochastic Flow Systems", 1985, section 1.8).

/// The probability that collateral which is watched all the time falls to its debt.
///
/// - Parameters:
///   - ratio: Counted collateral over debt, the health factor: at most one gives one.
///   - volatility: The annualized volatility of the collateral as a fraction.
///   - drift: The growth of the collateral less the growth of the debt, per year.
///   - years: The time.
/// - Returns: The probability; NaN outside the domain.
func liquidationProbability(
  ratio: Double,
  volatility: Double,
  drift: Double,
  years: Double
) -> Double {
  guard ratio >= 0, volatility >= 0, years >= 0, drift.isFinite, volatility.isFinite else {
    return .nan
  }
  let distance = log(ratio)
  if distance <= 0 { return 1 }
  if distance == .infinity { return 0 }
  let slope = drift - volatility * volatility / 2
  let spread = volatility * years.squareRoot()
  if spread == 0 { return distance + slope * years <= 0 ? 1 : 0 }
  let direct = StandardNormal.cdf(-(distance + slope * years) / spread)
  let exponent = -2 * slope * distance / (volatility * volatility)
  let reflected = StandardNormal.cdf(-(distance - slope * years) / spread)
  return min(direct + (reflected == 0 ? 0 : exp(exponent + log(reflected))), 1)
}
