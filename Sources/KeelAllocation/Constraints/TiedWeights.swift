// Goals: (1) a limit on many largest weights for the price of some programs without it; (2) the limit met to rounding, and
// weights that tie equal to the last bit; (3) a proof that anyone can repeat.
//
// With the places of the weights known, those at the level are one variable and the limit is a row: a program that
// is smaller than the one without the limit. The proof is a supporting plane: the limit implies Σ ± ξ w ≤ limit for all
// shares ξ in [0, 1] that add to k, and the weights meet it exactly where they meet the limit.

import KeelData
import KeelNumerics
import KeelOptimization

/// The search for the places of the weights at the optimum of a quadratic program.
struct TiedWeights {
  /// The best weights for some places.
  private struct Point {
    let weights: [Double]
    let price: Double
    let rows: [Double]
    let bounds: [Double]
    let shares: [Double]
    let iterations: Int
  }

  /// What places lead to.
  private enum Outcome {
    case point(Point)
    /// No weights; where each would have to move.
    case clash([Double])
    case failure
  }

  private let program: PortfolioProgram
  private let limit: ConcentrationConstraint
  private let count: Int
  private let settings: QuadraticSolver.Settings

  /// Corrections of the places at most; they seldom take more than twelve.
  private static let rounds = 40

  /// Limits from the value without limit down to the limit, where the places are not found at once.
  private static let steps = 10

  /// How far below 0 or above 1 a share may be by rounding.
  private static let shareTolerance = 1e-10

  /// Takes a program without the limit.
  ///
  /// - Returns: Nil where the program has limits on distances or squares, or charges.
  init?(
    _ program: PortfolioProgram,
    _ limit: ConcentrationConstraint,
    settings: QuadraticSolver.Settings
  ) {
    guard case .largest(let count) = limit.measure, program.isPlain else { return nil }
    self.program = program
    self.limit = limit
    self.count = count
    self.settings = settings
  }

  /// The certified optimum, with a dual value of the limit.
  ///
  /// - Parameters:
  ///   - start: Weights that exceed the limit.
  ///   - position: Where the limit stands among the rows.
  /// - Returns: Nil where the search does not lead to one.
  /// - Throws: ``AllocationError``.
  func solution(
    from start: [Double],
    position: Int
  ) throws(AllocationError) -> Solution<[Double]>? {
    let value = start.map(\.magnitude).sorted(by: >).prefix(count).reduce(0, +)
    for steps in [1, Self.steps] {
      var levels: WeightLevels?
      var point: Point?
      for step in 1...steps {
        let part = Double(steps - step) / Double(steps)
        let most = limit.limit + part * part * (value - limit.limit)
        levels = levels ?? WeightLevels(near: start, count: count, limit: most)
        point = try settle(&levels, at: most)
        if point == nil { break }
      }
      if let point, let levels { return try certified(point, levels, position) }
    }
    return nil
  }

  /// The optimum under a limit, and its places.
  private func settle(
    _ places: inout WeightLevels?,
    at most: Double
  ) throws(AllocationError) -> Point? {
    guard var levels = places else { return nil }
    for _ in 0..<Self.rounds {
      let point: Point
      switch try outcome(levels, at: most) {
      case .failure: return nil
      case .clash(let forces):
        if levels.turn(along: forces) || levels.retreat() { continue }
        return nil
      case .point(let found):
        // Where nearly all weights tie, one more leaves no room.
        if found.price <= 0 && levels.retreat() { continue }
        if found.price <= 0 { return nil }
        point = found
      }
      if levels.assets(.level).isEmpty {
        if !levels.isRanked(point.weights) {
          guard let next = WeightLevels(near: point.weights, count: count, limit: most) else {
            return nil
          }
          levels = next
          continue
        }
      } else {
        let moved = levels.correct(
          weights: point.weights, shares: point.shares, tolerance: Self.shareTolerance)
        guard let moved else { return nil }
        if moved > 0 { continue }
      }
      levels.renew()
      places = levels
      return point
    }
    return nil
  }

  /// The best weights for some places.
  private func outcome(
    _ levels: WeightLevels,
    at most: Double
  ) throws(AllocationError) -> Outcome {
    let (plain, n) = (program.plain, levels.places.count)
    let (above, tied) = (levels.assets(.above), levels.assets(.level))
    let others = (0..<n).filter { levels.places[$0] != .level }
    let signs = tied.map { levels.signs[$0] }
    // The common size of the tied weights is the last variable, if there is one.
    var place = [Int](repeating: others.count, count: n)
    for (k, i) in others.enumerated() { place[i] = k }
    var lower = others.map { plain.lowerBounds[$0] }
    var upper = others.map { plain.upperBounds[$0] }
    var linear = others.map { plain.linear[$0] }
    if !tied.isEmpty {
      var (low, high) = (0.0, Double.infinity)
      for (i, sign) in zip(tied, signs) {
        low = max(low, sign < 0 ? -plain.upperBounds[i] : plain.lowerBounds[i])
        high = min(high, sign < 0 ? -plain.lowerBounds[i] : plain.upperBounds[i])
      }
      if low > high { return .failure }
      lower.append(low)
      upper.append(high)
      linear.append(zip(tied, signs).reduce(0) { $0 + $1.1 * plain.linear[$1.0] })
    }
    let width = lower.count
    var rows = plain.rows.map { row in
      var coefficients = [Double](repeating: 0, count: width)
      for (i, a) in zip(row.indices, row.coefficients) {
        coefficients[place[i]] += levels.places[i] == .level ? levels.signs[i] * a : a
      }
      return LinearRow(row.name, coefficients: coefficients, lower: row.lower, upper: row.upper)
    }
    var counted = [Double](repeating: 0, count: width)
    for i in above { counted[place[i]] = levels.signs[i] }
    if !tied.isEmpty { counted[width - 1] = Double(count - above.count) }
    rows.append(LinearRow(limit.name, coefficients: counted, upper: most))
    let quadratic =
      tied.isEmpty
      ? plain.quadratic : plain.quadratic.tying(others: others, tied: tied, signs: signs)
    let answer: Solution<[Double]>
    do throws(OptimizationError) {
      answer = try QuadraticSolver(settings: settings).solve(
        QuadraticProgram(
          finite: quadratic, linear: linear, lowerBounds: lower, upperBounds: upper, rows: rows,
          uniqueNames: lower.indices.map { "\($0)" }, convexity: plain.convexity))
    } catch {
      return .failure
    }
    switch answer.status {
    case .optimal:
      return .point(
        point(answer, levels, others, tied, at: (lower.last ?? 0, upper.last ?? 0)))
    case .primalInfeasible(let proof):
      var forces = [Double](repeating: 0, count: n)
      for (row, multiplier) in zip(plain.rows, proof.multipliers.rows) {
        for (i, a) in zip(row.indices, row.coefficients) { forces[i] += a * multiplier }
      }
      return .clash(forces)
    default: return .failure
    }
  }

  /// The answer of a smaller program in the terms of the program.
  private func point(
    _ answer: Solution<[Double]>,
    _ levels: WeightLevels,
    _ others: [Int],
    _ tied: [Int],
    at ends: (lower: Double, upper: Double)
  ) -> Point {
    let plain = program.plain
    var x = [Double](repeating: 0, count: levels.places.count)
    var bounds = x
    for (k, i) in others.enumerated() {
      x[i] = answer.value[k]
      bounds[i] = answer.duals.bounds[k]
    }
    if let level = answer.value.last {
      for i in tied { x[i] = levels.signs[i] * level }
    }
    let rows = Array(answer.duals.rows.dropLast())
    let price = -(answer.duals.rows.last ?? 0)
    var shares = x.map { _ in 0.0 }
    if !tied.isEmpty && price > 0 {
      let missing = program.missing(at: x, rows: rows, bounds: bounds)
      for i in tied { shares[i] = -levels.signs[i] * missing[i] / price }
      // A bound that holds the level belongs to those that have it, first to those with too large a share.
      var force = answer.duals.bounds.last ?? 0
      for most in [1, 0, -Double.infinity] where force < 0 {
        for i in tied where force < 0 {
          let reach = levels.signs[i] < 0 ? -plain.lowerBounds[i] : plain.upperBounds[i]
          if reach > ends.upper || shares[i] <= most { continue }
          let part = min(-force / price, shares[i] - most)
          shares[i] -= part
          force += part * price
          bounds[i] -= levels.signs[i] * part * price
        }
      }
    }
    return Point(
      weights: x, price: price, rows: rows, bounds: bounds, shares: shares,
      iterations: answer.certificate.iterations)
  }

  /// The optimum with the plane in the place of the limit; nil where the weights do not prove it.
  private func certified(
    _ point: Point,
    _ levels: WeightLevels,
    _ position: Int
  ) throws(AllocationError) -> Solution<[Double]>? {
    let sizes = point.weights.map(\.magnitude).sorted(by: >)
    let excess = sizes.prefix(count).reduce(0, +) - limit.limit
    if excess > Double(sizes.count) * .ulpOfOne * limit.limit { return nil }
    let coefficients = levels.places.indices.map { i -> Double in
      switch levels.places[i] {
      case .above: return levels.signs[i]
      case .level: return levels.signs[i] * min(max(point.shares[i], 0), 1)
      case .below: return 0
      }
    }
    var rows = point.rows
    rows.insert(-point.price, at: position)
    let answer = try program.adding(
      LinearRow(limit.name, coefficients: coefficients, upper: limit.limit), at: position
    ).certified(
      point.weights, rows: rows, bounds: point.bounds, iterations: point.iterations)
    return answer.status == .optimal ? answer : nil
  }
}
