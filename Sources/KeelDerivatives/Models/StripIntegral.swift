// Goals, in order: an error bound that holds, accuracy, few evaluations of the model.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The values of the columns, strike after strike, and bounds of the errors of the first.
struct StripResults {
  var values: [Double]
  var errors: [Double]
}

/// One side of a strip: calls, or puts, on a forward of one, as a contour integral.
///
/// ```text
/// V(k) = 1/(2πi) ∫ e^(−(z−1)k) E[e^(zX)]/(z (z − 1)) dz,   z(w) = c ± b cosh w sin β + i b sinh w cos β
/// ```
///
/// The contour crosses the real axis above 1 for a call and below 0 for a put. The trapezoid rule in w
/// is wrong by at most the integrals of the modulus along the edges of a strip around it, divided by
/// `e^(2πd/h) − 1` for half its width d and the step h: the step follows from them. Sources: S.
/// Boyarchenko and S. Levendorskiĭ, "Sinh-acceleration: efficient evaluation of probability
/// distributions, option pricing, and Monte Carlo simulations", IJTAF 22 (2019); L. N. Trefethen and J.
/// A. C. Weideman, "The exponentially convergent trapezoidal rule", SIAM Review 56 (2014), theorem 5.1.
struct StripIntegral<Model: CharacteristicModel> {
  /// The model.
  let model: Model

  /// The time in years.
  let timeToExpiry: Double

  /// One for calls, −1 for puts.
  let side: Double

  /// How far the contour may reach beyond 1 or below 0.
  let gap: Double

  /// `√logVariance`.
  let deviation: Double

  /// The model's drift.
  let drift: Double

  /// The logarithms of strike over forward, less the drift; not empty.
  let logStrikes: [Double]

  /// Whether delta and gamma are wanted.
  let hasGreeks: Bool

  /// Further columns: factors of the integrand of the price.
  let factors: ((Complex) -> [Complex])?

  /// One for the price alone, two more with delta and gamma, more with the factors.
  let columnCount: Int

  /// Every strike's values, by the first contour that serves all.
  func results(_ level: Kernels.Level) -> StripResults {
    let count = logStrikes.count
    var results = StripResults(
      values: [Double](repeating: .nan, count: count * columnCount),
      errors: [Double](repeating: .infinity, count: count))
    let strikes = StrikeRange(logStrikes)
    let moments = (model as? any BlockModel)?.blockMoments
    func run(_ arc: StripArc, _ step: Double) -> MomentRun {
      MomentRun(along: arc, step: step, timeToExpiry: timeToExpiry, moments, level)
    }
    var halfWidth = Double.pi / 8
    for _ in 0..<Self.maximumNarrowings {
      for bend in ContourBend.allCases {
        let contour = StripContour(
          side: side, width: width(halfWidth), bend: bend, halfWidth: halfWidth)
        var sums = contour.edges.map { EdgeSum(run(contour.arc(at: $0), Self.edgeStep)) }
        guard let start = edges(&sums, strikes), start.largest <= Self.largestEdge
        else { continue }
        let wanted = max(1, start.largest)
        let step = contour.step(bringing: wanted, below: Self.smallError)
        guard let sum = nodes(run(contour.arc(at: contour.angle), step), step: step, strikes),
          // Beside any node an edge may grow again; what lies beyond the last does not count.
          let edges = edges(&sums, strikes, through: sum.end)
        else { continue }
        improve(&results, sum.nodes, edges.divided(by: contour.gain(step)), strikes, level)
        if sum.size <= Self.largestSize, edges.largest <= Self.safety * wanted { return results }
      }
      halfWidth /= 2
    }
    return results
  }

  /// Takes the sums of the strikes where their errors are smaller than those that are there.
  private func improve(
    _ results: inout StripResults,
    _ nodes: ExponentialNodes,
    _ edges: StripEdges,
    _ strikes: StrikeRange,
    _ level: Kernels.Level
  ) {
    let sums = OptionKernels.sums(of: nodes, at: logStrikes, level)
    for i in logStrikes.indices {
      let first = i * (2 * columnCount + 1)
      let error = edges.value(at: logStrikes[i], strikes) + sums[first + 2 * columnCount]
      guard error < results.errors[i] else { continue }
      results.errors[i] = error
      for c in 0..<columnCount {
        results.values[i * columnCount + c] = sums[first + 2 * c] + sums[first + 2 * c + 1]
      }
    }
  }

  /// The logarithm of a moment, and its envelope, of what a strike is of when the drift is in it.
  private func driftless(
    _ place: MomentRun.Place
  ) -> (logMoment: Complex, envelope: Double) {
    let envelope = model.logEnvelope(
      place.z, logMoment: place.logMoment, timeToExpiry: timeToExpiry)
    let shift = (place.z - 1) * drift
    return (place.logMoment - shift, envelope - shift.real)
  }

  /// A sum along an edge that can go on.
  private struct EdgeSum {
    var run: MomentRun
    var (least, greatest) = (0.0, 0.0)
    var (count, small) = (0, 0)

    init(_ run: MomentRun) { self.run = run }
  }

  /// The integrals of the modulus along both edges, at least as far as a parameter, or nil where they
  /// do not end.
  private func edges(
    _ sums: inout [EdgeSum],
    _ strikes: StrikeRange,
    through end: Double = 0
  ) -> StripEdges? {
    var (least, greatest) = (0.0, 0.0)
    for e in sums.indices {
      guard extend(&sums[e], strikes, through: end) else { return nil }
      least += sums[e].least
      greatest += sums[e].greatest
    }
    return StripEdges(least: least, greatest: greatest)
      .divided(by: .pi / (Self.safety * Self.edgeStep))
  }

  /// Goes on with a sum until it ends; whether it does.
  private func extend(
    _ sum: inout EdgeSum,
    _ strikes: StrikeRange,
    through end: Double
  ) -> Bool {
    while sum.small < Self.smallWeights || Double(sum.count) * Self.edgeStep < end {
      guard sum.count < Self.maximumEdgeNodes else { return false }
      let place = sum.run.place(sum.count, of: model)
      let z = place.z
      let envelope = driftless(place).envelope
      let modulus = (place.slope / (z * (z - 1))).modulus * (sum.count == 0 ? 0.5 : 1)
      let low = modulus * exp(envelope - (z.real - 1) * strikes.least)
      let high = modulus * exp(envelope - (z.real - 1) * strikes.greatest)
      sum.least += low
      sum.greatest += high
      guard sum.least.isFinite, sum.greatest.isFinite else { return false }
      let isSmall = low <= Self.edgeShare * sum.least && high <= Self.edgeShare * sum.greatest
      sum.small = isSmall ? sum.small + 1 : 0
      sum.count += 1
    }
    return true
  }

  /// What a contour gives.
  private struct Sum {
    let nodes: ExponentialNodes

    /// The sum of the magnitudes, relative to the strikes' factors at the first node.
    let size: Double

    /// The parameter of the last node.
    let end: Double
  }

  /// The nodes and weights of a run along a contour; nil where they are not numbers or too many.
  private func nodes(
    _ run: MomentRun,
    step: Double,
    _ strikes: StrikeRange
  ) -> Sum? {
    var run = run
    var values: [Complex] = []
    var errors: [Double] = []
    values.reserveCapacity((columnCount + 1) * Self.usualNodes)
    errors.reserveCapacity(Self.usualNodes)
    let farthestStrike =
      max(strikes.least.magnitude, strikes.greatest.magnitude)
      + Self.momentUlps * drift.magnitude
    let start = run.place(0, of: model).z.real
    var (total, totalDensity, last, small) = (0.0, 0.0, 0.0, 0)
    for i in 0..<Self.maximumNodes {
      let parameter = Double(i) * step
      let place = run.place(i, of: model)
      let z = place.z
      let (logMoment, envelope) = driftless(place)
      let share = i == 0 ? step / (2 * .pi) : step / .pi
      let whole = (share * place.slope) * logMoment.exponential
      let weight = whole / (z * (z - 1))
      // What the strikes add to the size since the first node.
      let growth = max((start - z.real) * strikes.least, (start - z.real) * strikes.greatest)
      let gain = exp(growth)
      let modulus = weight.squaredModulus.squareRoot()
      guard modulus.isFinite, (modulus * gain).isFinite else { return nil }
      values.append(z - 1)
      values.append(weight)
      var squaredDensity = 0.0
      if hasGreeks {
        values.append(weight * z)
        values.append(whole)
        squaredDensity = whole.squaredModulus
      }
      if let factors {
        for factor in factors(z) {
          let product = weight * factor
          values.append(product)
          squaredDensity = max(squaredDensity, product.squaredModulus)
        }
      }
      // Rounding: of the product, of the exponent, of the strike's angle.
      let ulps =
        Self.termUlps + Self.momentUlps * (logMoment.real.magnitude + logMoment.imaginary.magnitude)
        + (z.real.magnitude + z.imaginary.magnitude) * farthestStrike
      errors.append(modulus * ulps * Self.unit)
      total += modulus * gain
      let excess = envelope - logMoment.real
      let bound = modulus * gain * (excess > 0 ? exp(excess) : 1)
      // The rest is a geometric series at most.
      let tail = bound < last ? bound * bound / (last - bound) : .infinity
      last = bound
      var isSmall = tail <= total * Self.tailShare
      if columnCount > 1, isSmall || growth <= 0, parameter < Self.farthest {
        // Gamma falls later than the price, perhaps only by the strike's own factor; slopes do too.
        let density = squaredDensity.squareRoot() * gain
        totalDensity += density
        isSmall = isSmall && density <= totalDensity * Self.tailShare
      }
      small = isSmall ? small + 1 : 0
      if small >= Self.smallWeights {
        // The kernel adds a vector of neighbors at a time.
        let sums = 1 + Double(errors.count / ExponentialNodes.lanes) / Self.termUlps
        for j in errors.indices { errors[j] *= sums }
        errors[0] += tail
        return Sum(
          nodes: ExponentialNodes(values, errors: errors, columnCount: columnCount), size: total,
          end: parameter)
      }
    }
    return nil
  }

  /// The scale of the contour: narrower where the moments grow fast, as those of large jumps do.
  private func width(_ halfWidth: Double) -> Double {
    let reach = sin(2 * halfWidth)
    var width = min(Self.widthInDeviations / deviation, Self.shareOfGap * gap / reach)
    for _ in 0..<Self.maximumShortenings {
      let edge = Complex((side > 0 ? 1 : 0) + side * width * reach)
      if model.logMoment(edge, timeToExpiry: timeToExpiry).real <= Self.largestLogMoment { break }
      width *= Self.shortening
    }
    return width
  }
}

/// The constants of the rule.
extension StripIntegral {
  /// The widest contour that is of use: then the growth of a Gaussian model at its edge is about e.
  private static var widthInDeviations: Double { 2 }

  /// What is left of a gap, so that the edge of the strip keeps away from a singularity.
  private static var shareOfGap: Double { 0.9 }

  private static var maximumShortenings: Int { 60 }
  private static var shortening: Double { 0.75 }
  private static var largestLogMoment: Double { 3 }

  /// How often the strip is made half as wide, until moments that grow beside the contour stay outside.
  private static var maximumNarrowings: Int { 5 }

  /// The error of the rule that is wanted, on a forward of one.
  private static var smallError: Double { 0x1p-54 }

  /// The sum of the magnitudes, on a forward of one, up to which its rounding is harmless.
  private static var largestSize: Double { 16 }

  /// An edge so large costs as many nodes as a strip three quarters as wide.
  private static var largestEdge: Double { 1e5 }

  /// The modulus along an edge is smooth, so that a coarse sum with a margin bounds its integral.
  private static var edgeStep: Double { 0.3 }
  private static var safety: Double { 2 }
  private static var edgeShare: Double { 0x1p-8 }
  private static var maximumEdgeNodes: Int { 300 }

  /// The sum ends where what is left is this share of it, twice.
  private static var tailShare: Double { 0x1p-54 }
  private static var smallWeights: Int { 2 }

  /// Half a unit in the last place of one.
  private static var unit: Double { 0x1p-53 }

  /// The rounding of a term, in units, beside that of its exponent.
  private static var termUlps: Double { 8 }

  /// The rounding of the logarithm of a moment, in its units.
  private static var momentUlps: Double { 6 }

  /// Gamma is not followed farther: where it has not settled by e^40, it is infinite at a strike.
  private static var farthest: Double { 40 }

  private static var maximumNodes: Int { 20_000 }
  private static var usualNodes: Int { 80 }
}
