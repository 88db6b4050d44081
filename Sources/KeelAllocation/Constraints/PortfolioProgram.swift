// Goals: (1) without limits on sums of distances the solver meets the caller's program of order n and
// nothing else; (2) with them, weights that are exact at the reference and a proof that anyone can
// repeat.
//
// The proof is by a supporting plane: for any slopes ξ in [−1, 1] the row Σ c ξ (x − r) ≤ limit
// follows from Σ c |x − r| ≤ limit. A point that is optimal under that row and satisfies the limit
// itself is optimal under the limit. Where x differs from r the slope is its sign, so that the row
// holds exactly when the limit does; where x = r the slope comes from the optimality condition. Costs of
// trading are supported in the same way: the objective's linear term takes their slopes.

import KeelData
import KeelNumerics
import KeelOptimization

/// A quadratic program of order n under resolved constraints.
struct PortfolioProgram {
  let universe: Universe
  /// The program without the limits on sums of distances.
  private(set) var plain: QuadraticProgram
  let absolute: [AbsoluteRow]
  /// The costs in the objective; the plain program has those that are quadratic.
  let costs: UtilityCosts
  private let constraints: ResolvedConstraints

  init(
    constraints: ResolvedConstraints,
    quadratic: QuadraticTerm,
    convexity: QuadraticProgram.Convexity,
    linear: [Double]?,
    costs: UtilityCosts
  ) throws(AllocationError) {
    universe = constraints.universe
    absolute = constraints.absolute
    self.costs = costs
    self.constraints = constraints
    plain = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        finite: quadratic, linear: linear, lowerBounds: constraints.lower,
        upperBounds: constraints.upper, rows: constraints.rows,
        uniqueNames: constraints.universe.assets.map(\.rawValue), convexity: convexity)
    }
  }

  /// Takes other expected returns.
  ///
  /// - Parameter returns: The expected returns.
  /// - Throws: ``AllocationError`` for numbers that are not finite.
  mutating func replace(returns: [Double]) throws(AllocationError) {
    let linear = returns.indices.map { -returns[$0] - (costs.isFlat ? 0 : costs.pulls[$0]) }
    do throws(OptimizationError) {
      try plain.replace(linear: linear)
    } catch {
      throw Translation.translated(error, universe)
    }
  }

  /// Solves the program; anything but an optimum is an error.
  ///
  /// - Parameters:
  ///   - settings: The limits of the solver.
  ///   - neighbor: A point that satisfies the constraints, near the optimum if possible, and the dual
  ///     values of its rows; nil for none.
  /// - Returns: The point, with dual values of rows, then of the limits on sums of distances.
  /// - Throws: ``AllocationError``.
  func solution(
    settings: QuadraticSolver.Settings,
    near neighbor: (point: [Double], rows: [Double])? = nil
  ) throws(AllocationError) -> Solution<[Double]> {
    if let squares = constraints.squares {
      var others = constraints
      others.squares = nil
      return try SquaresPrice(self, others, squares, settings: settings).solution()
    }
    if hasNoKinks {
      let answer = try Translation.solution(of: plain, universe: universe, settings: settings)
      if costs.isFlat { return answer }
      return try certified(
        answer.value, rows: answer.duals.rows, bounds: answer.duals.bounds,
        iterations: answer.certificate.iterations)
    }
    if let neighbor {
      if let answer = try pieceSolution(from: neighbor, settings: settings) {
        return answer
      }
      return try DistanceWalk(self, constraints)
        .solution(from: neighbor.point, rows: neighbor.rows, settings: settings)
    }
    if absolute.isEmpty, let answer = try pieceSolution(settings: settings) { return answer }
    if let answer = try limitedSolution(settings: settings) { return answer }
    var rows: [Double] = []
    var free: Solution<[Double]>?
    do throws(AllocationError) {
      let relaxed = try Translation.solution(of: plain, universe: universe, settings: settings)
      if mayBeOptimal(relaxed.value) {
        let answer = try certified(
          relaxed.value,
          rows: relaxed.duals.rows + [Double](repeating: 0, count: absolute.count),
          bounds: relaxed.duals.bounds, iterations: relaxed.certificate.iterations)
        if answer.status == .optimal { return answer }
      }
      free = relaxed
      rows = relaxed.duals.rows
    } catch {
      switch error {
      // The limits may bound what is unbounded without them.
      case .unbounded, .notSolved(.stalled, _), .notSolved(.almostOptimal, _),
        .notSolved(.iterationLimit, _):
        break
      default: throw error
      }
    }
    if let free, let answer = try nearSolution(free, settings: settings) { return answer }
    let walk = DistanceWalk(self, constraints)
    if let heldPoint {
      return try walk.solution(from: heldPoint, rows: rows, settings: settings)
    }
    let point = try feasiblePoint(near: free?.value, settings: settings)
    return try walk.solution(from: point, rows: rows, settings: settings)
  }

  /// Whether the optimum without limits and charges can be the one with them: near all limits, and nothing charged.
  private func mayBeOptimal(_ x: [Double]) -> Bool {
    let nearness = 1e-6
    return absolute.allSatisfy { $0.value(x) <= $0.limit + nearness * $0.limit.magnitude }
      && costs.charges.allSatisfy { charge in
        x.indices.allSatisfy { charge.slope(x[$0], $0) == 0 }
      }
  }

  /// The optimum from piece to piece, beginning with that without limits and charges; nil where that does not end.
  private func nearSolution(
    _ free: Solution<[Double]>,
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> Solution<[Double]>? {
    if absolute.isEmpty {
      return try pieceSolution(from: (free.value, free.duals.rows), settings: settings)
    }
    guard var search = DistancePrice(self, settings: settings) else { return nil }
    return try search.solution(beside: free)
  }

  /// The optimum without limits from piece to piece, beginning at a point with dual values of its rows, or
  /// at the optimum of a market with one factor; nil where that does not end.
  private func pieceSolution(
    from start: (point: [Double], rows: [Double])? = nil,
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> Solution<[Double]>? {
    guard absolute.isEmpty, var method = PieceMethod(plain, pieces(), settings: settings) else {
      return nil
    }
    if let start {
      guard start.rows.count == plain.rows.count else { return nil }
      method.begin(at: start.point, rows: start.rows, price: 0)
    } else if !method.begin() {
      return nil
    }
    guard method.run(), method.refine() else { return nil }
    let answer = try certified(
      method.x, rows: method.rowDuals, bounds: method.boundDuals, iterations: method.iterations)
    return answer.status == .optimal ? answer : nil
  }

  /// A point near the optimum, without a proof: where going from piece to piece ends, or the optimum.
  func unprovedPoint(settings: QuadraticSolver.Settings) throws(AllocationError) -> [Double] {
    if !hasNoKinks, constraints.squares == nil, absolute.isEmpty,
      var method = PieceMethod(plain, pieces(), settings: settings), method.begin(), method.run(),
      method.refine()
    {
      return method.x
    }
    return try solution(settings: settings).value
  }

  /// The optimum under one limit on distances that binds; nil where it does not, or where this does not end.
  private func limitedSolution(
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> Solution<[Double]>? {
    guard absolute.count == 1, let limit = absolute.first, limit.limit > 0,
      var method = PieceMethod(
        plain, pieces(pricing: limit),
        limit: PieceLimit(limit.coefficients, reference: limit.reference, most: limit.limit),
        settings: settings),
      method.runAtLimit()
    else { return nil }
    let answer = try certified(
      method.x, rows: method.rowDuals, bounds: method.boundDuals, iterations: method.iterations,
      missing: method.missing)
    return answer.status == .optimal ? answer : nil
  }

  /// The pieces of all weights between bounds and the references of charges; those of a limit have a price.
  func pieces(pricing limit: AbsoluteRow? = nil) -> PieceSlopes {
    let n = plain.linear.count
    var (buying, selling, references) = ([Double](), [Double](), [Double]())
    for charge in costs.charges {
      buying += charge.buying
      selling += charge.selling
      references += charge.reference
    }
    var pieces: [PieceSlopes.Piece] = []
    pieces.reserveCapacity(n * (1 + costs.charges.count + (limit == nil ? 0 : 1)))
    var starts = [Int](repeating: 0, count: n + 1)
    var bends: [(at: Double, rise: Double, isPriced: Bool)] = []
    for i in 0..<n {
      let (low, high) = (plain.lowerBounds[i], plain.upperBounds[i])
      bends.removeAll(keepingCapacity: true)
      var slope = 0.0
      for k in stride(from: i, to: references.count, by: n) {
        if references[k] <= low {
          slope += buying[k]
        } else {
          slope -= selling[k]
          let rise = buying[k] + selling[k]
          if rise > 0 && references[k] < high { bends.append((references[k], rise, false)) }
        }
      }
      let coefficient = limit?.coefficients[i] ?? 0
      let center = limit?.reference[i] ?? 0
      if coefficient > 0 && low < center && center < high { bends.append((center, 0, true)) }
      Self.sort(&bends)
      var priced = low >= center ? coefficient : -coefficient
      var start = low
      for bend in bends {
        if start < bend.at {
          pieces.append(.init(from: (start, bend.at), slope: slope, priced: priced))
        }
        slope += bend.rise
        if bend.isPriced { priced = coefficient }
        start = bend.at
      }
      pieces.append(.init(from: (start, high), slope: slope, priced: priced))
      starts[i + 1] = pieces.count
    }
    return PieceSlopes(pieces, startingAt: starts)
  }

  /// Sorts a few bends, most of them in order already.
  private static func sort(_ bends: inout [(at: Double, rise: Double, isPriced: Bool)]) {
    for last in bends.indices.dropFirst() {
      let bend = bends[last]
      var place = last
      while place > 0 && bends[place - 1].at > bend.at {
        bends[place] = bends[place - 1]
        place -= 1
      }
      bends[place] = bend
    }
  }

  /// Whether the plain program is all there is, limits on squares among it.
  var isPlain: Bool { hasNoKinks && constraints.squares == nil }

  /// The program with a further row.
  func adding(_ row: LinearRow, at position: Int) throws(AllocationError) -> PortfolioProgram {
    var constraints = constraints
    constraints.rows.insert(row, at: position)
    return try PortfolioProgram(
      constraints: constraints, quadratic: plain.quadratic, convexity: plain.convexity,
      linear: plain.linear, costs: costs)
  }

  /// Whether the plain program has no charges and no limits on distances beside it.
  private var hasNoKinks: Bool { absolute.isEmpty && costs.charges.isEmpty }

  /// The first reference of a limit or a charge that satisfies the constraints.
  var heldPoint: [Double]? {
    // What the sum of a hundred fractions may leave.
    let rounding = 1e-13
    let references = absolute.map(\.reference) + costs.charges.map(\.reference)
    return references.first { x in
      let isInside = x.indices.allSatisfy {
        plain.lowerBounds[$0] <= x[$0] && x[$0] <= plain.upperBounds[$0]
      }
      return isInside
        && plain.rows.allSatisfy { row in
          var (value, size) = (0.0, 0.0)
          for (i, a) in zip(row.indices, row.coefficients) {
            value += a * x[i]
            size += (a * x[i]).magnitude
          }
          let slack = rounding * size
          return row.lower - slack <= value && value <= row.upper + slack
        } && absolute.allSatisfy { $0.value(x) <= $0.limit }
    }
  }

  /// The objective with all costs, whatever the constraints say.
  func objective(_ x: [Double]) -> Double { objective(x, product: plain.quadratic.times(x)) }

  /// The same for a known product P x.
  func objective(_ x: [Double], product: [Double]) -> Double {
    var sum = costs.constant
    for i in x.indices { sum += x[i] * (product[i] / 2 + plain.linear[i]) }
    return costs.charges.reduce(sum) { $0 + $1.value(x) }
  }

  /// The feasible point nearest to another one, to solver accuracy.
  ///
  /// - Parameters:
  ///   - start: The point; nil for the reference of a limit, or zero.
  ///   - settings: The limits of the solver.
  /// - Returns: The point.
  /// - Throws: ``AllocationError``.
  func feasiblePoint(
    near start: [Double]? = nil,
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> [Double] {
    let n = universe.count
    let (split, names, generated) = constraints.split()
    let center =
      start ?? costs.charges.first?.reference ?? absolute.first?.reference
      ?? [Double](repeating: 0, count: n)
    let padding = [Double](repeating: 0, count: names.count)
    let program = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: .diagonal([Double](repeating: 1, count: n) + padding),
        linear: center.map { -$0 } + padding, lowerBounds: split.lower, upperBounds: split.upper,
        rows: split.rows, variableNames: plain.variableNames + names)
    }
    let nearest: Solution<[Double]>
    do throws(OptimizationError) {
      nearest = try QuadraticSolver(settings: settings).solve(program)
    } catch {
      throw Translation.translated(error, universe)
    }
    switch nearest.status {
    case .primalInfeasible(let proof):
      throw .infeasible(
        constraints: generated.constraints(of: proof),
        contradiction: proof.contradiction)
    case .deadlineExceeded, .cancelled:
      throw .notSolved(status: nearest.status, certificate: nearest.certificate)
    default: return Array(nearest.value.prefix(n))
    }
  }

  /// The solution of a program without linear term, for which zero is the optimum where it is allowed.
  ///
  /// Near zero residuals relative to their terms are noise, and the solver may stop without an optimum.
  ///
  /// - Parameter settings: The limits of the solver.
  /// - Returns: The point, with dual values.
  /// - Throws: ``AllocationError``.
  func solutionNearZero(
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> Solution<[Double]> {
    do throws(AllocationError) {
      return try solution(settings: settings)
    } catch {
      guard case .notSolved(_, let certificate) = error else { throw error }
      let answer = try certified(
        plain.linear.map { _ in 0 },
        rows: [Double](repeating: 0, count: plain.rows.count + absolute.count),
        bounds: plain.linear.map { _ in 0 }, iterations: certificate.iterations)
      if answer.status == .optimal { return answer }
      throw error
    }
  }
}

// MARK: - Proof

extension PortfolioProgram {
  /// The certificate of a claimed answer, computed from the data alone.
  ///
  /// - Parameters:
  ///   - x: The point.
  ///   - rows: The dual values of the rows, then of the limits on sums of distances.
  ///   - bounds: The dual values of the bounds.
  ///   - iterations: The number to record.
  ///   - missing: What ``missing(at:rows:bounds:)`` returns, up to rounding; nil to compute it. The slopes at
  ///     references follow from it, and the certificate checks them.
  /// - Returns: The point with its certificate; the status says whether the tolerance for an optimum
  ///   holds.
  /// - Throws: ``AllocationError`` for vectors of the wrong length.
  func certified(
    _ x: [Double],
    rows: [Double],
    bounds: [Double],
    iterations: Int,
    missing: [Double]? = nil
  ) throws(AllocationError) -> Solution<[Double]> {
    let (program, charged) = try supported(at: x, rows: rows, bounds: bounds, missing: missing)
    let duals = Duals(of: program, rows: rows, bounds: bounds)
    do throws(OptimizationError) {
      let certificate = try program.verify(x, duals: duals, iterations: iterations)
        .addingToObjective(constant(charged))
      let isOptimal = certificate.holds(Certificate.optimalTolerances)
      return Solution(
        value: x, status: isOptimal ? .optimal : .stalled, certificate: certificate, duals: duals)
    } catch {
      throw Translation.translated(error, universe)
    }
  }

  /// What the objective of a supported program lacks: the slopes of a charge act on x − reference.
  private func constant(_ slopes: [[Double]]) -> Double {
    var sum = costs.constant
    for (charge, slopes) in zip(costs.charges, slopes) {
      for i in slopes.indices { sum -= slopes[i] * charge.reference[i] }
    }
    return sum
  }

  /// The program with limits and charges replaced by their supporting planes at a point, and the slopes
  /// of the charges there.
  func supported(
    at x: [Double],
    rows: [Double],
    bounds: [Double],
    missing: [Double]? = nil
  ) throws(AllocationError) -> (program: QuadraticProgram, charged: [[Double]]) {
    if hasNoKinks { return (plain, []) }
    let slopes = slopes(at: x, rows: rows, bounds: bounds, missing: missing)
    let program = try program(
      adding: slopes.rows.enumerated().map { plane($0, $1) }, charging: slopes.charges,
      lower: plain.lowerBounds, upper: plain.upperBounds)
    return (program, slopes.charges)
  }

  /// The program with further rows, slopes of the charges, and other bounds.
  func program(
    adding planes: [LinearRow],
    charging slopes: [[Double]],
    lower: [Double],
    upper: [Double]
  ) throws(AllocationError) -> QuadraticProgram {
    var linear = plain.linear
    for values in slopes { for i in linear.indices { linear[i] += values[i] } }
    return try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        finite: plain.quadratic, linear: linear, lowerBounds: lower, upperBounds: upper,
        rows: plain.rows + planes, uniqueNames: plain.variableNames, convexity: plain.convexity)
    }
  }

  /// The row Σ c ξ x ≤ limit + Σ c ξ r of one limit.
  func plane(_ k: Int, _ slopes: [Double]) -> LinearRow {
    let row = absolute[k]
    var limit = row.limit
    let coefficients = slopes.indices.map { row.coefficients[$0] * slopes[$0] }
    for i in slopes.indices { limit += coefficients[i] * row.reference[i] }
    return LinearRow(row.name, coefficients: coefficients, upper: limit)
  }

  /// What the optimality condition of the plain program lacks.
  func missing(at x: [Double], rows: [Double], bounds: [Double]) -> [Double] {
    var result = plain.quadratic.times(x)
    for i in x.indices { result[i] += plain.linear[i] - (i < bounds.count ? bounds[i] : 0) }
    for (row, price) in zip(plain.rows, rows) {
      for (i, a) in zip(row.indices, row.coefficients) { result[i] -= a * price }
    }
    return result
  }

  /// The slopes of each limit and of each charge: signs, and at the reference what the optimality
  /// condition asks for.
  private func slopes(
    at x: [Double],
    rows: [Double],
    bounds: [Double],
    missing known: [Double]?
  ) -> (rows: [[Double]], charges: [[Double]]) {
    let count = plain.rows.count
    let prices = Array(rows.dropFirst(count))
    guard prices.count == absolute.count, bounds.count == x.count, plain.linear.count == x.count
    else {
      let flat = x.map { _ in 0.0 }
      return (absolute.map { _ in flat }, costs.charges.map { _ in flat })
    }
    var missing = known ?? missing(at: x, rows: rows, bounds: bounds)
    var slopes = absolute.map { row in
      x.indices.map { x[$0] > row.reference[$0] ? 1.0 : x[$0] < row.reference[$0] ? -1 : 0 }
    }
    for (k, price) in prices.enumerated() {
      for i in x.indices { missing[i] -= absolute[k].coefficients[i] * price * slopes[k][i] }
    }
    var charged = costs.charges.map { charge in x.indices.map { charge.slope(x[$0], $0) } }
    for values in charged { for i in x.indices { missing[i] += values[i] } }
    for (k, charge) in costs.charges.enumerated() {
      for i in x.indices where x[i] == charge.reference[i] {
        charged[k][i] = min(max(-missing[i], -charge.selling[i]), charge.buying[i])
        missing[i] += charged[k][i]
      }
    }
    for i in x.indices {
      var capacity = 0.0
      for k in absolute.indices where slopes[k][i] == 0 {
        capacity += absolute[k].coefficients[i] * prices[k]
      }
      if capacity == 0 { continue }
      let share = min(max(missing[i] / capacity, -1), 1)
      for k in absolute.indices where slopes[k][i] == 0 { slopes[k][i] = share }
    }
    return (slopes, charged)
  }
}
