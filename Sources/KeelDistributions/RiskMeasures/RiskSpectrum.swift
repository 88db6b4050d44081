// Goals in order: coherence of every spectrum that can be made, the same measure for samples and laws, no silent infinity.
//
// C. Acerbi, "Spectral measures of risk: a coherent representation of subjective risk aversion", Journal of Banking and Finance 26
// (2002): with the quantiles of the outcome
//
//   ρ = −∫₀¹ φ(u) quantile(u) du,   φ not negative, not increasing, of integral one
//
// For a sample φ is integrated over the probability of each outcome, the worst first; equal outcomes share.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How much each part of a distribution of outcomes counts in a spectral measure of risk, the worst first.
///
/// Every spectrum gives a coherent measure: never less weight for a worse outcome.
///
/// ```swift
/// let averse = try RiskSpectrum.exponential(aversion: 20)
/// let ofHistory = try averse.risk(of: EmpiricalDistribution(outcomes: returns))
/// let ofLaw = try averse.risk(of: StudentT.fit(returns).law)
/// ```
public struct RiskSpectrum: Hashable, Sendable {
  private enum Shape: Hashable, Sendable {
    case exponential(aversion: Double)
    case power(exponent: Double)
    case steps(ends: [Double], heights: [Double])
  }

  private let shape: Shape

  /// The spectrum of exponential aversion, for a utility with constant absolute aversion.
  ///
  /// ```text
  /// φ(u) = k e^(−k u) / (1 − e^(−k))
  /// ```
  ///
  /// Source: K. Dowd, J. Cotter and G. Sorwar, "Spectral risk measures: properties and limitations", Journal of Financial Services
  /// Research 34 (2008).
  ///
  /// - Parameter aversion: k, 1e-9 to 1e6; toward zero the measure is minus the mean.
  /// - Returns: The spectrum.
  /// - Throws: `DistributionsError.invalidValue`.
  public static func exponential(aversion: Double) throws(DistributionsError) -> RiskSpectrum {
    try requireInside(aversion, 1e-9...1e6, "aversion")
    return RiskSpectrum(shape: .exponential(aversion: aversion))
  }

  /// The spectrum of power aversion: the proportional hazard transform.
  ///
  /// ```text
  /// φ(u) = γ u^(γ − 1)
  /// ```
  ///
  /// - Parameter exponent: γ, 1e-3 to 1; one gives minus the mean.
  /// - Returns: The spectrum.
  /// - Throws: `DistributionsError.invalidValue`.
  public static func power(exponent: Double) throws(DistributionsError) -> RiskSpectrum {
    try requireInside(exponent, 1e-3...1, "exponent")
    return RiskSpectrum(shape: .power(exponent: exponent))
  }

  /// The spectrum of the expected shortfall.
  ///
  /// - Parameter confidence: The confidence, inside (0, 1).
  /// - Returns: The spectrum.
  /// - Throws: `DistributionsError.invalidValue`.
  public static func expectedShortfall(
    confidence: Double
  ) throws(DistributionsError) -> RiskSpectrum {
    try requireConfidence(confidence)
    return RiskSpectrum(
      shape: .steps(ends: [1 - confidence, 1], heights: [1 / (1 - confidence), 0]))
  }

  /// Any spectrum that is constant between some shares of the worst outcomes.
  ///
  /// - Parameters:
  ///   - ends: Shares of the worst outcomes at which the spectrum falls, increasing, the last one 1.
  ///   - heights: φ up to each end: not negative, not increasing, of integral one within 1e-9.
  /// - Returns: The spectrum.
  /// - Throws: `DistributionsError.shapeMismatch`, `DistributionsError.invalidValue` with what is not admissible.
  public static func steps(
    ends: [Double],
    heights: [Double]
  ) throws(DistributionsError) -> RiskSpectrum {
    guard ends.count == heights.count, !ends.isEmpty else {
      throw .shapeMismatch(
        argument: "heights", got: heights.count, required: max(ends.count, 1))
    }
    var (before, above, integral) = (0.0, Double.greatestFiniteMagnitude, 0.0)
    for (place, end) in ends.enumerated() {
      // Nothing follows the end at one.
      try requireInside(before, 0...(1.0.nextDown), "ends")
      try requireInside(end, before.nextUp...1, "ends")
      try requireInside(heights[place], 0...above, "heights")
      integral += heights[place] * (end - before)
      (before, above) = (end, heights[place])
    }
    try requireInside(before, 1...1, "last of ends")
    try requireInside(integral, (1 - 1e-9)...(1 + 1e-9), "integral of the spectrum")
    return RiskSpectrum(shape: .steps(ends: ends, heights: heights.map { $0 / integral }))
  }
}

// MARK: - Weights

extension RiskSpectrum {
  /// The weight φ of the outcome that a share u of the outcomes is worse than.
  ///
  /// - Parameter share: u, inside (0, 1).
  /// - Returns: φ(u), at a step and within 1e-12 of it, relatively, the height below it; NaN outside (0, 1).
  public func weight(at share: Double) -> Double {
    share > 0 && share < 1 ? density(share) : .nan
  }

  /// φ, also where a share is rounded to one.
  private func density(_ share: Double) -> Double {
    switch shape {
    case .exponential(let k): return k * exp(-k * share) / -expm1(-k)
    case .power(let exponent): return exponent * pow(share, exponent - 1)
    case .steps(let ends, let heights):
      // Ends carry the rounding of 1 − confidence.
      let place = ends.firstIndex { share <= $0 * (1 + SampleTail.massTolerance) }
      return heights[place ?? heights.count - 1]
    }
  }

  /// ∫ φ from `low` to `low + mass`.
  private func weight(from low: Double, mass: Double) -> Double {
    switch shape {
    case .exponential(let k): return exp(-k * low) * expm1(-k * mass) / expm1(-k)
    case .power(let exponent):
      let high = low + mass
      return low == 0
        ? pow(high, exponent) : pow(low, exponent) * expm1(exponent * log1p(mass / low))
    case .steps(let ends, let heights):
      var (sum, start) = (0.0, low)
      for (end, height) in zip(ends, heights) where end > start {
        let stop = min(end, low + mass)
        if stop > start { sum += height * (stop - start) }
        start = max(start, stop)
      }
      return sum
    }
  }
}

// MARK: - Samples

extension RiskSpectrum {
  /// The spectral risk of a sample.
  ///
  /// - Parameter law: The outcomes, with their probabilities.
  /// - Returns: The risk, positive for a loss, and its slopes.
  /// - Throws: `DistributionsError.notRepresentable` for a risk that overflows.
  /// - Complexity: O(T log T).
  public func risk(of law: EmpiricalDistribution) throws(DistributionsError) -> SampleRisk {
    let sample = WeightedSample(outcomes: law.outcomes, probabilities: law.probabilities)
    let (outcomes, masses) = (sample.outcomes, sample.probabilities)
    let places = outcomes.indices.filter { masses[$0] > 0 }
      .sorted { outcomes[$0] < outcomes[$1] }
    var slopes = [Double](repeating: 0, count: outcomes.count)
    var risk = CompensatedSum()
    var below = CompensatedSum()
    var start = 0
    while start < places.count {
      let outcome = outcomes[places[start]]
      var end = start
      var mass = 0.0
      while end < places.count && outcomes[places[end]] == outcome {
        mass += masses[places[end]]
        end += 1
      }
      // What rounding leaves above one belongs to no outcome.
      let low = min(below.value, 1)
      let weight = weight(from: low, mass: end == places.count ? 1 - low : min(mass, 1 - low))
      for t in places[start..<end] { slopes[t] = -weight * (masses[t] / mass) }
      risk.add(-weight * outcome)
      below.add(mass)
      start = end
    }
    guard risk.value.isFinite else { throw .notRepresentable(result: "risk") }
    return SampleRisk(value: risk.value, slopes: slopes)
  }
}

// MARK: - Laws

extension RiskSpectrum {
  /// The spectral risk of a law.
  ///
  /// Steps are means of tails of the law; smooth spectra are integrated to 1e-11 of the largest part.
  ///
  /// - Parameter law: The law of the outcome.
  /// - Returns: The risk, positive for a loss; infinite where the integral diverges for losses or gains.
  /// - Throws: `DistributionsError.notRepresentable` where it diverges for both, when the integral cannot be found, and when the parts
  ///   of it below a probability of 1e-300 count, next to divergence.
  public func risk(of law: some ContinuousDistribution) throws(DistributionsError) -> Double {
    if case .steps(let ends, let heights) = shape {
      // φ is a sum of spectra of expected shortfalls.
      var risk = 0.0
      for (place, end) in ends.enumerated() {
        let drop = heights[place] - (place + 1 < ends.count ? heights[place + 1] : 0)
        if drop > 0 { risk -= drop * end * law.meanBelow(probability: end) }
      }
      guard !risk.isNaN else { throw .notRepresentable(result: "risk") }
      return risk
    }
    // ∫ φ quantile converges at an end where φ is u^(γ − 1) and the tail t^(−α) when γ α > 1.
    guard let losses = TailDecay(lowerOf: law).index, let gains = TailDecay(upperOf: law).index
    else { throw .notRepresentable(result: "tail") }
    let areLossesFinite = exponentAtWorst * losses > 1 + TailDecay.tolerance
    let areGainsFinite = gains > 1 + TailDecay.tolerance
    guard areLossesFinite || areGainsFinite else { throw .notRepresentable(result: "risk") }
    if !areLossesFinite { return .infinity }
    if !areGainsFinite { return -.infinity }
    if let pieces = law as? ParetoTailedEmpirical { return try risk(ofPieces: pieces) }
    let lower = try TailIntegral.value(of: { -law.quantile($0) }, weight: { density($0) })
    let upper = try TailIntegral.value(
      of: { -law.survivalQuantile($0) }, weight: { density(1 - $0) })
    guard (lower + upper).isFinite else { throw .notRepresentable(result: "risk") }
    return lower + upper
  }
}

extension RiskSpectrum {
  /// γ, where the spectrum is u^(γ − 1) toward the worst outcomes.
  private var exponentAtWorst: Double {
    if case .power(let exponent) = shape { exponent } else { 1 }
  }
}

// MARK: - Laws in pieces

extension RiskSpectrum {
  /// The risk of a sample with Pareto tails, whose quantiles have a kink at every point of the sample.
  private func risk(
    ofPieces law: ParetoTailedEmpirical
  ) throws(DistributionsError) -> Double {
    let (points, levels) = (law.points, law.probabilities)
    let mass = law.tailProbability
    var risk = CompensatedSum()
    // Thresholds with the weights of the tails, and the excesses over them.
    risk.add(-points[0] * weight(from: 0, mass: mass))
    risk.add(-points[points.count - 1] * weight(from: 1 - mass, mass: mass))
    risk.add(
      try TailIntegral.value(
        of: { law.lowerTail.law.survivalQuantile($0 / mass) }, weight: { density($0) }, upTo: mass))
    risk.add(
      -(try TailIntegral.value(
        of: { law.upperTail.law.survivalQuantile($0 / mass) }, weight: { density(1 - $0) },
        upTo: mass)))
    for i in 1..<points.count {
      let slope = (points[i] - points[i - 1]) / (levels[i] - levels[i - 1])
      let rise = rise(from: levels[i - 1], mass: levels[i] - levels[i - 1])
      risk.add(-points[i - 1] * weight(from: levels[i - 1], mass: levels[i] - levels[i - 1]))
      risk.add(-slope * rise)
    }
    guard risk.value.isFinite else { throw .notRepresentable(result: "risk") }
    return risk.value
  }

  /// ∫ φ(u) (u − low) from `low` to `low + mass`, by panels no longer than the distance to zero, where a power is singular, and
  /// than some lengths over which an exponential falls.
  private func rise(from low: Double, mass: Double) -> Double {
    var longest = Double.infinity
    if case .exponential(let k) = shape { longest = Self.panelExponent / k }
    var (start, sum) = (low, CompensatedSum())
    let end = low + mass
    while start < end {
      let stop = min(end, start + min(start, longest))
      let panel = Self.rule.integral(over: start...stop) { density($0) * ($0 - low) }
      sum.add(panel)
      // Weights never rise: the rest is at most its last one's.
      let rest = density(stop) * (end - stop) * mass
      if rest <= Self.negligibleRest * sum.value { break }
      start = stop
    }
    return sum.value
  }

  private static let rule = GaussLegendre(checkedCount: 16)
  private static let panelExponent = 4.0
  private static let negligibleRest = 1e-17
}

/// Integrals over a tail of a law, from its probability.
enum TailIntegral {
  /// ∫ weight · f from 0 to a probability, which must converge.
  static func value(
    of function: (Double) -> Double,
    weight: (Double) -> Double,
    upTo end: Double = 0.5
  ) throws(DistributionsError) -> Double {
    var settings = Integral.Settings()
    settings.relativeTolerance = 1e-12
    let integral: Double
    do throws(NumericsError) {
      // The distance to the end has all digits; at the middle the whole integrand is smooth.
      integral = try TanhSinh.integral(over: 0...end, settings: settings) { u, distance in
        let probability = u < end / 2 ? distance : u
        let value = weight(probability) * function(probability)
        return value
      }.value
    } catch {
      throw .notRepresentable(result: "integral over the tail")
    }
    // What lies nearer to zero than numbers do, as a power of the probability.
    let (near, far) = (leastProbability, leastProbability * 1e10)
    let (atNear, atFar) = (weight(near) * function(near), weight(far) * function(far))
    guard atNear.isFinite else { throw .notRepresentable(result: "integral over the tail") }
    if atNear == 0 { return integral }
    let exponent = atFar == 0 ? 0 : log((atNear / atFar).magnitude) / log(near / far)
    guard exponent > -1,
      near * (atNear / (1 + exponent)).magnitude <= tolerance * integral.magnitude
    else { throw .notRepresentable(result: "integral over the tail") }
    return integral
  }

  private static let leastProbability = 1e-300
  private static let tolerance = 1e-11
}
