import KeelDerivatives
import KeelNumerics
import KeelOptimization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The quadratic program of a law that meets quotes.
///
/// ```text
/// minimize  Σ p² d²/2 + κ Σ e + λ (∫ (c″)²/2 + Σ wings),   d = (price - middle)/h,  e ≥ |d| - 1,  c = f/φ
/// ```
///
/// The unknowns are densities over those of a normal law φ with the volatility next to each knot, and what each quote is
/// missed by in half spreads h. All conditions are linear in them: mass and mean, no negative density, prices not below
/// those of the earlier law.
struct SplineProgram {
  /// The cost κ of a half spread outside bid and ask: hundreds of times the pull p² to the middle at the edge, so that no
  /// quote is left outside for the sake of another's middle.
  static let excessCost = 3.0

  /// The part of bid and ask that is aimed inside: more than what a solution is rounded by.
  static let aim = 1 - 1e-3

  /// The least density as a part of the normal one, so that rounding does not make it negative.
  static let leastDensity = 1e-3

  /// The part by which prices are kept above those of the earlier law: more than what a solution is rounded by.
  static let calendarMargin = 1e-6

  /// The curvature given to every unknown, by which active sets can solve the program; costs change by some 1e-5.
  static let leastCurvature = 1e-7

  /// What the square of a wing's logarithmic distance from the normal law's own fall costs, as a part of the smoothness.
  static let wingCost = 1e-2

  let basis: SplineBasis
  let previous: SplineSmile?
  private let timeToExpiry: Double

  /// The normal density of each element, and the money's deviation.
  private let scales: [Double]
  private let deviation: Double

  private let quadratic: [Double]
  private let linear: [Double]
  private let lower: [Double]
  private let rows: [LinearRow]

  /// The part of the cost that no law changes.
  private let constant: Double

  init(
    _ bands: QuoteBands,
    _ timeToExpiry: Double,
    after previous: SplineSmile?,
    smoothness: Double
  ) throws(VolatilityError) {
    self.timeToExpiry = timeToExpiry
    self.previous = previous
    deviation = bands.moneyVariance.squareRoot()
    let knots = SplineKnots(bands, deviation, previous)
    basis = SplineBasis(strikes: knots.strikes)
    let (count, quotes) = (basis.count, bands.count)
    var scales = [Double](repeating: 0, count: count)
    for knot in knots.strikes.indices {
      for element in basis.elements(at: knot) { scales[element] = knots.normalDensity(knot) }
    }
    self.scales = scales
    let order = count + quotes
    var quadratic = [Double](repeating: 0, count: order * order)
    var linear = [Double](repeating: 0, count: order)
    var rows: [LinearRow] = []
    var constant = 0.0
    for quote in 0..<quotes {
      let price = try QuotePrices(bands, quote)
      let prices = basis.prices(at: bands.places[quote])
      let slopes = (0..<count).map { prices[$0] * scales[$0] / price.half }
      let pull = QuoteBands.middlePull * QuoteBands.middlePull
      for i in 0..<count {
        linear[i] -= pull * slopes[i] * price.middle
        for j in 0...i { quadratic[i + j * order] += pull * slopes[i] * slopes[j] }
      }
      linear[count + quote] = Self.excessCost
      constant += pull * price.middle * price.middle / 2
      let indices = Array(0..<count) + [count + quote]
      if price.ask < .infinity {
        rows.append(
          LinearRow("ask \(quote)", indices: indices, coefficients: slopes + [-1], upper: price.ask)
        )
      }
      if price.bid > -.infinity {
        rows.append(
          LinearRow("bid \(quote)", indices: indices, coefficients: slopes + [1], lower: price.bid))
      }
    }
    var lower = [Double](repeating: 0, count: order)
    for i in basis.wingCount..<count - basis.wingCount { lower[i] = Self.leastDensity }
    knots.addRoughness(smoothness, basis, deviation, order, &quadratic)
    for (end, wing) in [(0, 0), (knots.strikes.count - 1, count - basis.wingCount)] {
      let distances = SplineSmile.exponents.map { log($0 / knots.normalExponent(end)).magnitude }
      var nearest = 0
      for (i, distance) in distances.enumerated() {
        linear[wing + i] += smoothness * Self.wingCost * distance * distance
        if distance < distances[nearest] { nearest = i }
      }
      // A wing of no mass would have no volatility.
      lower[wing + nearest] = Self.leastDensity
    }
    let masses = (0..<count).map { [basis] in basis.masses[$0] * scales[$0] }
    let drifts = (0..<count).map { [basis, deviation] in basis.drifts[$0] * scales[$0] / deviation }
    let all = Array(0..<count)
    rows.append(LinearRow("mass", indices: all, coefficients: masses, lower: 1, upper: 1))
    rows.append(LinearRow("mean", indices: all, coefficients: drifts, lower: 0, upper: 0))
    self.quadratic = quadratic
    self.linear = linear
    self.rows = rows
    self.lower = lower
    self.constant = constant
  }

  /// The log-moneyness between the first and the last knot.
  var interval: ClosedRange<Double> {
    log(basis.strikes[0])...log(basis.strikes[basis.strikes.count - 1])
  }

  /// The smile of least cost with prices not below those of the earlier one at some places, and whether it is optimal.
  func solution(
    above places: [Double]
  ) throws(VolatilityError) -> (smile: SplineSmile, cost: Double, isOptimal: Bool) {
    let conditions = rows + wingRows + calendarRows(places)
    var found = try solved(Self.leastCurvature, conditions)
    // Where active sets stall, interior points are nearer to the optimum without the curvature.
    if found.status != .optimal { found = try solved(0, conditions) }
    guard found.status == .optimal || found.status == .almostOptimal else { throw .noFit }
    var parts = (0..<basis.count).map { max(found.value[$0], lower[$0]) * scales[$0] }
    raiseWings(&parts)
    balance(&parts)
    let wings = basis.wingCount
    return (
      try SplineSmile(
        timeToExpiry: timeToExpiry, strikes: basis.strikes,
        densities: Array(parts[wings..<basis.count - wings]), leftWing: Array(parts[..<wings]),
        rightWing: Array(parts[(basis.count - wings)...])),
      constant + found.certificate.primalObjective, found.status == .optimal
    )
  }

  private func solved(
    _ curvature: Double,
    _ conditions: [LinearRow]
  ) throws(VolatilityError) -> Solution<[Double]> {
    let order = lower.count
    var matrix = quadratic
    for i in 0..<order { matrix[i + i * order] += curvature }
    do throws(OptimizationError) {
      return try QuadraticSolver().solve(
        QuadraticProgram(
          quadratic: .dense(SymmetricMatrix(lowerTriangleOf: matrix, order: order)),
          linear: linear, lowerBounds: lower, rows: conditions, convexity: .guaranteed))
    } catch {
      throw .noFit
    }
  }
}

// MARK: - The earlier law

extension SplineProgram {
  /// The log-moneyness of the knots, where prices are first kept above the earlier ones.
  var knotPlaces: [Double] { basis.strikes.map { log($0) } }

  /// Rows that keep prices at places above the earlier ones, but where the least density does so already.
  private func calendarRows(_ places: [Double]) -> [LinearRow] {
    guard let previous else { return [] }
    var rows: [LinearRow] = []
    for place in places {
      let earlier = exp(previous.reading(at: place).logPrice + min(place, 0))
      let prices = basis.prices(at: place).enumerated().map { $1 * scales[$0] }
      let least = prices.indices.reduce(0.0) { $0 + lower[$1] * prices[$1] }
      guard least < earlier * (1 + Self.calendarMargin) else { continue }
      rows.append(
        LinearRow(
          "calendar \(rows.count)", coefficients: prices.map { $0 / earlier },
          lower: 1 + Self.calendarMargin))
    }
    return rows
  }

  /// The wings of the earlier law as those at the ends of this one: what each power adds to the density there.
  private var earlierWings: (left: [Double], right: [Double]) {
    guard let previous else { return ([], []) }
    let ends = (basis.strikes[0], basis.strikes[basis.strikes.count - 1])
    let (first, last) = (previous.strikes[0], previous.strikes[previous.strikes.count - 1])
    // The price part of a power is its density part times the square of the knot.
    let exponents = SplineSmile.exponents
    let left = exponents.indices.map { i in
      previous.leftWing[i] * pow(ends.0 / first, exponents[i] - 1)
    }
    let right = exponents.indices.map { i in
      previous.rightWing[i] * pow(ends.1 / last, -exponents[i] - 2)
    }
    return (left, right)
  }

  /// Rows that keep prices beyond the last knots above the earlier ones.
  ///
  /// Slow powers dominate: where the sums of the price parts from the slowest on are not below the earlier ones, no price
  /// of the wing is, by summation by parts.
  private var wingRows: [LinearRow] {
    guard previous != nil else { return [] }
    let earlier = earlierWings
    var rows: [LinearRow] = []
    for (name, wing, start) in [
      ("left", earlier.left, 0), ("right", earlier.right, basis.count - basis.wingCount),
    ] {
      var bound = 0.0
      for (i, p) in SplineSmile.exponents.enumerated() {
        bound += wing[i] / (p * (p + 1))
        let unit = scales[start] / (p * (p + 1))
        let coefficients = SplineSmile.exponents[...i].map { p * (p + 1) / ($0 * ($0 + 1)) }
        rows.append(
          LinearRow(
            "\(name) \(i)", indices: Array(start...start + i), coefficients: coefficients,
            lower: bound / unit * (1 + Self.calendarMargin)))
      }
    }
    return rows
  }

  /// Adds to the wings what rounding took from the sums of ``wingRows``.
  private func raiseWings(_ parts: inout [Double]) {
    guard previous != nil else { return }
    let earlier = earlierWings
    for (wing, start) in [(earlier.left, 0), (earlier.right, basis.count - basis.wingCount)] {
      var (bound, sum) = (0.0, 0.0)
      for (i, p) in SplineSmile.exponents.enumerated() {
        let share = 1 / (p * (p + 1))
        bound += wing[i] * share * (1 + Self.calendarMargin)
        sum += parts[start + i] * share
        if sum < bound {
          parts[start + i] += (bound - sum) / share
          sum = bound
        }
      }
    }
  }

  /// Multiplies the parts by numbers next to one, a line between bounds, so that mass and mean are one to rounding.
  private func balance(_ parts: inout [Double]) {
    let tilts = basis.strikes.map { strike in
      let z = log(strike) / deviation
      return z / (1 + z.magnitude)
    }
    for _ in 0..<2 {
      var (mass, drift) = (1.0, 0.0)
      var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
      for knot in tilts.indices {
        for i in basis.elements(at: knot) {
          let (m, e) = (parts[i] * basis.masses[i], parts[i] * basis.drifts[i])
          (mass, drift) = (mass - m, drift - e)
          (a, b) = (a + m, b + m * tilts[knot])
          (c, d) = (c + e, d + e * tilts[knot])
        }
      }
      let determinant = a * d - b * c
      guard determinant != 0 else { return }
      let (level, tilt) = (
        (mass * d - drift * b) / determinant, (drift * a - mass * c) / determinant
      )
      for knot in tilts.indices {
        for i in basis.elements(at: knot) { parts[i] *= max(1 + level + tilt * tilts[knot], 0) }
      }
    }
  }
}

/// The prices of a quote over its half spread h: what a law is compared with.
private struct QuotePrices {
  let half: Double
  let middle: Double
  let bid: Double
  let ask: Double

  /// Prices below which a quote says nothing that numbers can hold.
  private static let leastPrice = 1e-60

  init(_ bands: QuoteBands, _ index: Int) throws(VolatilityError) {
    let k = bands.places[index]
    func price(_ variance: Double) -> Double {
      Black.price(
        k >= 0 ? .call : .put, forward: 1, strike: exp(k), totalVolatility: variance.squareRoot())
    }
    let target = price(bands.targets[index])
    try VolatilityError.require(target, "price over forward", Self.leastPrice, 1)
    let (low, high) = (price(bands.bids[index]), price(bands.asks[index]))
    let isBounded = bands.asks[index] < .infinity
    let spread = isBounded ? (high - low) / 2 : target - low
    half = max(spread, QuoteBands.leastHalfSpread * target)
    middle = target / half
    let center = isBounded ? (low + spread) / half : middle
    let reach = spread / half * SplineProgram.aim
    bid = bands.bids[index] > 0 ? center - reach : -.infinity
    ask = isBounded ? center + reach : .infinity
  }
}
