// Goals in order: the digits of the single point or a refusal, few exponentials.
//
// The inversion integral of a point along the curve of another one, x₀: with the weights w of the places ζ of that curve
//   f(x) = 1/π Σ Im[w exp(−ζ(x − x₀))],
// and likewise the scores, whose factors are those of the places. As at x₀ the rule of three times the step is a part of the
// sum and measures its error; an alias of the coarse rule enters the fine one with less than its cube here too. Far
// places where the exponential turns from one to the next, which both rules would miss alike, must not count.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The curve of a point with its rule, for the points near it.
struct SharedSpine {
  private let curve: TemperedSpine
  private let step: Double
  private let tolerance: Double
  /// ζ and w times the factor of each function.
  private var (places, factors): ([Complex], [(real: SIMD8<Double>, imaginary: SIMD8<Double>)])
  /// |w|, or a small part of that of another function's term.
  private var sizes: [Double]
  /// |ζ|.
  private var radii: [Double]
  /// The first places are those of the rule of three times the step.
  private let coarseCount: Int
  /// The place of the largest radius.
  private var farthest = 0

  /// Terms so small are not needed by any of the points.
  private static let negligible = 1e-24
  /// How small the last term must be, and those that turn too fast.
  private static let smallEnd = 1e-16
  /// The largest change of the exponential's argument from a place to the next.
  private static let largestTurn = 2.0
  /// The part of the digits of ln f that other functions keep.
  private static let scoreShare = 1e-5
  /// Sums that cancel so much are refused.
  private static let largestCancellation = 12.0
  /// The second function's tolerance over that of the first, whose error has another phase.
  private static let secondFactor = 100.0
  private static let maximumLevels = 4

  /// Lays the rule of a curve; nil where it does not converge.
  ///
  /// - Parameters:
  ///   - curve: The curve.
  ///   - functions: The factors of the functions, of which the first is 1 and the second −z, at a place.
  init?(
    _ curve: TemperedSpine,
    _ functions: (TemperedSpine.Place) -> [Complex]
  ) {
    self.curve = curve
    tolerance = curve.tolerance
    var rule = (coarse: [TemperedSpine.Place](), fine: [TemperedSpine.Place]())
    var step = curve.firstStep
    var (sum, level, isDone) = (0.0, 0, false)
    var ends: TemperedSpine.Ends?
    while !isDone {
      guard level < Self.maximumLevels else { return nil }
      if level > 0 {
        rule = (rule.coarse + rule.fine, [])
        step /= 3
      }
      var coarse = rule.coarse.reduce(0) { $0 + $1.weight.imaginary }
      ends = curve.visit(step: step, between: ends) {
        (place: TemperedSpine.Place, isCoarse: Bool) in
        sum += place.weight.imaginary
        if isCoarse {
          coarse += place.weight.imaginary
          rule.coarse.append(place)
        } else {
          rule.fine.append(place)
        }
        return max(place.weight.real.magnitude, place.weight.imaginary.magnitude)
          <= Self.negligible * sum
      }
      isDone = (sum / (3 * coarse) - 1).magnitude <= tolerance
      level += 1
    }
    self.step = step
    coarseCount = rule.coarse.count
    let all = rule.coarse + rule.fine
    places = all.map(\.fromCenter)
    // On the cut nothing turns with the point.
    sizes = all.map {
      $0.fromCenter.imaginary == 0
        ? $0.weight.imaginary.magnitude : $0.weight.squaredModulus.squareRoot()
    }
    radii = places.map { $0.squaredModulus.squareRoot() }
    factors = all.map { place in
      var (real, imaginary) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
      for (j, factor) in functions(place).enumerated() {
        let product = place.weight * factor
        real[j] = product.real
        imaginary[j] = product.imaginary
      }
      return (real, imaginary)
    }
    for j in places.indices {
      let isOnCut = places[j].imaginary == 0
      let (real, imaginary) = (isOnCut ? .zero : factors[j].real, factors[j].imaginary)
      let square = real * real + imaginary * imaginary
      sizes[j] = max(sizes[j], Self.scoreShare * square.max().squareRoot())
      if radii[j] > radii[farthest] { farthest = j }
    }
    for j in places.indices where places[j].imaginary == 0 { radii[j] = 0 }
  }

  /// ln f at a point, and the other functions over f; nil when the point is too far from that of the curve.
  func values(_ x: Double) -> SIMD8<Double>? {
    let change = curve.x - x
    var (sums, coarse, total) = (SIMD8<Double>.zero, SIMD8<Double>.zero, SIMD8<Double>.zero)
    let (places, factors, sizes, radii) = (places.span, factors.span, sizes.span, radii.span)
    let reach = Self.largestTurn / (step * change.magnitude)
    var end = 0.0
    for j in 0..<places.count {
      let growth = exp(places[j].real * change)
      let phase = places[j].imaginary * change
      let straight = factors[j].imaginary * (growth * cos(phase))
      let turned = factors[j].real * (growth * sin(phase))
      sums += straight + turned
      total += pointwiseMax(straight, -straight) + pointwiseMax(turned, -turned)
      if j == farthest || radii[j] > reach { end += sizes[j] * growth }
      if j == coarseCount - 1 { coarse = sums }
    }
    let f = sums[0]
    guard f > 0, total[0] <= Self.largestCancellation * f,
      Self.scoreShare * total.max() <= Self.largestCancellation * f, end <= Self.smallEnd * f,
      (f / (3 * coarse[0]) - 1).magnitude <= tolerance,
      (sums[1] - 3 * coarse[1]).magnitude
        <= Self.secondFactor * tolerance * max(f, sums[1].magnitude)
    else { return nil }
    var result = sums / f
    result[0] =
      log(f * (step / Double.pi)) + curve.logUnit + curve.center * change
    return result
  }
}

/// The functions of a law along curves that are laid as points need them.
struct SharedSpines {
  private let law: StandardTemperedStable
  private let single: (Double) -> SIMD8<Double>
  private let factors: (StandardTemperedStable, TemperedSpine.Place) -> [Complex]
  private let mirrored: (SIMD8<Double>) -> SIMD8<Double>
  /// By asinh of their points, which are negative for curves of the mirrored law.
  private var curves: [(place: Double, spine: SharedSpine)] = []

  /// Points and saddles beyond are left to the single point.
  private static let farthest = 1e8

  /// Creates the functions without any curve.
  ///
  /// - Parameters:
  ///   - law: The law.
  ///   - single: The functions at one point, of which the first is ln f.
  ///   - factors: What the density's integrand is multiplied by for each function at a place of a curve of the law or
  ///     its mirror image, 1 for the first and −z for the second.
  ///   - mirrored: The functions at a point by those of the mirrored law at its mirror image.
  init(
    _ law: StandardTemperedStable,
    single: @escaping (Double) -> SIMD8<Double>,
    factors: @escaping (StandardTemperedStable, TemperedSpine.Place) -> [Complex],
    mirrored: @escaping (SIMD8<Double>) -> SIMD8<Double>
  ) {
    self.law = law
    self.single = single
    self.factors = factors
    self.mirrored = mirrored
  }

  /// The functions at points in order.
  mutating func values(_ points: [Double]) -> [SIMD8<Double>] {
    var rows = points.map { value($0) }
    // Where no curve is near enough, one is laid in the middle, and again for those that it does not reach.
    var missing = Self.missingRuns(rows, in: points.indices)
    while let run = missing.popLast() {
      let middle = (run.lowerBound + run.upperBound) / 2
      lay(points[middle])
      for k in run { rows[k] = value(points[k]) }
      if rows[middle] == nil { rows[middle] = single(points[middle]) }
      missing += Self.missingRuns(rows, in: run)
    }
    return rows.compactMap(\.self)
  }

  private static func missingRuns(
    _ rows: [SIMD8<Double>?], in range: Range<Int>
  ) -> [Range<Int>] {
    var (runs, start) = ([Range<Int>](), range.lowerBound)
    for k in range where rows[k] != nil {
      if k > start { runs.append(start..<k) }
      start = k + 1
    }
    if range.upperBound > start { runs.append(start..<range.upperBound) }
    return runs
  }

  private mutating func lay(_ x: Double) {
    guard x.magnitude < Self.farthest else { return }
    let side = x < 0 ? law.mirrored : law
    let curve = side.spine(x.magnitude)
    guard curve.center.magnitude < Self.farthest,
      let spine = SharedSpine(curve, { factors(side, $0) })
    else { return }
    let place = asinh(x)
    curves.insert((place, spine), at: curves.firstIndex { $0.place > place } ?? curves.count)
  }

  /// The functions by the nearest curve, when it reaches the point.
  private func value(_ x: Double) -> SIMD8<Double>? {
    let place = asinh(x)
    let above = curves.firstIndex { $0.place > place } ?? curves.count
    var nearest = above < curves.count ? above : above - 1
    if above > 0, above < curves.count,
      place - curves[above - 1].place < curves[above].place - place
    {
      nearest = above - 1
    }
    guard nearest >= 0 else { return nil }
    let isMirrored = curves[nearest].place < 0
    let row = curves[nearest].spine.values(isMirrored ? -x : x)
    return isMirrored ? row.map(mirrored) : row
  }
}

extension StandardTemperedStable {
  /// ln f at points.
  func logDensities(_ points: [Double]) -> [Double] {
    var curves = SharedSpines(
      self, single: { SIMD8(repeating: logDensity($0)) },
      factors: { _, place in [.one, -place.z] }, mirrored: { $0 })
    let table = SmoothTable(
      points, tolerances: SmoothTable.tolerances([SmoothTable.finestTolerance])
    ) { curves.values($0) }
    return table.values.map { $0[0] }
  }
}
