// Goals in order: relative accuracy in both tails, any component law, speed.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A mixture of laws of one kind: one component is drawn by its weight, then a value from it.
///
/// ```text
/// f(x) = Σ w f(x; component)
/// ```
///
/// Probabilities are sums of positive terms on the smaller side and as accurate as those of the
/// components; a quantile is found between the components' quantiles. A draw is a quantile.
public struct Mixture<Component: ContinuousDistribution>: ContinuousDistribution {
  /// The component laws.
  public let components: [Component]

  /// The weight of each component; positive, with the sum 1.
  public let weights: [Double]

  private let logWeights: [Double]

  /// Creates a mixture.
  ///
  /// - Parameters:
  ///   - components: At least one law.
  ///   - weights: As many positive numbers that sum to one within 1e-9; they are divided by their sum.
  /// - Throws: `DistributionsError.tooFewObservations` without a component,
  ///   `DistributionsError.shapeMismatch`, `DistributionsError.invalidObservation` for a weight,
  ///   `DistributionsError.invalidValue` for their sum.
  public init(components: [Component], weights: [Double]) throws(DistributionsError) {
    guard !components.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    guard weights.count == components.count else {
      throw .shapeMismatch(argument: "weights", got: weights.count, required: components.count)
    }
    if let index = weights.firstIndex(where: { !($0 > 0 && $0 <= 1) }) {
      throw .invalidObservation(argument: "weights", index: index, got: weights[index])
    }
    let total = weights.reduce(0, +)
    let tolerance = EmpiricalDistribution.probabilityTolerance
    guard (total - 1).magnitude <= tolerance else {
      throw .invalidValue(
        argument: "sum of weights", got: total, lowest: 1 - tolerance, highest: 1 + tolerance)
    }
    self.components = components
    self.weights = weights.map { $0 / total }
    logWeights = self.weights.map { log($0) }
  }

  /// The mean.
  public var mean: Double { weighted { $0.mean } }

  /// The variance.
  public var variance: Double { central(2) }

  /// The third central moment over the cube of the standard deviation.
  public var skewness: Double {
    let variance = variance
    return central(3) / (variance * variance.squareRoot())
  }

  /// The fourth central moment over the square of the variance, less 3.
  public var excessKurtosis: Double {
    let variance = variance
    return variance == .infinity ? .infinity : central(4) / (variance * variance) - 3
  }

  /// The logarithm of the density.
  public func logPDF(_ x: Double) -> Double { logSum { $0.logPDF(x) } }

  /// The probability of a value of at most `x`.
  public func cdf(_ x: Double) -> Double { x.isNaN ? .nan : logTails(x).cdf }

  /// The probability of a value above `x`.
  public func survival(_ x: Double) -> Double { x.isNaN ? .nan : logTails(x).survival }

  /// The logarithm of the probability of a value of at most `x`.
  public func logCDF(_ x: Double) -> Double { logTails(x).lower }

  /// The logarithm of the probability of a value above `x`.
  public func logSurvival(_ x: Double) -> Double { logTails(x).upper }

  /// The point below which the law has a given probability.
  public func quantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    return probability <= 0.5
      ? search(logTarget: log(probability), points: components.map { $0.quantile(probability) }) {
        (x: Double) -> Double in logTails(x).lower
      }
      : survivalQuantile(1 - probability)
  }

  /// The point above which the law has a given probability.
  public func survivalQuantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    guard probability <= 0.5 else { return quantile(1 - probability) }
    let mirrored = search(
      logTarget: log(probability), points: components.map { -$0.survivalQuantile(probability) }
    ) { (x: Double) -> Double in logTails(-x).upper }
    return -mirrored
  }

  /// The mean of the values below the quantile of a probability.
  public func meanBelow(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    if probability == 1 { return mean }
    let x = quantile(probability)
    return tailMean(components.map { $0.cdf(x) }) { component, p in
      component.meanBelow(probability: p)
    }
  }

  /// The mean of the values above the quantile that is exceeded with a probability.
  public func meanAbove(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    if probability == 1 { return mean }
    let x = survivalQuantile(probability)
    return tailMean(components.map { $0.survival(x) }) { component, p in
      component.meanAbove(probability: p)
    }
  }

  // MARK: Sums over the components

  private func weighted(_ value: (Component) -> Double) -> Double {
    zip(components, weights).reduce(0) { $0 + $1.1 * value($1.0) }
  }

  /// ln Σ w exp(value), from the largest term.
  private func logSum(_ value: (Component) -> Double) -> Double {
    let terms = zip(components, logWeights).map { value($0) + $1 }
    let largest = terms.reduce(-Double.infinity) { $1.isNaN ? .nan : max($0, $1) }
    guard largest.isFinite else { return largest }
    return largest + log(terms.reduce(0) { $0 + exp($1 - largest) })
  }

  private func logTails(_ x: Double) -> LogTails {
    let lower = logSum { $0.logCDF(x) }
    let upper = logSum { $0.logSurvival(x) }
    if lower.isNaN || upper.isNaN { return LogTails(lower: .nan, upper: .nan) }
    return lower < upper ? LogTails(lower: min(lower, 0)) : LogTails(upper: min(upper, 0))
  }

  private func tailMean(
    _ masses: [Double],
    _ mean: (Component, Double) -> Double
  ) -> Double {
    var (mass, sum) = (0.0, 0.0)
    for i in components.indices where masses[i] > 0 {
      mass += weights[i] * masses[i]
      sum += weights[i] * masses[i] * mean(components[i], masses[i])
    }
    return sum / mass
  }

  /// The central moment of an order from 2 to 4, from those of the components.
  private func central(_ order: Int) -> Double {
    let center = mean
    return weighted { component in
      let shift = component.mean - center
      let second = component.variance
      if order == 2 { return second + shift * shift }
      let third = component.skewness * second * second.squareRoot()
      if order == 3 { return third + shift * (3 * second + shift * shift) }
      let fourth = (component.excessKurtosis + 3) * second * second
      return fourth + shift * (4 * third + shift * (6 * second + shift * shift))
    }
  }

  /// The root of an increasing logarithm of a probability between the components' own points.
  private func search(
    logTarget: Double,
    points: [Double],
    _ logTail: (Double) -> Double
  ) -> Double {
    let low = points.min() ?? .nan
    let high = points.max() ?? .nan
    guard low < high, low > -.infinity, high < .infinity, logTarget > -.infinity else { return low }
    do throws(NumericsError) {
      return try Brent.root(of: { logTail($0) - logTarget }, in: low...high).argument
    } catch {
      // Rounding at an end: the nearer one.
      return (logTail(low) - logTarget).magnitude < (logTail(high) - logTarget).magnitude
        ? low : high
    }
  }
}
