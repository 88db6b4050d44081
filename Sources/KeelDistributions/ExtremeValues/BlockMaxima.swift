// Intervals of levels as for peaks over a threshold (Coles 2001, section 3.3.3): the likelihood is the largest over two parameters when
// the level z that a block exceeds with probability p is given. With q(y) = (y^−ξ − 1)/ξ,
//
//   z = μ + σ q(−ln(1 − p)),   v = μ + σ q(y₀),   σ = (z − v)/(q(−ln(1 − p)) − q(y₀))
//
// v is a level among the maxima that is not z, and free with ξ. It is known to a part of a scale wherever z is, while σ would have to be
// known to a part of scale/z: ways to levels of a million scales need it.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The largest loss of each of many blocks, a month or a year of days for example.
///
/// For more than the maxima alone ``PeaksOverThreshold`` uses the data better. Sources: R. Fisher and L. Tippett (1928), E. Gumbel, "Statistics
/// of extremes" (1958).
public struct BlockMaxima: Hashable, Sendable {
  /// The law of the largest loss of a block, with its standard errors.
  public let fit: DistributionFit<GeneralizedExtremeValue>

  /// The largest loss of each whole block, in their order.
  public let maxima: [Double]

  /// Fits the law of the maxima.
  ///
  /// - Parameters:
  ///   - losses: T finite numbers.
  ///   - blockLength: The number of losses of a block, at least 1. A last block that is not whole is left out.
  /// - Throws: `DistributionsError.invalidObservation`, `.invalidValue`, and as `GeneralizedExtremeValue.fit`.
  /// - Complexity: O(T).
  public init(_ losses: [Double], blockLength: Int) throws(DistributionsError) {
    guard blockLength >= 1 else {
      throw .invalidValue(
        argument: "blockLength", got: Double(blockLength), lowest: 1, highest: Double(Int.max))
    }
    if let bad = losses.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "losses", index: bad, got: losses[bad])
    }
    let maxima = (0..<(losses.count / blockLength)).map { block in
      losses[(block * blockLength)..<((block + 1) * blockLength)].reduce(-.infinity, max)
    }
    self.maxima = maxima
    fit = try GeneralizedExtremeValue.fit(maxima)
  }

  /// The level that the largest loss of a block exceeds once in so many blocks.
  ///
  /// - Parameter blocks: More than 1.
  /// - Returns: The level.
  /// - Throws: `DistributionsError.invalidValue`.
  public func returnLevel(blocks: Double) throws(DistributionsError) -> Double {
    fit.law.survivalQuantile(try probability(blocks))
  }

  /// An interval for a return level by the profile of the likelihood.
  ///
  /// - Parameters:
  ///   - blocks: More than 1.
  ///   - level: The probability with which such intervals hold the true value for many blocks, inside (0, 1).
  /// - Returns: The interval; an end is infinite where the likelihood stays near its maximum up to four million scales, for
  ///   farther levels up to about the cube of their number of scales.
  /// - Throws: `DistributionsError.invalidValue`.
  /// - Complexity: Some ten thousand likelihoods of the maxima.
  public func returnLevelInterval(
    blocks: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> ClosedRange<Double> {
    try requireInside(level, (0.0).nextUp...(1.0).nextDown, "level")
    let probability = try probability(blocks)
    let best = fit.law.survivalQuantile(probability)
    let score = StandardNormal.quantile((1 + level) / 2)
    let profile = ReturnLevelProfile(maxima: maxima, law: fit.law, probability: probability)
    // In s with level = μ + σ sinh s: like the level near the maxima, like its logarithm far from them.
    let (location, scale) = (fit.law.location, fit.law.scale)
    let place: (Double) -> Double = { location + scale * sinh($0) }
    let value: (Double) -> Double = { profile.value(place($0)) }
    let start = asinh((best - location) / scale)
    guard start.isFinite else {
      // The way down from a level that is too large for a number begins at a large number.
      let limit = fit.logLikelihood + Double(maxima.count) * log(scale) - score * score / 2
      let largest = asinh(.greatestFiniteMagnitude / max(scale, 1)) - 1
      let low = profileCrossing(value, limit) { largest * (1 - Double($0) / 32) }
        .end(outside: .infinity, inside: 0)
      return place(low) ... .infinity
    }
    let limit = profile.value(best) - score * score / 2
    let step = max(0.5, start.magnitude / 16)
    let low = profileCrossing(value, limit) { start - step * Double($0) }
      .end(outside: start, inside: -.infinity)
    let high = profileCrossing(value, limit) { start + step * Double($0) }
      .end(outside: start, inside: .infinity)
    return min(place(low), best)...max(place(high), best)
  }

  private func probability(_ blocks: Double) throws(DistributionsError) -> Double {
    try requireInside(blocks, (1.0).nextUp...(.greatestFiniteMagnitude), "blocks")
    return 1 / blocks
  }
}

/// The largest likelihood of maxima when one level is given.
private struct ReturnLevelProfile {
  let maxima: [Double]
  /// A scale of the right size.
  let scale: Double
  /// −ln y of the level that is given, y = −ln(1 − p).
  let given: Double
  /// −ln y of the level v among the maxima.
  let other: Double
  /// v of a law of the right size.
  let center: Double

  private static let shapes = -0.5...2.0

  /// The probability from which on v lies above the level that is given, rather than below.
  private static let highProbability = 0.4

  /// How far v is searched from its center, in scales.
  private static let reach = 8.0

  init(maxima: [Double], law: GeneralizedExtremeValue, probability: Double) {
    self.maxima = maxima
    scale = law.scale
    given = -log(-log1p(-probability))
    // The location, or the upper quartile.
    let otherProbability = probability < Self.highProbability ? -expm1(-1) : 0.25
    other = -log(-log1p(-otherProbability))
    center = law.survivalQuantile(otherProbability)
  }

  func value(_ level: Double) -> Double {
    var settings = Brent.Settings()
    settings.absoluteTolerance = 1e-6
    settings.relativeTolerance = 1e-6
    let end = (level - center) / scale
    let range =
      given > other
      ? -Self.reach...max(min(end, Self.reach), -Self.reach)
      : min(max(end, -Self.reach), Self.reach)...Self.reach
    return largestValue(over: Self.shapes, cellCount: 10, settings: settings) { shape in
      let distance =
        StandardGeneralizedPareto.stretchedExponential(given, shape)
        - StandardGeneralizedPareto.stretchedExponential(other, shape)
      let location = StandardGeneralizedPareto.stretchedExponential(other, shape)
      return largestValue(over: range, cellCount: 10, settings: settings) { place in
        let middle = center + scale * place
        let size = (level - middle) / distance
        return logLikelihood(middle - size * location, shape, size)
      }
    }
  }

  private func logLikelihood(_ location: Double, _ shape: Double, _ size: Double) -> Double {
    guard size > 0, size.isFinite, location.isFinite else { return -.infinity }
    let isGumbel = shape.magnitude < 1e-9
    var sum = -Double(maxima.count) * log(size / scale)
    for value in maxima {
      let z = (value - location) / size
      if isGumbel {
        sum -= z + exp(-z)
      } else {
        let argument = shape * z
        if argument <= -1 { return -.infinity }
        let logarithm = log1p(argument) / shape
        sum -= (1 + shape) * logarithm + exp(-logarithm)
      }
    }
    return sum.isNaN ? -.infinity : sum
  }
}
