// Goals in order: the global maximum, scale equivariance, speed.
//
// With a = Σ w (x − μ)⁺/n and b = Σ w (μ − x)⁺/n the best asymmetry at a location is κ = (b/a)^¼ and
// the best scale κa + b/κ; the likelihood −2 ln(√a + √b) − 1 left over has its maximum at an observation,
// as √a + √b is concave between two. S. Kotz, T. Kozubowski and K. Podgórski, The Laplace Distribution and Generalizations
// (2001), section 3.5.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension AsymmetricLaplace {
  /// The least number of observations of a fit.
  public static let minimumObservationCount = 10

  /// The bounds of the asymmetry in a fit: beyond, all but 1e-4 of the law is on one side.
  public static let fittedAsymmetry = 0.01...100.0

  /// Fits location, scale and asymmetry to a sample by maximum likelihood.
  ///
  /// Every observation is tried as location, so that the maximum is the global one. A sample with an end at its
  /// mode reaches a bound of ``fittedAsymmetry``: the status says which, and the standard error of the asymmetry
  /// is NaN. Standard errors are asymptotic, from the expected information. Multiplying the sample by c
  /// multiplies location and scale by c within 1e-12.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no half of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  /// - Returns: The law with `location`, `scale` and `asymmetry` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills half of the sample,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n log n).
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil
  ) throws(DistributionsError) -> DistributionFit<AsymmetricLaplace> {
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 2)
    let best = bestLocation(standardized)
    let (kappa, n) = (best.asymmetry, standardized.totalWeight)
    let (location, scale) = try standardized.restored(
      location: best.location, scale: kappa * best.above + best.below / kappa)
    let isHeld = kappa <= fittedAsymmetry.lowerBound || kappa >= fittedAsymmetry.upperBound
    let errors = standardErrors(kappa, isHeld: isHeld).map { $0 / n.squareRoot() }
    return DistributionFit(
      law: try AsymmetricLaplace(location: location, scale: scale, asymmetry: kappa),
      logLikelihood: n * (best.value - 1 - standardized.logUnit),
      parameters: [
        FittedParameter(name: "location", value: location, standardError: scale * errors[0]),
        FittedParameter(name: "scale", value: scale, standardError: scale * errors[1]),
        FittedParameter(name: "asymmetry", value: kappa, standardError: errors[2]),
      ],
      observationCount: standardized.values.count,
      totalWeight: n,
      iterations: standardized.values.count,
      status: !isHeld ? .converged : kappa > 1 ? .upperBound : .lowerBound
    )
  }

  private struct Candidate {
    var value = -Double.infinity
    var location = 0.0
    var above = 0.0
    var below = 0.0
    var asymmetry = 1.0
  }

  private static func bestLocation(_ sample: StandardizedSample) -> Candidate {
    let (values, weights, n) = (sample.values, sample.weights, sample.totalWeight)
    let order = values.indices.sorted { values[$0] < values[$1] }
    // The partial means of both sides from their own ends, without cancellation.
    var below = [Double](repeating: 0, count: order.count)
    var above = below
    var mass = 0.0
    for k in 1..<order.count {
      mass += weights[order[k - 1]]
      below[k] = below[k - 1] + mass * (values[order[k]] - values[order[k - 1]])
    }
    mass = 0
    for k in (0..<(order.count - 1)).reversed() {
      mass += weights[order[k + 1]]
      above[k] = above[k + 1] + mass * (values[order[k + 1]] - values[order[k]])
    }
    var best = Candidate()
    for k in order.indices {
      let (a, b) = (above[k] / n, below[k] / n)
      let kappa = min(
        max((b / a).squareRoot().squareRoot(), fittedAsymmetry.lowerBound),
        fittedAsymmetry.upperBound)
      let square = kappa * kappa
      let value = -log((a + b / square) * (1 + square))
      if value > best.value {
        best = Candidate(
          value: value, location: values[order[k]], above: a, below: b, asymmetry: kappa)
      }
    }
    return best
  }

  /// The errors of location/σ, scale/σ and asymmetry for one observation, from the expected information.
  private static func standardErrors(_ kappa: Double, isHeld: Bool) -> [Double] {
    let square = kappa * kappa
    let next = 1 + square
    let mixed = (-2 / next, -(1 - square) / (kappa * next))
    let information = [
      [1, 0, mixed.0], [0, 1, mixed.1],
      [mixed.0, mixed.1, 1 / square + 4 / (next * next)],
    ]
    let count = isHeld ? 2 : 3
    let part = information.prefix(count).map { Array($0.prefix(count)) }
    var errors = (0..<count).map { j in
      let unit = (0..<count).map { $0 == j ? 1.0 : 0 }
      return solvePositiveDefinite(part, ridge: 0, unit).map { $0[j].squareRoot() } ?? .nan
    }
    if isHeld { errors.append(.nan) }
    return errors
  }
}
