import KeelData
import KeelMarkets
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The search of the least radius over directions.
struct ReverseSearch {
  /// A direction y of length one, with Σy.
  struct Direction {
    var dual: [Double]
    var image: [Double]
  }

  /// A direction with its radius and what the gradient of the loss says there.
  private struct Point {
    var direction: Direction
    var radius: Double
    /// The direction of the gradient of the loss, less the own one: tangential, pointing at a smaller radius.
    var descent = Direction(dual: [], image: [])
    var angle = Double.infinity
  }

  private let test: StressTest
  private let target: Double
  private let covariance: Covariance
  private let deviations: [Double]
  private let means: [Double]
  private let unit: Scenario.MoveUnit
  private let universe: Universe
  private let scenario: Scenario
  private let settings: ReverseStress.Settings
  private let places: [Int]
  private var change: ScenarioChange
  private var workspace: AccountBook.Workspace
  private var evaluationCount = 0
  private var largestLoss = -Double.infinity

  /// The least and the largest move: a fraction ends before −1, and a price a million times as high or as low is the
  /// farthest that a scenario may say.
  private let limits: ClosedRange<Double>

  /// How far a fraction stays above −1.
  private static let leastGrowth = 1e-9

  /// The largest move as a fraction.
  private static let largestFraction = 1e6

  /// The largest move as a logarithm: its fraction is below the largest.
  private static let largestLogMove = 13.8

  /// The step of derivatives in standard deviations: with four points the error is some 1e-12 of the third derivative's term.
  private static let derivativeStep = 1e-3

  /// How near two distances are that count as one.
  private static let agreementTolerance = 1e-6

  init(
    _ test: StressTest,
    loss: Double,
    covariance: Covariance,
    means: [Double],
    unit: Scenario.MoveUnit,
    beside scenario: Scenario,
    settings: ReverseStress.Settings
  ) throws(RiskError) {
    self.test = test
    target = loss
    self.covariance = covariance
    deviations = covariance.standardDeviations
    self.means = means
    self.unit = unit
    limits =
      switch unit {
      case .fraction: (Self.leastGrowth - 1)...Self.largestFraction
      case .logarithm: -Self.largestLogMove...Self.largestLogMove
      }
    for (asset, mean) in zip(covariance.universe.assets, means) {
      try require(mean, "mean of \(asset)", in: limits)
    }
    universe = covariance.universe
    self.scenario = scenario
    self.settings = settings
    let book = test.book
    try book.checkProtocols(of: scenario)
    change = try ScenarioChange(scenario, of: book.market, cash: book.cash)
    places = try universe.assets.map { (asset) throws(RiskError) -> Int in
      guard asset != book.cash, let place = book.market.universe.position(of: asset) else {
        throw .unknownInstrument(asset)
      }
      return place
    }
    workspace = AccountBook.Workspace(book)
  }

  mutating func run() throws(RiskError) -> ReverseStress {
    let atMeans = try loss(at: means)
    if atMeans >= target { return try result(means, distance: 0, angle: 0, (1, 1)) }
    var starts: [Point] = []
    for direction in try startingDirections() {
      if let radius = try radius(of: direction, guess: nil) {
        starts.append(Point(direction: direction, radius: radius))
      }
    }
    guard !starts.isEmpty else {
      throw .lossNotReached(wanted: target, largest: largestLoss)
    }
    starts.sort { $0.radius < $1.radius }
    var ends: [Point] = []
    for start in starts.prefix(settings.searchCount) { ends.append(try descend(from: start)) }
    let best = ends.reduce(ends[0]) { $1.radius < $0.radius ? $1 : $0 }
    let limit = best.radius * (1 + Self.agreementTolerance)
    return try result(
      moves(best.direction, best.radius), distance: best.radius, angle: best.angle,
      (ends.count { $0.radius <= limit }, ends.count))
  }

  private func result(
    _ moves: [Double],
    distance: Double,
    angle: Double,
    _ agreement: (Int, Int)
  ) throws(RiskError) -> ReverseStress {
    var found = scenario
    for (asset, move) in zip(universe.assets, moves) {
      let fraction = unit.fraction(limited(move))
      if found.pegMoves[asset] == nil {
        found.spotMoves[asset] = fraction
      } else {
        found.pegMoves[asset] = fraction
      }
    }
    // The moves are as they are: nothing is drawn to the mean again.
    if found.commonMoveFraction > 0 {
      found = try unmixed(found)
    }
    let values: ExpectedReturns
    do throws(DataError) {
      values = try ExpectedReturns(universe: universe, values: moves)
    } catch {
      throw RiskError(error)
    }
    return ReverseStress(
      moves: values, scenario: found, loss: try test.outcome(of: found).loss, distance: distance,
      angle: angle, isStationary: angle <= settings.angleTolerance, agreement: agreement,
      evaluationCount: evaluationCount)
  }

  /// The same moves without a common part: those of other assets are written out.
  private func unmixed(_ found: Scenario) throws(RiskError) -> Scenario {
    var plain = found
    plain.commonMoveFraction = 0
    let market = test.book.market.universe
    let moved = Set(places)
    for (place, asset) in market.assets.enumerated()
    where !moved.contains(place) && asset != test.book.cash && found.pegMoves[asset] == nil {
      plain.spotMoves[asset] = change.growth[place] - 1
    }
    return plain
  }
}

// MARK: - Losses along directions

extension ReverseSearch {
  /// A move as it counts: derivatives reach over the limits by a small part of a deviation, rays by rounding.
  private func limited(_ move: Double) -> Double {
    min(max(move, limits.lowerBound), limits.upperBound)
  }

  /// How far a direction goes until a move is at its limit.
  private func longestRadius(_ direction: Direction) -> Double {
    var radius = settings.largestDistance
    for (mean, image) in zip(means, direction.image) where image != 0 {
      let room = image > 0 ? limits.upperBound - mean : limits.lowerBound - mean
      radius = min(radius, room / image)
    }
    return radius
  }

  private func moves(_ direction: Direction, _ radius: Double) -> [Double] {
    zip(means, direction.image).map { $0 + radius * $1 }
  }

  private mutating func loss(at moves: [Double]) throws(RiskError) -> Double {
    evaluationCount += 1
    for (place, move) in zip(places, moves) {
      change.setGrowth(unit.growth(limited(move)), at: place)
    }
    let loss = test.equity - (try test.book.equity(after: change, &workspace))
    largestLoss = max(largestLoss, loss)
    return loss
  }

  /// The least radius at which a direction loses as much; the scan ends at the guess where that suffices.
  private mutating func radius(
    of direction: Direction,
    guess: Double?
  ) throws(RiskError) -> Double? {
    let longest = longestRadius(direction)
    let end = min(longest, guess ?? longest)
    var near = 0.0
    for step in 1...settings.stepCount {
      let far = end * (Double(step) / Double(settings.stepCount))
      if try loss(at: moves(direction, far)) >= target {
        return try crossing(direction, near, far)
      }
      near = far
    }
    return nil
  }

  /// The radius between two of which the nearer loses less.
  private mutating func crossing(
    _ direction: Direction,
    _ near: Double,
    _ far: Double
  ) throws(RiskError) -> Double {
    var failure: RiskError?
    func gap(_ radius: Double) -> Double {
      do throws(RiskError) {
        return try loss(at: moves(direction, radius)) - target
      } catch {
        failure = error
        return .nan
      }
    }
    do throws(NumericsError) {
      return try Brent.root(of: gap, in: near...far).argument
    } catch {
      throw failure
        ?? .invalidValue(argument: "loss along a direction", got: .nan, lowest: near, highest: far)
    }
  }

  /// The derivative of the loss with respect to each move, by four points.
  private mutating func gradient(at moves: [Double]) throws(RiskError) -> [Double] {
    var gradient = [Double](repeating: 0, count: moves.count)
    for i in moves.indices where deviations[i] > 0 {
      let step = Self.derivativeStep * deviations[i]
      func loss(_ count: Double, _ search: inout ReverseSearch) throws(RiskError) -> Double {
        var moved = moves
        moved[i] += count * step
        return try search.loss(at: moved)
      }
      let near = try loss(1, &self) - loss(-1, &self)
      let far = try loss(2, &self) - loss(-2, &self)
      gradient[i] = (8 * near - far) / (12 * step)
    }
    return gradient
  }
}

// MARK: - Directions

extension ReverseSearch {
  /// The direction of a dual vector; nil where no move belongs to it.
  private func direction(_ dual: [Double]) -> Direction? {
    let image = covariance.product(with: dual)
    let square = Self.dot(dual, image)
    guard square > 0, square.isFinite else { return nil }
    let scale = 1 / square.squareRoot()
    return Direction(dual: dual.map { $0 * scale }, image: image.map { $0 * scale })
  }

  private mutating func startingDirections() throws(RiskError) -> [Direction] {
    var duals: [[Double]] = []
    let gradient = try gradient(at: means)
    duals.append(gradient)
    duals.append(gradient.map { -$0 })
    for i in deviations.indices where deviations[i] > 0 {
      for sign in [1.0, -1] {
        var dual = [Double](repeating: 0, count: deviations.count)
        dual[i] = sign / deviations[i]
        duals.append(dual)
      }
    }
    let stream = RandomStream(seed: 0)
    let count = deviations.count
    for k in 0..<settings.randomDirectionCount {
      duals.append(
        (0..<count).map { i in
          deviations[i] > 0 ? stream.normal(at: UInt64(k * count + i)) / deviations[i] : 0
        })
    }
    return duals.compactMap { direction($0) }
  }

  private static func dot(_ x: [Double], _ y: [Double]) -> Double {
    zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Fills in what the gradient says; no descent where it points nowhere.
  private mutating func look(at point: Point) throws(RiskError) -> Point {
    var point = point
    let gradient = try gradient(at: moves(point.direction, point.radius))
    let image = covariance.product(with: gradient)
    let slope = Self.dot(gradient, point.direction.image)
    // Beyond the crossing the loss rises; where it only touches the loss wanted, the gradient has no part outward.
    guard slope > 0 else { return point }
    point.descent = Direction(
      dual: zip(gradient, point.direction.dual).map { $0 / slope - $1 },
      image: zip(image, point.direction.image).map { $0 / slope - $1 })
    point.angle = max(Self.dot(point.descent.dual, point.descent.image), 0).squareRoot()
    return point
  }

  /// Conjugate gradients on the logarithm of the radius.
  private mutating func descend(from start: Point) throws(RiskError) -> Point {
    var point = try look(at: start)
    var path = point.descent
    var step = 1.0
    for _ in 0..<settings.maximumIterations {
      guard point.angle.isFinite, point.angle > settings.angleTolerance / 10 else { break }
      var slope = Self.dot(point.descent.dual, path.image)
      // A path that does not lead down is begun anew.
      if !(slope > 0) { (path, slope, step) = (point.descent, point.angle * point.angle, 1) }
      guard let next = try advance(point, along: path, slope: slope, step: &step) else {
        if path.dual == point.descent.dual { break }
        path = point.descent
        step = 1
        continue
      }
      let before = point
      point = try look(at: next)
      guard point.angle.isFinite else { break }
      path = conjugate(point, before, path)
    }
    return point
  }

  /// The next path: the descent with a part of the last path, turned into the tangent space.
  private func conjugate(_ point: Point, _ before: Point, _ path: Direction) -> Direction {
    let change = zip(point.descent.image, before.descent.image).map { $0 - $1 }
    let size = before.angle * before.angle
    let share = size > 0 ? max(Self.dot(point.descent.dual, change) / size, 0) : 0
    let radial = Self.dot(path.dual, point.direction.image)
    func mix(_ descent: [Double], _ path: [Double], _ direction: [Double]) -> [Double] {
      descent.indices.map { descent[$0] + share * (path[$0] - radial * direction[$0]) }
    }
    return Direction(
      dual: mix(point.descent.dual, path.dual, point.direction.dual),
      image: mix(point.descent.image, path.image, point.direction.image))
  }

  /// A point with a smaller radius along a path; nil where rounding leaves none.
  private mutating func advance(
    _ point: Point,
    along path: Direction,
    slope: Double,
    step: inout Double
  ) throws(RiskError) -> Point? {
    let mildest = 1e-10
    var trial = min(step, 4)
    while trial > mildest {
      let dual = zip(point.direction.dual, path.dual).map { $0 + trial * $1 }
      if let direction = direction(dual),
        let radius = try radius(near: point.radius, of: direction),
        radius < point.radius
      {
        // The parabola through value, slope and this value has its least value at this step.
        let fall = log(radius / point.radius)
        let bend = fall + slope * trial
        let best = bend > 0 ? slope * trial * trial / (2 * bend) : 2 * trial
        let isGood = fall <= -1e-4 * slope * trial
        step = min(max(best, trial / 4), 4 * trial)
        if isGood, step < 0.5 * trial || step > 2 * trial,
          let other = try improved(point, path, step, radius)
        {
          return other
        }
        if isGood { return Point(direction: direction, radius: radius) }
      }
      trial /= 4
    }
    return nil
  }

  /// The point at another step, where it is better.
  private mutating func improved(
    _ point: Point,
    _ path: Direction,
    _ step: Double,
    _ radius: Double
  ) throws(RiskError) -> Point? {
    let dual = zip(point.direction.dual, path.dual).map { $0 + step * $1 }
    guard let direction = direction(dual),
      let other = try self.radius(near: point.radius, of: direction), other < radius
    else { return nil }
    return Point(direction: direction, radius: other)
  }

  /// The radius of a direction where it is below a known one; nil where it is not.
  private mutating func radius(
    near known: Double,
    of direction: Direction
  ) throws(RiskError) -> Double? {
    try radius(of: direction, guess: known)
  }
}
