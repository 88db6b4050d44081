// Goals, in order: the law on every date without a step between dates, stability at the edges, speed.
//
// Given the variance v at the start and w at the end, its integral I over a step is
//
//   I = Σ_n G_n/γ_n,   G_n ~ gamma(δ/2 + 2N + N_n),   N_n ~ Poisson((v + w) λ_n),
//
// where N is the count of the mixture of gamma laws from which w was drawn: given w it has the law
// of Bessel that the expansion asks for. P. Glasserman and K.-K. Kim, "Gamma expansion of the Heston
// stochastic volatility model", Finance and Stochastics 15 (2011). The terms beyond the first few
// are one gamma draw of their mean and variance. Given I, the growth is normal: M. Broadie and
// Ö. Kaya, "Exact simulation of stochastic volatility", Operations Research 54 (2006).

public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension HestonModel: PathModel {
  /// The variance of a path at its start.
  public var startingMemory: Double { initialVariance }

  /// Prepares steps of one length.
  ///
  /// - Parameter time: The time in years, positive.
  /// - Returns: What all steps of this length share.
  public func step(over time: Double) -> HestonStep {
    HestonStep(self, over: time)
  }

  /// Draws the growth and the variance after a step.
  ///
  /// - Parameters:
  ///   - step: A step of this model.
  ///   - memory: The variance at the start; afterwards that at the end.
  ///   - draws: The source of randomness.
  /// - Returns: The logarithm of the growth beyond that of the forward.
  public func logGrowth(
    over step: HestonStep,
    from memory: inout Double,
    _ draws: inout RandomSequence
  ) -> Double {
    let start = memory
    let isCertain = step.squaredNoise <= Self.negligibleNoise * (start + meanVariance)
    let (end, integral) = isCertain ? step.certain(from: start) : step.draw(from: start, &draws)
    memory = end
    let noise = isCertain ? 0 : end - start - reversion * (meanVariance * step.time - integral)
    let along = isCertain ? 0 : correlation / varianceVolatility * noise
    let share = isCertain ? 1 : (1 - correlation) * (1 + correlation)
    return along - integral / 2 + (share * integral).squareRoot() * draws.normal()
  }

  /// Below this `ξ²T` over the variance, rounding is larger than what the noise of the variance does.
  private static let negligibleNoise = 1e-16
}

/// What steps of one length share under the model of Heston.
public struct HestonStep: Sendable {
  let time: Double
  let squaredNoise: Double
  private let kept: Double
  private let share: Double
  private let scale: Double
  private let halfFreedom: Double
  private let meanVariance: Double
  private let terms: [Term]
  private var rest: Rest

  /// A rate γ and a count λ per unit of variance.
  private struct Term {
    let rate: Double
    let count: Double
  }

  /// Sums over the terms left out, of `1/γ`, `λ/γ`, `1/γ²` and `λ/γ²`.
  private struct Rest {
    var mean = 0.0
    var countMean = 0.0
    var variance = 0.0
    var countVariance = 0.0

    func less(_ other: Rest) -> Rest {
      Rest(
        mean: max(0, mean - other.mean), countMean: max(0, countMean - other.countMean),
        variance: max(0, variance - other.variance),
        countVariance: max(0, countVariance - other.countVariance))
    }
  }

  init(_ model: HestonModel, over time: Double) {
    let exponent = model.reversion * time
    let noise = model.varianceVolatility * model.varianceVolatility
    self.time = time
    squaredNoise = noise * time
    meanVariance = model.meanVariance
    kept = exp(-exponent)
    share = exponent > 0 ? -expm1(-exponent) / exponent : 1
    scale = noise * time * share / 4
    halfFreedom = 2 * model.reversion * model.meanVariance / noise
    func term(_ n: Double) -> Term {
      let frequency = 4 * Double.pi * Double.pi * n * n
      let sum = exponent * exponent + frequency
      return Term(
        rate: sum / (2 * noise * time * time), count: 4 * frequency / (noise * time * sum))
    }
    let count = Self.leastTerms + Int(min(exponent, Self.largestExponent))
    terms = (1...count).map { term(Double($0)) }
    rest =
      exponent < Self.longExponent
      ? Self.sum((count + 1)..<Self.endOfSums, term)
      : Self.total(exponent, noise, time).less(Self.sum(1..<(count + 1), term))
    guard exponent < Self.longExponent else { return }
    // From there on 1/γ falls like n⁻²: the integral from half a term before.
    let last = term(Double(Self.endOfSums))
    let tail = Double(Self.endOfSums * Self.endOfSums) / (Double(Self.endOfSums) - 0.5)
    rest.mean += tail / last.rate
    rest.countMean += tail * last.count / last.rate
  }

  private static func sum(_ range: Range<Int>, _ term: (Double) -> Term) -> Rest {
    var rest = Rest()
    for n in range {
      let term = term(Double(n))
      rest.mean += 1 / term.rate
      rest.countMean += term.count / term.rate
      rest.variance += 1 / (term.rate * term.rate)
      rest.countVariance += term.count / (term.rate * term.rate)
    }
    return rest
  }

  /// The sums over all terms, from the expansion of the hyperbolic cotangent; at small exponents its terms cancel.
  private static func total(_ exponent: Double, _ noise: Double, _ time: Double) -> Rest {
    let a = exponent
    let (c, decay) = (1 / tanh(a / 2), exp(-a))
    let square = 4 * decay / ((1 - decay) * (1 - decay))
    let unit = 2 * noise * time * time
    return Rest(
      mean: unit * (c / 4 - 0.5 / a) / a, countMean: time * (c / a - square / 2),
      variance: unit * unit * (square / 16 + (c / 8 - 0.5 / a) / a) / a / a,
      countVariance: time * unit * (square / 8 + c / (4 * a) - square * c * a / 8) / a / a)
  }

  private static let leastTerms = 10
  private static let largestExponent = 50.0
  private static let endOfSums = 4_000

  /// From here on sums over all terms are taken in closed form.
  private static let longExponent = 10.0

  /// The end and the integral of a variance without noise.
  func certain(from start: Double) -> (end: Double, integral: Double) {
    let end = start * kept + meanVariance * (1 - kept)
    return (end, time * (start * share + meanVariance * (1 - share)))
  }

  /// A variance at the end of a step, and its integral over it.
  func draw(
    from start: Double,
    _ draws: inout RandomSequence
  ) -> (end: Double, integral: Double) {
    let count = draws.poisson(mean: start * kept / (2 * scale))
    let end = 2 * scale * draws.gamma(shape: halfFreedom + count)
    let shape = halfFreedom + 2 * count
    let sum = start + end
    var integral = 0.0
    for term in terms {
      let extra = draws.poisson(mean: sum * term.count)
      integral += draws.gamma(shape: shape + extra) / term.rate
    }
    let mean = shape * rest.mean + sum * rest.countMean
    let variance = shape * rest.variance + 2 * sum * rest.countVariance
    guard mean > 0, variance > 0 else { return (end, integral + mean) }
    integral += draws.gamma(shape: mean * mean / variance) * (variance / mean)
    return (end, integral)
  }
}
