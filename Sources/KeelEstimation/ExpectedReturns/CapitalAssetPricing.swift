public import KeelData
import KeelLinearAlgebra

/// Expected returns of the capital asset pricing model.
///
/// ```text
/// E r(i) = f + β(i) p,   β = Σ w / (w'Σ w)
/// ```
///
/// w is the market, f the rate without risk and p the premium of the market over it, all per period. With
/// p = λ w'Σ w these are the equilibrium returns λ Σ w of `BlackLitterman.equilibriumReturns`. Source: W. Sharpe,
/// "Capital asset prices", Journal of Finance 19 (1964).
public struct CapitalAssetPricing: Hashable, Sendable {
  /// The weights of the market.
  public let market: Weights

  /// The return without risk, per period.
  public let riskFreeRate: Double

  /// The expected return of the market beyond the return without risk, per period.
  public let premium: Double

  /// Creates the model.
  ///
  /// - Parameters:
  ///   - market: The weights of the market, not all zero.
  ///   - riskFreeRate: The return without risk, per period.
  ///   - premium: The expected return of the market beyond it, per period.
  /// - Throws: `EstimationError.invalidValue`.
  public init(
    market: Weights,
    riskFreeRate: Double,
    premium: Double
  ) throws(EstimationError) {
    for (argument, value) in [("riskFreeRate", riskFreeRate), ("premium", premium)]
    where !value.isFinite {
      throw .invalidValue(
        argument: argument, got: value, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    self.market = market
    self.riskFreeRate = riskFreeRate
    self.premium = premium
  }

  /// How much each asset moves with the market.
  ///
  /// - Parameter covariance: The covariance of the same assets in the same order.
  /// - Returns: β of each asset, in the order of the universe; the weighted sum is one.
  /// - Throws: `EstimationError.universeMismatch`, `EstimationError.notPositiveDefinite` where the market does not
  ///   vary.
  public func betas(_ covariance: Covariance) throws(EstimationError) -> [Double] {
    do throws(DataError) {
      try market.universe.requireEqual(covariance.universe)
    } catch {
      throw EstimationError(error)
    }
    let names = NameOrder(market.universe)
    let weights = names.values(market.values)
    guard let products = try? names.matrix(covariance.matrix).times(weights) else {
      throw .notRepresentable(result: "betas")
    }
    let variance = zip(products, weights).reduce(0) { $0 + $1.0 * $1.1 }
    guard variance > 0, variance.isFinite else { throw .notPositiveDefinite }
    return names.restored(products.map { $0 / variance })
  }

  /// The expected returns that the model implies.
  ///
  /// - Parameter covariance: The covariance of the same assets in the same order.
  /// - Returns: The expected returns, per period.
  /// - Throws: As ``betas(_:)``, and `EstimationError.notRepresentable`.
  public func expectedReturns(
    _ covariance: Covariance
  ) throws(EstimationError) -> ExpectedReturns {
    let values = try betas(covariance).map { riskFreeRate + $0 * premium }
    do throws(DataError) {
      return try ExpectedReturns(universe: market.universe, values: values)
    } catch {
      throw .notRepresentable(result: "expectedReturns")
    }
  }
}
