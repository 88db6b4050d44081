// Goals: (1) a limit on distances for the price of some programs with charges; (2) the limit met to rounding.
//
// Under a charge for its distances in the place of a limit the weights move along straight lines between finitely many prices
// (Best, An algorithm for the solution of the parametric quadratic programming problem, 1996). Two prices bracket the limit; the
// weights that meet it on the chord between them are the optimum as soon as no line bends inside.

import KeelData
import KeelNumerics
import KeelOptimization

/// The search for the price of one limit on distances.
struct DistancePrice {
  /// An optimum at a price.
  private struct Point {
    let price: Double
    let solution: Solution<[Double]>
    /// What the distances exceed the limit by.
    let excess: Double
  }

  private let program: PortfolioProgram
  private let constraints: ResolvedConstraints
  private let limit: AbsoluteRow
  /// Bounds and, between them, references.
  private let breakpoints: [[Double]]
  private let settings: QuadraticSolver.Settings

  /// Prices at most; some ten are enough.
  private static let attempts = 60

  /// The first price is the mean force times this: more than most prices are.
  private static let haste = 8.0

  /// A sum of distances this close to the limit, relative to it, meets it.
  private static let rounding = 1e-14

  /// Takes a program with one limit.
  ///
  /// - Returns: Nil where there is not exactly one.
  init?(
    _ program: PortfolioProgram,
    _ constraints: ResolvedConstraints,
    settings: QuadraticSolver.Settings
  ) {
    guard program.absolute.count == 1, let limit = program.absolute.first else { return nil }
    self.program = program
    self.constraints = constraints
    self.limit = limit
    breakpoints = FrontierLimits(constraints, charges: program.costs.charges).breakpoints
    self.settings = settings
  }

  /// The certified optimum; nil where the search does not lead to one, for `free` the optimum without the
  /// limit, which exceeds it.
  func solution(beside free: Solution<[Double]>) throws(AllocationError) -> Solution<[Double]>? {
    var low = Point(price: 0, solution: free, excess: excess(free.value))
    var high: Point?
    var price = firstPrice(free)
    var weightOfLow = 1.0
    var weightOfHigh = 1.0
    for attempt in 1...Self.attempts {
      guard price > 0, price.isFinite, let point = try point(at: price, near: low) else {
        return nil
      }
      if point.excess.magnitude <= Self.rounding * limit.limit {
        return try certified(
          point.solution.value, point.solution.duals, price: price, iterations: attempt)
      }
      if point.excess > 0 {
        low = point
        weightOfLow = 1
        weightOfHigh /= 2
      } else {
        high = point
        weightOfHigh = 1
        weightOfLow /= 2
      }
      guard let high else {
        price *= 4
        continue
      }
      if isLine(low, high), let answer = try onChord(low, high, iterations: attempt) {
        return answer
      }
      // The rule of Illinois: an end that stays loses weight.
      let (above, below) = (weightOfLow * low.excess, weightOfHigh * -high.excess)
      let share = above + below > 0 ? above / (above + below) : 0.5
      price = low.price + share * (high.price - low.price)
      if price <= low.price || price >= high.price { return nil }
    }
    return nil
  }

  /// Whether the weights go straight from one optimum to the other: the same are held at the same
  /// places, all others are on one piece, and the same rows are active.
  private func isLine(_ low: Point, _ high: Point) -> Bool {
    let (left, right) = (low.solution, high.solution)
    for i in breakpoints.indices where left.value[i] != right.value[i] {
      let (least, most) = (
        min(left.value[i], right.value[i]), max(left.value[i], right.value[i])
      )
      for point in breakpoints[i] where least <= point && point <= most { return false }
    }
    let count = program.plain.rows.count
    return (0..<count).allSatisfy { (left.duals.rows[$0] == 0) == (right.duals.rows[$0] == 0) }
  }

  private func excess(_ x: [Double]) -> Double { limit.value(x) - limit.limit }

  /// The mean force that takes the weights away from the reference.
  private func firstPrice(_ free: Solution<[Double]>) -> Double {
    let moved = program.plain.quadratic.times(
      zip(free.value, limit.reference).map { $0 - $1 })
    var (sum, size) = (0.0, 0.0)
    for i in moved.indices where limit.coefficients[i] > 0 {
      sum += moved[i].magnitude
      size += limit.coefficients[i]
    }
    return size > 0 ? Self.haste * sum / size : 0
  }

  /// The optimum with a charge in the place of the limit.
  private func point(at price: Double, near other: Point) throws(AllocationError) -> Point? {
    var free = constraints
    free.absolute = []
    var costs = program.costs
    let charges = limit.coefficients.map { price * $0 }
    costs.add(TradingCharge(buying: charges, selling: charges, reference: limit.reference))
    let charged = try PortfolioProgram(
      constraints: free, quadratic: program.plain.quadratic, convexity: .guaranteed,
      linear: program.plain.linear, costs: costs)
    let rounds = PieceRounds(charged, free, settings: settings)
    guard let solution = try rounds.solution(near: other.solution.value) else { return nil }
    return Point(price: price, solution: solution, excess: excess(solution.value))
  }

  /// The weights between two optima that meet the limit, when they are the optimum.
  private func onChord(
    _ low: Point,
    _ high: Point,
    iterations: Int
  ) throws(AllocationError) -> Solution<[Double]>? {
    let share = low.excess > 0 ? low.excess / (low.excess - high.excess) : 0
    func between(_ left: [Double], _ right: [Double]) -> [Double] {
      zip(left, right).map { $0 == $1 ? $0 : $0 + share * ($1 - $0) }
    }
    let price = low.price + share * (high.price - low.price)
    let count = program.plain.rows.count
    let rows = between(
      Array(low.solution.duals.rows.prefix(count)), Array(high.solution.duals.rows.prefix(count)))
    return try certified(
      between(low.solution.value, high.solution.value),
      Duals(
        of: program.plain, rows: rows,
        bounds: between(low.solution.duals.bounds, high.solution.duals.bounds)),
      price: price, iterations: iterations)
  }

  /// The optimum, when the weights and dual values prove it.
  private func certified(
    _ x: [Double],
    _ duals: Duals,
    price: Double,
    iterations: Int
  ) throws(AllocationError) -> Solution<[Double]>? {
    let rows = duals.rows.prefix(program.plain.rows.count)
    let answer = try program.certified(
      x, rows: rows + [-price], bounds: duals.bounds, iterations: iterations)
    return answer.status == .optimal ? answer : nil
  }
}
