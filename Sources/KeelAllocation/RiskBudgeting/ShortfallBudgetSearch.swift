import KeelLinearAlgebra
import KeelNumerics

// The weights whose parts of the expected shortfall are given, by asset or by line, by an interior point.
//
// Goals in order: contributions to 1e-9, a proof, O(S N²) an iteration.
//
// With v ≥ h = −X y − t and 0 ≤ q ≤ c = p / (1 − confidence) the least of ES(y) − Σ b ln Y, where Y is the sum of y over a line,
// is where
//
//   (v − h) q = μ,   v (c − q) = μ,   y z = μ,   Σ q = 1,   −X'q = b (1 / Y + z)
//
// for μ → 0, without z for an asset that is alone in its line: the conditions of the linear program of an expected shortfall, with the budgets in place of the reduced costs of the
// weights (S. Maillard, T. Roncalli, J. Teïletche, Journal of Portfolio Management 36 (2010), for the barrier). Newton's
// method in v, q and t leaves one matrix of the order of the assets, a weighted covariance of the outcomes; centering after
// S. Mehrotra, SIAM Journal on Optimization 2 (1992). The barrier of the weights stays as it is, not linear in a second unknown:
// from far away that loses its way.
struct ShortfallBudgetSearch {
  private let outcomes: Matrix
  private let caps: [Double]
  private let lines: RiskBudgetLines
  /// The budget of each asset's line, and the assets that are not alone in theirs.
  private let budgets: [Double]
  private let companions: [Int]
  /// The weights in any scale, and the value at risk.
  private(set) var y: [Double]
  /// By how much the price of an asset exceeds that of its line, over the line's budget.
  private(set) var z: [Double]
  private var t = 0.0
  /// The losses above it, and the shares of the scenarios in the tail.
  private var v: [Double]
  private(set) var shares: [Double]
  private(set) var iterations = 0

  /// - Parameters:
  ///   - outcomes: S outcomes of N assets.
  ///   - probabilities: The probability of each scenario; they sum to one.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - lines: The part of each line of assets.
  ///   - proportions: A first guess of the weights inside each line: positive.
  init(
    outcomes: Matrix,
    probabilities: [Double],
    confidence: Double,
    lines: RiskBudgetLines,
    proportions: [Double]
  ) {
    self.outcomes = outcomes
    self.lines = lines
    let places = lines.lineOfAsset
    budgets = places.map { lines.shares[$0] }
    companions = places.indices.filter { lines.sizes[places[$0]] > 1 }
    caps = probabilities.map { $0 / (1 - confidence) }
    shares = probabilities
    let sums = lines.sums(proportions)
    let start = zip(places, proportions).map { lines.shares[$0] * ($1 / sums[$0]) }
    y = start
    z = places.indices.map { i in
      let size = lines.sizes[places[i]]
      return size > 1 ? 1 / (Double(size) * start[i]) : 0
    }
    v = []
    let h = excess()
    let size = h.reduce(0) { max($0, $1.magnitude) }
    v = h.map { max($0, 0) + size }
  }

  /// −X y − t.
  private func excess() -> [Double] {
    outcomes.outcomes(of: y).map { -$0 - t }
  }

  /// −X'q: what one unit of each asset adds to the loss in the tail.
  func prices() -> [Double] { outcomes.transposedProduct(shares).map { -$0 } }

  /// How far products and sums are from what they should be, relative.
  private func error() -> Double {
    let prices = prices()
    let totals = totals()
    var worst = (shares.reduce(0, +) - 1).magnitude
    for i in y.indices {
      let left = totals[i] * (prices[i] / budgets[i] - z[i]) - 1
      worst = max(worst, left.magnitude / (1 + totals[i] * z[i]))
    }
    return lines.sums(zip(y, z).map { $0 * $1 }).reduce(worst) { max($0, $1) }
  }

  /// The sum of each asset's line.
  private func totals() -> [Double] {
    let sums = lines.sums(y)
    return lines.lineOfAsset.map { sums[$0] }
  }

  /// Steps until the products are small; false where that fails.
  mutating func run(tolerance: Double, maximumIterations: Int) throws(LinearAlgebraError) -> Bool {
    while iterations < maximumIterations {
      let gap = products().reduce(0, +)
      guard gap.isFinite else { return false }
      if gap <= tolerance && error() <= tolerance { return true }
      iterations += 1
      guard let system = try system() else { return false }
      let count = Double(2 * v.count + companions.count)
      let predictor = direction(system, target: 0, nil)
      let reach = length(predictor)
      let left = products(after: predictor, reach).reduce(0, +)
      // Far below the tolerance nothing is won, and shares end as zeros.
      let target = max(left / gap * (left / gap) * (left / count), Self.share * tolerance / count)
      var step = direction(system, target: target, (predictor, 1))
      // Where the predictor does not go far, its second-order terms hold the path back.
      let other = direction(system, target: target, (predictor, reach * reach))
      if sum(after: other) < sum(after: step) { step = other }
      // Next to an edge only the way to the middle is free.
      if length(step) < Self.shortStep {
        step = direction(system, target: gap / count, nil)
      }
      move(step, Self.reach * length(step))
    }
    return false
  }

  private static let shortStep = 0.1

  /// The part of the longest step that is taken.
  private static let reach = 0.995

  /// The share of the tolerance that the products aim for.
  private static let share = 0.1

  private func system() throws(LinearAlgebraError) -> ShortfallBudgetSystem? {
    let sums = lines.sums(y)
    return try ShortfallBudgetSystem(
      outcomes, upper: zip(v, excess()).map { $0 - $1 }, v, shares, caps,
      own: y.indices.map { budgets[$0] * z[$0] / y[$0] },
      common: zip(lines.shares, sums).map { $0 / ($1 * $1) }, lines.lineOfAsset)
  }

  /// A change of everything.
  private struct Step {
    var y: [Double], z: [Double], v: [Double], q: [Double]
    var t: Double
    /// Of v − h.
    var upper: [Double]
  }

  /// (v − h) q, v (c − q) and y z.
  private func products() -> [Double] {
    let h = excess()
    return v.indices.flatMap { [(v[$0] - h[$0]) * shares[$0], v[$0] * (caps[$0] - shares[$0])] }
      + companions.map { y[$0] * z[$0] }
  }

  private func products(after step: Step, _ length: Double) -> [Double] {
    let h = excess()
    return v.indices.flatMap { s -> [Double] in
      let q = shares[s] + length * step.q[s]
      return [
        (v[s] - h[s] + length * step.upper[s]) * q, (v[s] + length * step.v[s]) * (caps[s] - q),
      ]
    }
      + companions.map { (y[$0] + length * step.y[$0]) * (z[$0] + length * step.z[$0]) }
  }

  private func sum(after step: Step) -> Double {
    products(after: step, Self.reach * length(step)).reduce(0, +)
  }

  private func direction(
    _ system: ShortfallBudgetSystem,
    target: Double,
    _ predictor: (step: Step, part: Double)?
  ) -> Step {
    let h = excess()
    var (first, second) = (v, v)
    for s in v.indices {
      // The products' second-order terms along the predictor.
      let upperBend = predictor.map { $0.part * $0.step.upper[s] * $0.step.q[s] } ?? 0
      let lowerBend = predictor.map { -$0.part * $0.step.v[s] * $0.step.q[s] } ?? 0
      first[s] = (target - upperBend) / shares[s] - (v[s] - h[s])
      second[s] = (target - lowerBend) / (caps[s] - shares[s]) - v[s]
    }
    let prices = prices()
    let totals = totals()
    // What z becomes where y stays.
    var wanted = z
    for i in companions {
      let bend = predictor.map { $0.part * $0.step.y[i] * $0.step.z[i] } ?? 0
      wanted[i] = (target - bend) / y[i]
    }
    let (dy, dt, dh) = system.solution(
      prices: y.indices.map { budgets[$0] / totals[$0] + budgets[$0] * wanted[$0] - prices[$0] },
      rests: zip(first, second).map { $0 - $1 }, missing: 1 - shares.reduce(0, +))
    var step = Step(y: dy, z: z, v: v, q: v, t: dt, upper: v)
    for i in y.indices { step.z[i] = wanted[i] - z[i] - z[i] / y[i] * dy[i] }
    for s in v.indices {
      let q = system.weights[s] * (dh[s] + first[s] - second[s])
      step.q[s] = q
      step.v[s] = second[s] + v[s] / (caps[s] - shares[s]) * q
      step.upper[s] = step.v[s] - dh[s]
    }
    return step
  }

  /// The longest step up to one that keeps everything positive.
  private func length(_ step: Step) -> Double {
    var length = 1.0
    func shorten(_ value: Double, _ change: Double) {
      if value + change <= 0 { length = min(length, -value / change) }
    }
    let h = excess()
    for s in v.indices {
      shorten(v[s], step.v[s])
      shorten(v[s] - h[s], step.upper[s])
      shorten(shares[s], step.q[s])
      shorten(caps[s] - shares[s], -step.q[s])
    }
    for i in y.indices { shorten(y[i], step.y[i]) }
    for i in companions { shorten(z[i], step.z[i]) }
    return length
  }

  private mutating func move(_ step: Step, _ length: Double) {
    for i in y.indices { y[i] += length * step.y[i] }
    for i in companions { z[i] += length * step.z[i] }
    for s in v.indices {
      v[s] += length * step.v[s]
      shares[s] += length * step.q[s]
    }
    t += length * step.t
  }
}

/// The equations of one step in the weights.
private struct ShortfallBudgetSystem {
  /// What a change of a loss moves its scenario's share by.
  let weights: [Double]
  private let outcomes: Matrix
  private let means: [Double]
  private let total: Double
  private let factor: Cholesky

  /// Nil where the matrix is not positive definite to rounding.
  init?(
    _ outcomes: Matrix,
    upper: [Double],
    _ v: [Double],
    _ shares: [Double],
    _ caps: [Double],
    own: [Double],
    common: [Double],
    _ lineOfAsset: [Int]
  ) throws(LinearAlgebraError) {
    self.outcomes = outcomes
    weights = v.indices.map { 1 / (upper[$0] / shares[$0] + v[$0] / (caps[$0] - shares[$0])) }
    total = weights.reduce(0, +)
    means = outcomes.transposedProduct(weights).map { [total] in $0 / total }
    var scaled: [Double] = []
    scaled.reserveCapacity(outcomes.rowCount * outcomes.columnCount)
    let roots = weights.map { $0.squareRoot() }
    for j in 0..<outcomes.columnCount {
      let column = outcomes.column(j)
      for s in column.indices { scaled.append(roots[s] * (column[s] - means[j])) }
    }
    guard scaled.allSatisfy(\.isFinite),
      let matrix = try? Matrix(
        rowCount: outcomes.rowCount, columnCount: outcomes.columnCount, columnMajor: scaled)
    else { return nil }
    var gram = try matrix.gram()
    for j in own.indices {
      gram[j, j] += own[j]
      for i in j..<own.count where lineOfAsset[i] == lineOfAsset[j] {
        gram[i, j] += common[lineOfAsset[j]]
      }
    }
    guard let factor = Self.factor(gram) else { return nil }
    self.factor = factor
  }

  /// Assets of a line with the same outcomes make the matrix singular at the end; what is added to the diagonal then is rounding.
  private static let shifts = [0, 1e-14, 1e-12]

  private static func factor(_ matrix: SymmetricMatrix) -> Cholesky? {
    for shift in shifts {
      var shifted = matrix
      for i in 0..<matrix.order { shifted[i, i] *= 1 + shift }
      if let factor = try? Cholesky(shifted) { return factor }
    }
    return nil
  }

  /// The changes of the weights, of the value at risk and of the losses above it.
  func solution(
    prices: [Double],
    rests: [Double],
    missing: Double
  ) -> (y: [Double], t: Double, h: [Double]) {
    let weighted = zip(weights, rests).map { $0 * $1 }
    let sum = weighted.reduce(0, +) - missing
    let moved = outcomes.transposedProduct(weighted)
    let right = prices.indices.map { prices[$0] + moved[$0] - means[$0] * sum }
    let y = (try? factor.solve(right)) ?? right.map { _ in .nan }
    let t = sum / total - zip(means, y).reduce(0) { $0 + $1.0 * $1.1 }
    return (y, t, outcomes.outcomes(of: y).map { -$0 - t })
  }
}

extension Matrix {
  /// X'q.
  fileprivate func transposedProduct(_ q: [Double]) -> [Double] {
    (0..<columnCount).map { j in
      let column = self.column(j)
      var sum = 0.0
      for s in column.indices { sum += column[s] * q[s] }
      return sum
    }
  }
}
