// Goals: (1) a limit on Σ w² for the price of some programs with a further diagonal; (2) the limit met to rounding; (3) a
// proof that anyone can repeat.
//
// Under a charge λ/2 Σ w² in the place of the limit the sum of squares falls with λ, and 1/√(Σ w²) is nearly linear in it
// (Moré and Sorensen, Computing a trust region step, 1983). The proof is a supporting plane: Σ w² ≤ limit implies
// 2 v'w ≤ limit + v'v for every v, with equality at v itself exactly where v meets the limit.

import KeelData
import KeelNumerics
import KeelOptimization

/// A limit on the sum of squares in the order of a universe.
struct SquaresRow: Hashable, Sendable {
  let name: String
  let limit: Double
  /// Its position among the rows of a proof.
  let position: Int

  /// The row that the limit implies and that touches it at a point.
  func plane(at x: [Double]) -> LinearRow {
    LinearRow(name, coefficients: x.map { 2 * $0 }, upper: limit + Self.sum(x))
  }

  static func sum(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 } }
}

/// The search for the price of a limit on the sum of squares.
struct SquaresPrice {
  /// An optimum at a price.
  private struct Point {
    let price: Double
    let solution: Solution<[Double]>
    let sum: Double
  }

  private let program: PortfolioProgram
  private let constraints: ResolvedConstraints
  private let row: SquaresRow
  private let settings: QuadraticSolver.Settings

  /// Prices at most; some ten are enough.
  private static let attempts = 100

  /// The largest step of a price upward.
  private static let haste = 64.0

  /// Prices whose ends are this close, relative to the first price, differ by rounding.
  private static let leastPrice = 1e-13

  /// Takes a program and its constraints without the limit.
  init(
    _ program: PortfolioProgram,
    _ constraints: ResolvedConstraints,
    _ row: SquaresRow,
    settings: QuadraticSolver.Settings
  ) {
    self.program = program
    self.constraints = constraints
    self.row = row
    self.settings = settings
  }

  /// The certified optimum.
  func solution() throws(AllocationError) -> Solution<[Double]> {
    var low: Point?
    do throws(AllocationError) {
      let free = try point(at: 0)
      if free.sum <= row.limit + rounding { return try certified(free) }
      low = free
    } catch {
      switch error {
      // The limit bounds what is unbounded without it, and tells ties apart.
      case .unbounded, .notSolved(.stalled, _), .notSolved(.almostOptimal, _),
        .notSolved(.iterationLimit, _):
        break
      default: throw error
      }
    }
    try requireRoom()
    let first = firstPrice
    var high: Point?
    var price = first
    for _ in 0..<Self.attempts {
      let point = try point(at: price)
      if (point.sum - row.limit).magnitude <= rounding { return try certified(point) }
      let before = point.sum > row.limit ? low : high
      if point.sum > row.limit { low = point } else { high = point }
      guard let next = next(low, high, before, first: first) else { break }
      price = next
    }
    // Prices without a number between them: the side that keeps the limit.
    guard let high else { throw .infeasible(constraints: [row.name], contradiction: 0) }
    return try certified(high)
  }

  /// What rounding leaves of the sum.
  private var rounding: Double { Double(constraints.lower.count) * .ulpOfOne * row.limit }

  /// A price of the size of the other forces.
  private var firstPrice: Double {
    let plain = program.plain
    let diagonal = plain.quadratic.diagonal
    let curvature = diagonal.reduce(0, +) / Double(max(diagonal.count, 1))
    let pull = plain.linear.reduce(0) { max($0, $1.magnitude) }
    let price = curvature + pull / row.limit.squareRoot()
    return price > 0 && price.isFinite ? price : 1
  }

  /// The next price: where the line of 1/√sum through two points meets that of the limit, kept inside the
  /// bracket.
  ///
  /// - Returns: Nil where no number is left.
  private func next(_ low: Point?, _ high: Point?, _ before: Point?, first: Double) -> Double? {
    func height(_ point: Point) -> Double {
      1 / point.sum.squareRoot() - 1 / row.limit.squareRoot()
    }
    guard let high else {
      guard let low else { return nil }
      guard let before, before.price < low.price else { return Self.haste * low.price }
      let slope = (height(low) - height(before)) / (low.price - before.price)
      let step = slope > 0 ? -height(low) / slope : .infinity
      // A little too far, so that the limit is bracketed soon.
      return min(low.price + 1.01 * step, Self.haste * low.price)
    }
    guard let low else {
      return high.price > Self.leastPrice * first ? high.price / Self.haste : nil
    }
    if high.price <= Self.leastPrice * first { return nil }
    var next = low.price - height(low) * (high.price - low.price) / (height(high) - height(low))
    if let before {
      // Through the last two points, which are closer to the limit than the other end.
      let last = before.sum > row.limit ? low : high
      let slope = (height(last) - height(before)) / (last.price - before.price)
      let guess = last.price - height(last) / slope
      if low.price < guess, guess < high.price { next = guess }
    }
    if !(low.price < next && next < high.price) { next = low.price + (high.price - low.price) / 2 }
    return low.price < next && next < high.price ? next : nil
  }

  /// The optimum with a charge in the place of the limit.
  private func point(at price: Double) throws(AllocationError) -> Point {
    let charged = try PortfolioProgram(
      constraints: constraints,
      quadratic: price > 0
        ? program.plain.quadratic.adding(price) : program.plain.quadratic,
      convexity: program.plain.convexity, linear: program.plain.linear, costs: program.costs)
    let solution = try charged.solution(settings: settings)
    return Point(price: price, solution: solution, sum: SquaresRow.sum(solution.value))
  }

  /// Throws where no weights keep the limit, with the names of what keeps them apart.
  private func requireRoom() throws(AllocationError) {
    let n = constraints.lower.count
    let least = try PortfolioProgram(
      constraints: constraints, quadratic: .diagonal([Double](repeating: 1, count: n)),
      convexity: .guaranteed, linear: nil, costs: UtilityCosts()
    ).solutionNearZero(settings: settings)
    let sum = SquaresRow.sum(least.value)
    if sum <= row.limit + rounding { return }
    var names = [row.name]
    for (name, dual) in zip(least.duals.rowNames, least.duals.rows) where dual != 0 {
      names.append(name)
    }
    for (asset, dual) in zip(constraints.universe.assets, least.duals.bounds) where dual != 0 {
      names.append(asset.rawValue)
    }
    throw .infeasible(constraints: names, contradiction: sum - row.limit)
  }

  /// The optimum with the plane in the place of the limit.
  private func certified(_ point: Point) throws(AllocationError) -> Solution<[Double]> {
    let solution = point.solution
    var proof = constraints
    proof.rows.insert(row.plane(at: solution.value), at: row.position)
    var rows = solution.duals.rows
    rows.insert(point.price > 0 ? -point.price / 2 : 0, at: row.position)
    let answer = try PortfolioProgram(
      constraints: proof, quadratic: program.plain.quadratic,
      convexity: program.plain.convexity, linear: program.plain.linear, costs: program.costs
    ).certified(
      solution.value, rows: rows, bounds: solution.duals.bounds,
      iterations: solution.certificate.iterations)
    guard answer.status == .optimal else {
      throw .notSolved(status: answer.status, certificate: answer.certificate)
    }
    return answer
  }
}
