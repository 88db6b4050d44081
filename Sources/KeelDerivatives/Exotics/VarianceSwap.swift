public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Goals in order: an honest error, any smile, speed.
//
// A log contract delta-hedged earns the realized variance of a path without jumps, and options of all strikes
// replicate the log contract. The integrals run over the logarithm of the strike, outwards from the forward in
// pieces that double, until a piece adds nothing.

/// Variance and volatility of an asset until expiry, priced by options of all strikes.
///
/// ```swift
/// let swap = VarianceSwap(forward: 100, timeToExpiry: 0.25)
/// let variance = try swap.fairVariance { strike in 0.6 - 0.1 * log(strike / 100) }
/// ```
public struct VarianceSwap: Hashable, Sendable, Codable {
  /// The forward price at expiry, in cash.
  public var forward: Double

  /// The time to expiry in years (ACT/365 fixed).
  public var timeToExpiry: Double

  /// Creates a swap.
  ///
  /// - Parameters:
  ///   - forward: The forward price at expiry, in cash: positive and finite.
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  public init(forward: Double, timeToExpiry: Double) {
    self.forward = forward
    self.timeToExpiry = timeToExpiry
  }

  /// The annualized variance that makes a swap worth nothing.
  ///
  /// ```text
  /// (2/T) (∫ P(K) dK/K² below the forward + ∫ C(K) dK/K² above),   prices undiscounted
  /// ```
  ///
  /// Exact for every process without jumps; with jumps the replication is off by a third moment. Sources: A. Neuberger,
  /// "The log contract", Journal of Portfolio Management 20 (1994); K. Demeterfi, E. Derman, M. Kamal and J. Zou,
  /// "A guide to volatility and variance swaps", Journal of Derivatives 6 (1999).
  ///
  /// - Parameters:
  ///   - tolerance: The accepted error as a part of the variance.
  ///   - impliedVolatility: The annualized implied volatility at a strike in cash: finite, not negative. Its
  ///     square times T must grow slower than `2 |ln(K/F)|`, as without arbitrage it does (Lee).
  /// - Returns: The variance per year with an estimate of its error: its root is the quoted strike.
  /// - Throws: `NumericsError.invalidValue` for a forward or time that is not positive, or a volatility outside its
  ///   domain; `.notConverged` when the wings do not end.
  public func fairVariance(
    tolerance: Double = 1e-10,
    impliedVolatility: (Double) -> Double
  ) throws(NumericsError) -> Integral {
    let integral = try strip(tolerance, impliedVolatility) { exp(-$0) }
    return Integral(
      value: 2 * integral.value / timeToExpiry,
      errorEstimate: 2 * integral.errorEstimate / timeToExpiry,
      evaluationCount: integral.evaluationCount)
  }

  /// The annualized volatility that makes a volatility swap worth nothing.
  ///
  /// Exact where volatility moves independently of the price, and without an error of first order in their correlation.
  /// Source: P. Carr and R. Lee, "Robust replication of volatility derivatives", Courant Institute (2009): straddles
  /// at the forward and options of all other strikes, weighted by Bessel functions.
  ///
  /// - Parameters:
  ///   - tolerance: The accepted error as a part of the volatility.
  ///   - impliedVolatility: As for ``fairVariance(tolerance:impliedVolatility:)``.
  /// - Returns: The volatility per year, not above the root of the fair variance, with an estimate of its error.
  /// - Throws: As ``fairVariance(tolerance:impliedVolatility:)``.
  public func fairVolatility(
    tolerance: Double = 1e-10,
    impliedVolatility: (Double) -> Double
  ) throws(NumericsError) -> Integral {
    let wings = try strip(tolerance, impliedVolatility) { logStrike in
      let weight = exp(-logStrike / 2) * Self.besselDifference(logStrike / 2)
      return logStrike < 0 ? weight : -weight
    }
    let straddle = (2 * Double.pi).squareRoot() * price(0, impliedVolatility)
    let scale = (Double.pi / 8).squareRoot()
    let root = timeToExpiry.squareRoot()
    return Integral(
      value: (straddle + scale * wings.value) / root,
      errorEstimate: scale * wings.errorEstimate / root,
      evaluationCount: wings.evaluationCount + 1)
  }

  /// The value of a position in a variance swap that has run for some time.
  ///
  /// - Parameters:
  ///   - strikeVariance: The agreed variance per year.
  ///   - realizedVariance: The variance per year of the time that has run.
  ///   - elapsedTime: The time that has run, in years: not negative.
  ///   - fairVariance: The fair variance per year of the rest.
  ///   - rate: The interest rate, continuously compounded per year.
  /// - Returns: The value in cash today of one unit of cash per unit of annual variance; NaN outside the domain.
  public func value(
    strikeVariance: Double,
    realizedVariance: Double,
    elapsedTime: Double,
    fairVariance: Double,
    rate: Double
  ) -> Double {
    let total = elapsedTime + timeToExpiry
    guard Black.isAmount(elapsedTime), Black.isAmount(timeToExpiry), total > 0 else { return .nan }
    let expected = (elapsedTime * realizedVariance + timeToExpiry * fairVariance) / total
    return Carry.discounted(expected - strikeVariance, rate: rate, time: timeToExpiry)
  }

  /// The undiscounted price of an out-of-the-money option as a part of the forward.
  private func price(_ logStrike: Double, _ impliedVolatility: (Double) -> Double) -> Double {
    let ratio = exp(logStrike)
    let volatility = impliedVolatility(forward * ratio)
    guard volatility.isFinite else { return .nan }
    return Black.price(
      logStrike < 0 ? .put : .call, forward: 1, strike: ratio,
      totalVolatility: volatility * timeToExpiry.squareRoot())
  }

  /// The integral of weighted option prices over the logarithm of the strike, outwards until a wing has ended.
  private func strip(
    _ tolerance: Double,
    _ impliedVolatility: (Double) -> Double,
    weight: (Double) -> Double
  ) throws(NumericsError) -> Integral {
    for (value, name) in [(forward, "forward"), (timeToExpiry, "timeToExpiry")]
    where !(value > 0 && value.isFinite) {
      throw .invalidValue(
        argument: name, got: value, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    let center = impliedVolatility(forward)
    guard Black.isAmount(center) else {
      throw .invalidValue(
        argument: "impliedVolatility", got: center, lowest: 0, highest: .greatestFiniteMagnitude)
    }
    let first = max(center * timeToExpiry.squareRoot(), Self.leastPiece)
    var (value, error, count) = (0.0, 0.0, 1)
    for side in [-1.0, 1.0] {
      var (start, end) = (0.0, first)
      while true {
        let range = side < 0 ? -end ... -start : start...end
        let settings = Integral.Settings(
          absoluteTolerance: tolerance * value.magnitude / 4, relativeTolerance: tolerance / 4)
        let piece = try GaussKronrod.integral(over: range, settings: settings) {
          weight($0) * price($0, impliedVolatility)
        }
        value += piece.value
        error += piece.errorEstimate
        count += piece.evaluationCount
        // Prices fall faster and faster: what is left is less than the last piece.
        if piece.value.magnitude <= tolerance / 4 * value.magnitude { break }
        (start, end) = (end, 2 * end)
        guard end <= Self.farthest else {
          throw .notConverged(iterations: count, best: value, residual: piece.value.magnitude)
        }
      }
    }
    return Integral(value: value, errorEstimate: error, evaluationCount: count)
  }

  /// Strikes beyond this logarithm have no numbers.
  private static let farthest = 700.0
  private static let leastPiece = 1e-6

  /// I₀(z) − I₁(z), the mean of (1 − cos θ) exp(z cos θ) over half a turn.
  package static func besselDifference(_ z: Double) -> Double {
    // The trapezoidal rule is exact to rounding for a periodic function.
    let count = 32 + 4 * Int(min(z.magnitude, 1e4).squareRoot() * 4)
    var sum = 0.0
    for i in 1...count {
      let angle = Double.pi * Double(i) / Double(count)
      let cosine = cos(angle)
      let term = (1 - cosine) * exp(z * cosine)
      sum += i == count ? term / 2 : term
    }
    return sum / Double(count)
  }
}
