public import KeelData
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The most likely move of all prices together that liquidates an account.
//
// Goals in order: a point where liquidation begins, the nearest of several, few revaluations.
//
// With log moves x of covariance Σ, the nearest point of {g ≤ 0} in the distance √(x'Σ⁻¹x) has x = −t Σ∇g (A. Hasofer and N. Lind, "Exact
// and invariant second-moment code format", Journal of the Engineering Mechanics Division 100 (1974)). The fixed point of R.
// Rackwitz and B. Fiessler, Computers and Structures 9 (1978): along a direction s the place where g changes its sign is found by
// full revaluation, the slope is taken there, and the next direction is −Σ∇g. Only products with Σ are needed, so that it may be singular.
// A step that lengthens the distance is halved toward the old direction. Directions to start from: every asset alone both ways, all
// together, and the slope at no move.

/// The nearest move of all prices together that liquidates an account or a part of it.
public struct LiquidationPoint: Hashable, Sendable {
  /// How the search runs.
  public struct Settings: Hashable, Sendable {
    /// The farthest point looked at, in standard deviations; no price moves by a factor above 980 000 either way.
    public var largestDistance = 40.0

    /// The number of steps of the scan along a direction: two roots inside one step are missed.
    public var stepCount = 64

    /// The most steps from one start.
    public var maximumIterations = 40

    /// The change of the distance below which the search ends, relative.
    public var tolerance = 1e-10

    /// Creates the usual settings.
    public init() {}
  }

  /// The distance √(x'Σ⁻¹x), in standard deviations over the horizon; zero when liquidation is due now, nil when nothing is
  /// liquidated within the search.
  public let distance: Double?

  /// The moves as fractions, one an asset of the covariance, in its order; empty without a point.
  public let moves: [Double]

  /// The assets of ``moves``.
  public let universe: Universe

  /// The angle between the move and the steepest direction at it, both in standard deviations, in radians: zero at a nearest
  /// point, NaN without a point or a slope there; not small at a kink, where two liquidations meet.
  public let angle: Double

  /// The number of revaluations.
  public let evaluationCount: Int

  /// A price a million times as high or as low is the farthest that a scenario may say.
  static let largestLogMove = 13.8

  /// The probability of liquidation by the end of the horizon or at any time before it, when what is liquidated lies beyond a plane.
  ///
  /// ```text
  /// at the end P(T > d √(ν / (ν − 2))),   at any time twice that
  /// ```
  ///
  /// for a Student-t variable T: prices are a Brownian motion whose clock is drawn once for the horizon, without drift, of which the
  /// reflection principle holds. For a curved boundary it is the first-order estimate of reliability theory; compare with
  /// ``StressTest/liquidationShare(along:)``.
  ///
  /// - Parameters:
  ///   - degreesOfFreedom: ν, above 2; infinite for normal moves.
  ///   - isFirstPassage: Whether any time before the horizon counts; otherwise the end alone.
  /// - Returns: The probability, at most one; zero without a point, NaN for ν at most 2.
  public func probability(
    degreesOfFreedom: Double = .infinity,
    isFirstPassage: Bool = true
  ) -> Double {
    guard degreesOfFreedom > 2 else { return .nan }
    guard let distance else { return 0 }
    if distance == 0 { return isFirstPassage ? 1 : 0.5 }
    let tail: Double
    if degreesOfFreedom == .infinity {
      tail = StandardNormal.survival(distance)
    } else {
      // t² = d² ν/(ν − 2), of which ν/(ν + t²) is this.
      let square = distance * distance / (degreesOfFreedom - 2)
      tail =
        SpecialFunctions.regularizedBeta(1 / (1 + square), a: degreesOfFreedom / 2, b: 0.5) / 2
    }
    return isFirstPassage ? min(2 * tail, 1) : tail
  }
}

extension StressTest {
  /// The most likely move of all prices together that brings the margin ratio or a health factor to one.
  ///
  /// - Parameters:
  ///   - covariance: The covariance of the log returns of the assets that move, over the horizon; all others keep their prices.
  ///   - settings: How far to look.
  /// - Returns: The point.
  /// - Throws: `RiskError.unknownInstrument` for an asset that the market lacks or cash, `.invalidValue` for settings out of range
  ///   or a covariance without risk.
  /// - Complexity: A few hundred revaluations an asset.
  public func liquidationPoint(
    covariance: Covariance,
    settings: LiquidationPoint.Settings = .init()
  ) throws(RiskError) -> LiquidationPoint {
    try require(settings.largestDistance, "largestDistance", in: 1e-6...1e4)
    try require(Double(settings.stepCount), "stepCount", in: 1...1e6)
    try require(Double(settings.maximumIterations), "maximumIterations", in: 1...1e6)
    try require(settings.tolerance, "tolerance", in: 0...0.1)
    for asset in covariance.universe.assets where asset == book.cash {
      throw .unknownInstrument(asset)
    }
    var search = NearestPointSearch(test: self, covariance: covariance, settings: settings)
    return try search.run()
  }

  /// The point that a search from one direction Σy ends at; without a distance where nothing is liquidated along it.
  func liquidationPoint(
    toward dual: [Double],
    covariance: Covariance,
    settings: LiquidationPoint.Settings
  ) throws(RiskError) -> LiquidationPoint {
    var search = NearestPointSearch(test: self, covariance: covariance, settings: settings)
    return try search.run(toward: dual)
  }

  /// The gap after log moves of some assets.
  func gap(_ logMoves: [Double], of universe: Universe) throws(RiskError) -> Double {
    var scenario = Scenario("move")
    for (asset, move) in zip(universe.assets, logMoves) { scenario.spotMoves[asset] = expm1(move) }
    return try liquidationGap(scenario)
  }
}

/// The search for the nearest point at which something is liquidated.
private struct NearestPointSearch {
  let test: StressTest
  let covariance: Covariance
  let settings: LiquidationPoint.Settings
  var count = 0

  /// A direction Σy of length one in the distance.
  private struct Direction {
    var moves: [Double]
    /// y.
    var dual: [Double]
  }

  /// A direction, and where liquidation begins along it.
  private struct Ray {
    var direction: Direction
    var distance: Double
  }

  init(test: StressTest, covariance: Covariance, settings: LiquidationPoint.Settings) {
    self.test = test
    self.covariance = covariance
    self.settings = settings
  }

  mutating func run() throws(RiskError) -> LiquidationPoint {
    let order = covariance.universe.count
    let still = [Double](repeating: 0, count: order)
    guard try gap(still) > 0 else { return point(0, still, angle: 0) }
    return try nearest(from: starts(still))
  }

  mutating func run(toward dual: [Double]) throws(RiskError) -> LiquidationPoint {
    try nearest(from: direction(dual).map { [$0] } ?? [])
  }

  private mutating func nearest(from starts: [Direction]) throws(RiskError) -> LiquidationPoint {
    var best: Ray?
    var bestAngle = Double.nan
    for start in starts {
      guard let ray = try crossing(start) else { continue }
      let (found, angle) = try descend(from: ray)
      if found.distance < best?.distance ?? .infinity {
        (best, bestAngle) = (found, angle)
      }
    }
    guard let best else { return point(nil, [], angle: .nan) }
    return point(
      best.distance, best.direction.moves.map { expm1(best.distance * $0) }, angle: bestAngle)
  }

  private func point(
    _ distance: Double?,
    _ moves: [Double],
    angle: Double
  ) -> LiquidationPoint {
    LiquidationPoint(
      distance: distance, moves: moves, universe: covariance.universe, angle: angle,
      evaluationCount: count)
  }

  private mutating func gap(_ x: [Double]) throws(RiskError) -> Double {
    count += 1
    return try test.gap(x, of: covariance.universe)
  }

  /// Σy over √(y'Σy), nil when that is no direction.
  private func direction(_ y: [Double]) -> Direction? {
    let product = covariance.product(with: y)
    let square = zip(y, product).reduce(0) { $0 + $1.0 * $1.1 }
    guard square > 0, square.isFinite else { return nil }
    let length = square.squareRoot()
    return Direction(moves: product.map { $0 / length }, dual: y.map { $0 / length })
  }

  private mutating func starts(_ still: [Double]) throws(RiskError) -> [Direction] {
    let order = still.count
    var vectors = [try slope(still).map { -$0 }]
    for sign in [-1.0, 1] {
      vectors.append([Double](repeating: sign, count: order))
      for j in 0..<order {
        var unit = still
        unit[j] = sign
        vectors.append(unit)
      }
    }
    let directions = vectors.compactMap { direction($0) }
    guard !directions.isEmpty else {
      throw .invalidValue(
        argument: "variance", got: 0, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    return directions
  }

  /// ∇g by central differences over a small part of a deviation.
  private mutating func slope(_ x: [Double]) throws(RiskError) -> [Double] {
    let deviations = covariance.standardDeviations
    var slope: [Double] = []
    for j in x.indices {
      let step = Self.slopeStep * deviations[j]
      guard step > 0 else {
        slope.append(0)
        continue
      }
      var (up, down) = (x, x)
      up[j] += step
      down[j] -= step
      slope.append((try gap(up) - gap(down)) / (up[j] - down[j]))
    }
    return slope
  }

  /// Differences of smooth gaps have their best digits near the third root of the rounding.
  private static let slopeStep = 1e-5

  /// The first change of sign along a direction.
  private mutating func crossing(_ direction: Direction) throws(RiskError) -> Ray? {
    var evaluations = 0
    let longest = direction.moves.reduce(0) { max($0, $1.magnitude) }
    let place = try test.firstChange(
      upTo: min(settings.largestDistance, LiquidationPoint.largestLogMove / longest),
      stepCount: settings.stepCount
    ) { t throws(RiskError) in
      evaluations += 1
      return try test.gap(direction.moves.map { t * $0 }, of: covariance.universe)
    }
    count += evaluations
    return place.map { Ray(direction: direction, distance: $0) }
  }

  /// Turns a direction until it is the steepest, and how far from that it is at the end.
  private mutating func descend(from start: Ray) throws(RiskError) -> (Ray, angle: Double) {
    var ray = start
    for _ in 0..<settings.maximumIterations {
      guard let steepest = try steepest(at: ray) else { return (ray, .nan) }
      guard let next = try shorter(than: ray, toward: steepest) else {
        return (ray, angle(ray.direction, steepest))
      }
      let gain = ray.distance - next.distance
      ray = next
      if gain <= settings.tolerance * ray.distance { break }
    }
    return (ray, try steepest(at: ray).map { angle(ray.direction, $0) } ?? .nan)
  }

  /// −Σ∇g at the end of a ray; nil without a slope.
  private mutating func steepest(at ray: Ray) throws(RiskError) -> Direction? {
    direction(try slope(ray.direction.moves.map { ray.distance * $0 }).map { -$0 })
  }

  /// The first mix of two directions that is liquidated nearer than a ray.
  private mutating func shorter(
    than ray: Ray,
    toward steepest: Direction
  ) throws(RiskError) -> Ray? {
    let cosine = product(ray.direction, steepest)
    var share = 1.0
    while share > Self.leastShare {
      // The square of the length of a mix of two directions with that cosine.
      let square = (1 - share) * (1 - share) + share * share + 2 * share * (1 - share) * cosine
      let length = square.squareRoot()
      func mix(_ old: [Double], _ new: [Double]) -> [Double] {
        zip(old, new).map { ((1 - share) * $0 + share * $1) / length }
      }
      if square > 0 {
        let mixed = Direction(
          moves: mix(ray.direction.moves, steepest.moves),
          dual: mix(ray.direction.dual, steepest.dual))
        if let found = try crossing(mixed), found.distance < ray.distance { return found }
      }
      share /= 2
    }
    return nil
  }

  /// y'Σz of two directions Σy and Σz.
  private func product(_ first: Direction, _ second: Direction) -> Double {
    zip(first.dual, second.moves).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The angle between two directions, from its sine where that is small.
  private func angle(_ first: Direction, _ second: Direction) -> Double {
    let cosine = product(first, second)
    let rest = zip(second.dual, first.dual).map { $0 - cosine * $1 }
    let square = zip(rest, covariance.product(with: rest)).reduce(0) { $0 + $1.0 * $1.1 }
    return atan2(max(square, 0).squareRoot(), cosine)
  }

  private static let leastShare = 1e-3
}
