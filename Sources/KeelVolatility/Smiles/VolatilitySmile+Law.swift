public import KeelDerivatives
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The first moments of the risk-neutral law of a smile on an interval.
public struct RiskNeutralMoments: Hashable, Sendable, Codable {
  /// The probability of the interval: one for the whole line.
  public let mass: Double

  /// The part of the mean of price over forward from the interval: one for the whole line, unless the price may
  /// reach zero or infinity.
  public let mean: Double
}

extension VolatilitySmile {
  /// The log-moneyness that the log-price at expiry does not exceed with a probability.
  ///
  /// The less of both tails is solved for, so that small probabilities keep their digits. The probability is monotone only
  /// without butterfly arbitrage; else any of the roots is returned.
  ///
  /// - Parameter probability: The probability: above 0, below 1.
  /// - Returns: The quantile of ln(S/F).
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a probability outside;
  ///   ``VolatilityError/noFit`` when the smile reaches no such probability.
  /// - Complexity: Some 10 to 60 readings.
  public func quantile(_ probability: Double) throws(VolatilityError) -> Double {
    try VolatilityError.require(probability, "probability", 0.0.nextUp, 1.0.nextDown)
    let isLower = probability <= 0.5
    func excess(_ k: Double) -> Double {
      let variance = totalVariance(at: k)
      return isLower
        ? variance.probabilityBelow(k) - probability
        : (1 - probability) - variance.probabilityAbove(k)
    }
    return try root(of: excess)
  }

  /// The mass and the mean of the law on an interval, by quadrature of the density: a check of a smile.
  ///
  /// - Parameter interval: The log-moneyness: finite ends.
  /// - Returns: Both moments to 1e-9 or so.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for infinite ends;
  ///   ``VolatilityError/noFit`` when the density is not finite somewhere.
  public func moments(over interval: ClosedRange<Double>) throws(VolatilityError)
    -> RiskNeutralMoments
  {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(interval.lowerBound, "interval", -largest, largest)
    try VolatilityError.require(interval.upperBound, "interval", -largest, largest)
    // The density is narrow about the money: cuts there keep the quadrature from missing it.
    let deviation = totalVariance(at: 0).value.squareRoot()
    let inner = [-4, -1, 0, 1, 4].map { $0 * deviation }.filter {
      $0 > interval.lowerBound && $0 < interval.upperBound
    }
    let cuts = [interval.lowerBound] + inner + [interval.upperBound]
    var (mass, mean) = (0.0, 0.0)
    do throws(NumericsError) {
      for (low, high) in zip(cuts, cuts.dropFirst()) where low < high {
        mass += try GaussKronrod.integral(over: low...high) {
          totalVariance(at: $0).density(at: $0)
        }.value
        mean += try GaussKronrod.integral(over: low...high) {
          exp($0) * totalVariance(at: $0).density(at: $0)
        }.value
      }
    } catch {
      throw .noFit
    }
    return RiskNeutralMoments(mass: mass, mean: mean)
  }
}
