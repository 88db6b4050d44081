// Goals, in order: an error bound that holds, accuracy, few evaluations of the model.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The nodes of a quadrature and their weights, padded by zeros to whole vectors.
struct ExponentialNodes {
  /// The lanes of the widest vector.
  private static let lanes = 16

  /// How many sums are wanted.
  let columnCount: Int

  /// The real parts of the exponents' factors.
  let reals: [Double]

  /// The imaginary parts.
  let imaginaries: [Double]

  /// The real and imaginary parts of the weights of each column, then the magnitudes of the first.
  let weights: [Double]

  /// The sum of the magnitudes.
  let size: Double

  /// Lays out nodes, given node by node as factor and weights.
  init(_ values: [Complex], columnCount: Int) {
    let step = columnCount + 1
    let count = values.count / step
    let padded = (count + Self.lanes - 1) / Self.lanes * Self.lanes
    var (x, y) = ([Double](repeating: 0, count: padded), [Double](repeating: 0, count: padded))
    var weights = [Double](repeating: 0, count: padded * (2 * columnCount + 1))
    var size = 0.0
    for i in 0..<count {
      x[i] = values[i * step].real
      y[i] = values[i * step].imaginary
      for c in 0..<columnCount {
        weights[2 * c * padded + i] = values[i * step + 1 + c].real
        // Re((a + i b)(cos − i sin)) is a cos + b sin.
        weights[(2 * c + 1) * padded + i] = values[i * step + 1 + c].imaginary
      }
      let magnitude = values[i * step + 1].squaredModulus.squareRoot()
      weights[2 * columnCount * padded + i] = magnitude
      size += magnitude
    }
    self.size = size
    (self.columnCount, reals, imaginaries, self.weights) = (columnCount, x, y, weights)
  }
}

/// One side of a strip: calls, or puts, on a forward of one, as a contour integral.
///
/// ```text
/// V(k) = 1/(2πi) ∫ e^(−(z−1)k) E[e^(zX)]/(z (z − 1)) dz,   z(w) = c ± b cosh w sin β + i b sinh w cos β
/// ```
///
/// The contour crosses the real axis above 1 for a call and below 0 for a put; the trapezoid rule in w
/// converges exponentially, and half the nodes tell how far it has. Source of the bent contour: S.
/// Boyarchenko and S. Levendorskiĭ, "Sinh-acceleration: efficient evaluation of probability
/// distributions, option pricing, and Monte Carlo simulations", IJTAF 22 (2019).
struct StripIntegral {
  /// The logarithm of the moment of an order.
  let logMoment: (Complex) -> Complex

  /// One for calls, −1 for puts.
  let side: Double

  /// How far the contour may reach beyond 1 or below 0.
  let gap: Double

  /// `√logVariance`.
  let deviation: Double

  /// The logarithms of strike over forward.
  let logStrikes: [Double]

  /// Further columns: factors of the integrand of the price.
  let factors: ((Complex) -> [Complex])?

  /// Whether moments may fall to nothing and come back, as those of jumps do.
  let mayReturn: Bool

  /// One for the price alone, three with delta and gamma, more with the factors.
  let columnCount: Int

  /// The values of the columns, strike after strike, and bounds of the errors of the first.
  struct Results {
    var values: [Double]
    var errors: [Double]
  }

  /// Which way the contour bends.
  private enum Bend: Double, CaseIterable {
    case away = 1
    case straight = 0
    case back = -1
  }

  /// π/8: the contour and the edges of the strip around it stay within a quarter of a right angle.
  private static var halfWidth: Double { .pi / 8 }

  /// The widest contour that is of use: then the growth of a Gaussian model at its edge is about e.
  private static var widthInDeviations: Double { 2 }

  /// What is left of a gap, so that the edge of the strip keeps away from a singularity.
  private static var shareOfGap: Double { 0.9 }

  /// The rule's error is about e^(−2π · half width/step); the first step leaves e^(−43), so that it is
  /// seldom halved.
  private static var digits: Double { 43 }

  /// As many weights in a row below this share of their sum end it.
  private static var leastShare: Double { 0x1p-56 }
  private static var smallWeights: Int { 2 }

  /// Where moments may return, weights are small over so much of w before the sum ends.
  private static var smallSpan: Double { 0.75 }

  /// The rounding of the sum and its terms, relative to the sum of the magnitudes.
  private static var rounding: Double { 0x1p-49 }

  /// The sum of the magnitudes, on a forward of one, up to which its rounding is harmless.
  private static var largestSize: Double { 16 }

  /// What the bound of the truncation is more than its estimate.
  private static var safety: Double { 4 }

  /// An error, on a forward of one, that is not worth a smaller step.
  private static var smallError: Double { 0x1p-54 }

  private static var maximumHalvings: Int { 5 }
  private static var maximumNodes: Int { 20_000 }

  /// Every strike's values by the contour that serves it best.
  func results(_ level: Kernels.Level = .automatic) -> Results {
    let count = logStrikes.count
    var results = Results(
      values: [Double](repeating: .nan, count: count * columnCount),
      errors: [Double](repeating: .infinity, count: count))
    var open = Array(0..<count)
    // A contour on which the moments grow converges to a sum that cancels; it comes last.
    let choices = [(Self.largestSize, Bend.allCases), (.infinity, Bend.allCases)]
    for (largest, bend) in choices.flatMap({ choice in choice.1.map { (choice.0, $0) } }) {
      var step = 2 * .pi * Self.halfWidth / Self.digits
      for _ in 0...Self.maximumHalvings where !open.isEmpty {
        let strikes = open.map { logStrikes[$0] }
        guard let nodes = nodes(bend, step: step, strikes), nodes.size <= largest else { break }
        let sums = OptionKernels.sums(of: nodes, at: strikes, level)
        let total = nodes.size
        var left: [Int] = []
        for place in 0..<open.count {
          // A contour that bends away ends its strip on a line where every strike is as large as this.
          let edge = bend == .away ? total * (side > 0 ? 1 : exp(strikes[place])) : 0
          let first = place * (2 * columnCount + 1)
          if !improve(&results, open[place], sums, first, edge) { left.append(open[place]) }
        }
        open = left
        step /= 2
      }
    }
    return results
  }

  /// Takes a strike's sums where they are better than what is there; says whether they are exact to
  /// rounding.
  private func improve(
    _ results: inout Results,
    _ index: Int,
    _ sums: [Double],
    _ first: Int,
    _ edge: Double
  ) -> Bool {
    let size = sums[first + 2 * columnCount]
    // Twice the even nodes are the rule of twice the step; halving it squares the error, relative to
    // the integrand on the edge of the strip.
    let difference = (sums[first] - sums[first + 1]).magnitude
    let truncation = difference * (difference / max(size, edge))
    let error = Self.safety * truncation + Self.rounding * size
    guard error < results.errors[index] else { return false }
    results.errors[index] = error
    for c in 0..<columnCount {
      results.values[index * columnCount + c] =
        sums[first + 2 * c] + sums[first + 2 * c + 1]
    }
    return truncation <= Self.rounding * size || error <= Self.smallError
  }

  /// The nodes and weights of a contour, or nil where they are not numbers or too many.
  private func nodes(_ bend: Bend, step: Double, _ strikes: [Double]) -> ExponentialNodes? {
    let angle = bend.rawValue * Self.halfWidth
    let width = self.width
    let bottom: Double =
      switch bend {
      case .away: 0
      case .straight: sin(Self.halfWidth)
      case .back: sin(2 * Self.halfWidth)
      }
    let center = (side > 0 ? 1 : 0) + side * width * bottom
    let (bent, straight) = (side * width * sin(angle), width * cos(angle))
    let least = strikes.min() ?? 0
    let greatest = strikes.max() ?? 0
    var values: [Complex] = []
    values.reserveCapacity((columnCount + 1) * Self.usualNodes)
    let enough =
      mayReturn ? max(Self.smallWeights, Int(Self.smallSpan / step)) : Self.smallWeights
    var (total, totalDensity, small) = (0.0, 0.0, 0)
    for i in 0..<Self.maximumNodes {
      let place = exp(Double(i) * step)
      let (c, s) = ((place + 1 / place) / 2, (place - 1 / place) / 2)
      let z = Complex(center + bent * c, straight * s)
      let moment = logMoment(z).exponential
      let slope = Complex(straight * c, -bent * s) * (i == 0 ? step / (2 * .pi) : step / .pi)
      let whole = slope * moment
      let weight = whole / (z * (z - 1))
      // What the strikes add to the size since the first node.
      let shift = bent * (1 - c)
      let growth = max(shift * least, shift * greatest)
      let modulus = weight.squaredModulus.squareRoot()
      let size = growth > 0 ? modulus * exp(growth) : modulus
      guard size.isFinite, weight.isFinite else { return nil }
      values.append(z - 1)
      values.append(weight)
      if columnCount > 1 {
        values.append(weight * z)
        values.append(whole)
        if let factors { values += factors(z).map { weight * $0 } }
      }
      total += size
      var isSmall = size <= total * Self.leastShare
      if columnCount > 1, isSmall || growth <= 0, place < Self.farthest {
        // Gamma falls later than the price, perhaps only by the strike's own factor.
        let density = whole.squaredModulus.squareRoot() * exp(growth)
        totalDensity += density
        isSmall = isSmall && density <= totalDensity * Self.leastShare
      }
      small = isSmall ? small + 1 : 0
      if small >= enough {
        return ExponentialNodes(values, columnCount: columnCount)
      }
    }
    return nil
  }

  /// Gamma is not followed farther: where it has not settled by e^40, it is infinite at a strike.
  private static var farthest: Double { 2e17 }

  /// The scale of the contour: narrower where the moments grow fast, as those of large jumps do.
  private var width: Double {
    let reach = sin(2 * Self.halfWidth)
    var width = min(Self.widthInDeviations / deviation, Self.shareOfGap * gap / reach)
    for _ in 0..<Self.maximumNarrowings {
      let edge = Complex((side > 0 ? 1 : 0) + side * width * reach)
      if logMoment(edge).real <= Self.largestLogMoment { break }
      width *= Self.narrowing
    }
    return width
  }

  private static var maximumNarrowings: Int { 60 }
  private static var narrowing: Double { 0.75 }
  private static var largestLogMoment: Double { 3 }

  private static var usualNodes: Int { 80 }
}
