// Goals: (1) limits that hold to rounding and optimality conditions that anyone can check; (2) the same answer
// every time; (3) few programs.
//
// With E the selection of a group, c(w) = w'E Σ w − b w'Σw is quadratic and not convex: c(w) = w'A w with A = (EΣ + ΣE)/2 − bΣ.
// A step solves a convex program: the objective with the curvature of the limits at their prices, made definite, and
// the tangents of the limits, c(v) + 2v'A(w − v) ≤ s, with a charge for s (sequential quadratic programming with an exact
// penalty; Fletcher, Practical methods of optimization, 1987; the subproblems of Feng and Palomar, 2015, have the tangents
// without the curvature). Steps are shortened until objective and charge fall below the worst of the last ones.
//
// Accuracy: limits hold to some ulp of the variance, since the tangents miss them by the square of the last step.

import KeelData
import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

/// The search for the best weights under limits on contributions.
struct ContributionLimitSearch {
  /// A limit in the order of the assets.
  struct Group {
    let name: String
    let members: [Int]
    let share: Double
  }

  private let constraints: ResolvedConstraints
  private let covariance: Covariance
  private let groups: [Group]
  private let settings: QuadraticSolver.Settings
  /// The program in the caller's units, without the limits.
  private let program: PortfolioProgram
  /// Σ in units of its mean diagonal.
  private let matrix: SymmetricMatrix
  /// The objective in units of its largest term: curvature Σ̃ w + linear.
  private let curvature: Double
  private let linear: [Double]
  /// Scaled objective = objective / scale.
  private let scale: Double
  private let variance: Double

  /// Steps from a start.
  private static let maximumSteps = 200
  /// A step this short, relative to the weights, is the last one.
  private static let shortestStep = 1e-11
  /// The least curvature of a step's program in units of the mean variance.
  private static let leastCurvature = 1e-4
  private static let firstPenalty = 10.0
  private static let largestPenalty = 1e9
  /// Merits that a step is compared with: the curvature of the limits may raise the last one for a while.
  private static let memory = 5
  private static let sufficientDecrease = 1e-4
  private static let shortestFraction = 1e-9
  /// What a limit may be exceeded by, relative to the terms that it adds.
  private static let rounding = 1e-13

  init(
    constraints: ResolvedConstraints,
    covariance: Covariance,
    riskAversion: Double,
    linear: [Double]?,
    groups: [Group],
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) {
    self.constraints = constraints
    self.covariance = covariance
    self.groups = groups
    self.settings = settings
    program = try constraints.program(
      quadratic: covariance.quadraticTerm(times: riskAversion, addingDiagonal: []),
      convexity: covariance.convexity, linear: linear)
    let source = covariance.matrix
    let n = source.order
    let mean = source.diagonal.reduce(0, +) / Double(max(n, 1))
    variance = mean > 0 && mean.isFinite ? mean : 1
    var elements = [Double](repeating: 0, count: n * n)
    for j in 0..<n { for i in j..<n { elements[i + j * n] = source[i, j] / variance } }
    matrix = SymmetricMatrix(lowerTriangleOf: elements, order: n)
    let pull = (linear ?? []).reduce(0) { max($0, $1.magnitude) }
    let size = max(riskAversion * variance, pull)
    scale = size > 0 ? size : 1
    curvature = riskAversion * variance / scale
    let scale = scale
    self.linear = (linear ?? [Double](repeating: 0, count: n)).map { $0 / scale }
  }

  /// The best weights from all starts and the bound of the problem without the limits.
  func best() throws(AllocationError) -> (found: Solution<[Double]>, bound: Double) {
    let free = try program.solution(settings: settings)
    let bound = free.certificate.dualObjective
    // Names that meet twice are reported here.
    let proof = try certified(free.value, free.duals, prices: nil)
    if excess(free.value) <= 0 { return (proof, bound) }
    var best: Solution<[Double]>?
    var least = Double.infinity
    for start in try starts(free.value) {
      let end: End
      do throws(AllocationError) {
        end = try descend(from: start)
      } catch {
        switch error {
        case .notSolved(.deadlineExceeded, _), .notSolved(.cancelled, _): throw error
        // A start less.
        default: continue
        }
      }
      let excess = excess(end.x)
      least = min(least, excess)
      if excess > Self.rounding { continue }
      let claim = try certified(end.x, end.duals, prices: end.prices)
      guard claim.status == .optimal else { continue }
      let value = claim.certificate.primalObjective
      if value < best?.certificate.primalObjective ?? .infinity { best = claim }
    }
    guard let best else {
      throw .riskLimitsNotMet(limits: groups.map(\.name), excess: least)
    }
    return (best, bound)
  }

  /// The share of the variance of each limit.
  func shares(_ x: [Double]) -> [Double] {
    let product = covariance.product(with: x)
    let total = zip(x, product).reduce(0) { $0 + $1.0 * $1.1 }
    return groups.map { group in
      total > 0 ? group.members.reduce(0) { $0 + x[$1] * product[$1] } / total : 0
    }
  }

  /// What the worst limit is exceeded by, relative to its terms.
  private func excess(_ x: [Double]) -> Double {
    let product = SymmetricKernel.product(matrix, x)
    let terms = zip(x, product).map { $0 * $1 }
    let total = terms.reduce(0, +)
    let size = terms.reduce(0) { $0 + $1.magnitude }
    if !(total > 0), size == 0 { return 0 }
    return groups.reduce(-Double.infinity) { worst, group in
      max(worst, (group.members.reduce(0) { $0 + terms[$1] } - group.share * total) / size)
    }
  }

  // MARK: - Starts

  /// Portfolios that satisfy the constraints: the best without limits, risk budgets inside the limits, equal
  /// weights, and weights by inverse volatility.
  private func starts(_ free: [Double]) throws(AllocationError) -> [[Double]] {
    let n = free.count
    let universe = constraints.universe
    let budget = constraints.rows.first?.upper ?? 1
    var raw = [free]
    var caps = [Double](repeating: 1, count: n)
    for group in groups {
      for i in group.members { caps[i] = min(caps[i], group.share / Double(group.members.count)) }
    }
    let shares = filled(caps)
    var table: [AssetID: Double] = [:]
    for (asset, share) in zip(universe.assets, shares) { table[asset] = share }
    do throws(AllocationError) {
      let parity = try RiskBudgeting(budgets: .byAsset(table)).weights(covariance: covariance)
      raw.append(parity.value.weights.values.map { $0 * budget })
    } catch {
      // A start less: some budget is zero or out of reach.
    }
    raw.append([Double](repeating: budget / Double(n), count: n))
    let inverse = (0..<n).map { matrix[$0, $0] > 0 ? 1 / matrix[$0, $0].squareRoot() : 0 }
    let sum = inverse.reduce(0, +)
    if sum > 0 { raw.append(inverse.map { $0 / sum * budget }) }
    var result = [free]
    for start in raw.dropFirst() {
      result.append(try program.feasiblePoint(near: start, settings: settings))
    }
    return result
  }

  /// Shares that add to one, equal up to their caps; in proportion to the caps where these add to less.
  private func filled(_ caps: [Double]) -> [Double] {
    let sum = caps.reduce(0, +)
    if sum <= 1 { return caps.map { sum > 0 ? $0 / sum : 1 / Double(caps.count) } }
    var level = 0.0
    var left = 1.0
    var count = caps.count
    for cap in caps.sorted() {
      if cap - level >= left / Double(count) { break }
      left -= (cap - level) * Double(count)
      level = cap
      count -= 1
    }
    level += left / Double(max(count, 1))
    let shares = caps.map { min($0, level) }
    let total = shares.reduce(0, +)
    return shares.map { $0 / total }
  }

  // MARK: - Steps

  /// Where a descent ended.
  private struct End {
    var x: [Double]
    var duals: Duals
    /// The price of each limit, zero or more.
    var prices: [Double]
  }

  /// Values and slopes of the limits at a point.
  private struct Tangents {
    let values: [Double]
    let slopes: [[Double]]
  }

  private func tangents(_ x: [Double]) -> Tangents {
    let product = SymmetricKernel.product(matrix, x)
    let total = zip(x, product).reduce(0) { $0 + $1.0 * $1.1 }
    var values: [Double] = []
    var slopes: [[Double]] = []
    for group in groups {
      var selected = [Double](repeating: 0, count: x.count)
      for i in group.members { selected[i] = x[i] }
      var slope = SymmetricKernel.product(matrix, selected)
      for i in group.members { slope[i] += product[i] }
      for i in slope.indices { slope[i] -= 2 * group.share * product[i] }
      slopes.append(slope)
      values.append(group.members.reduce(0) { $0 + x[$1] * product[$1] } - group.share * total)
    }
    return Tangents(values: values, slopes: slopes)
  }

  private func objective(_ x: [Double]) -> Double {
    let product = SymmetricKernel.product(matrix, x)
    return x.indices.reduce(0) { $0 + x[$1] * (curvature / 2 * product[$1] + linear[$1]) }
  }

  private func merit(_ x: [Double], penalty: Double) -> Double {
    tangents(x).values.reduce(objective(x)) { $0 + penalty * max($1, 0) }
  }

  private func descend(from start: [Double]) throws(AllocationError) -> End {
    var penalty = Self.firstPenalty
    let none = Duals(of: program.plain, rows: [], bounds: [])
    var end = End(x: start, duals: none, prices: groups.map { _ in 0 })
    var merits = [Double]()
    for _ in 0..<Self.maximumSteps {
      let tangents = tangents(end.x)
      var step = try step(end, tangents, penalty: penalty)
      while step.slack > Self.rounding, penalty < Self.largestPenalty {
        penalty *= 10
        merits = []
        step = try self.step(end, tangents, penalty: penalty)
      }
      let most = step.prices.reduce(0, max)
      if 2 * most > penalty {
        penalty = 2 * most
        merits = []
      }
      let d = zip(step.x, end.x).map { $0 - $1 }
      let length = d.reduce(0) { max($0, $1.magnitude) }
      let size = step.x.reduce(1) { max($0, $1.magnitude) }
      end.prices = step.prices
      end.duals = step.duals
      if length <= Self.shortestStep * size {
        end.x = step.x
        return end
      }
      let now = merit(end.x, penalty: penalty)
      merits.append(now)
      if merits.count > Self.memory { merits.removeFirst() }
      let highest = merits.reduce(now, max)
      let violated = tangents.values.reduce(0) { $0 + max($1, 0) }
      let product = SymmetricKernel.product(matrix, end.x)
      let slope = d.indices.reduce(0) { $0 + d[$1] * (curvature * product[$1] + linear[$1]) }
      let fall = min(slope - penalty * (violated - step.slack), 0)
      var fraction = 1.0
      var next = step.x
      while merit(next, penalty: penalty) > highest + Self.sufficientDecrease * fraction * fall {
        fraction /= 2
        if fraction < Self.shortestFraction { return end }
        next = zip(end.x, d).map { $0 + fraction * $1 }
      }
      end.x = next
    }
    return end
  }

  /// The solution of a step's convex program.
  private func step(
    _ from: End,
    _ tangents: Tangents,
    penalty: Double
  ) throws(AllocationError) -> (x: [Double], duals: Duals, prices: [Double], slack: Double) {
    let (n, m) = (from.x.count, groups.count)
    let elements = try hessian(prices: from.prices)
    let order = n + m
    var padded = [Double](repeating: 0, count: order * order)
    for j in 0..<n { for i in j..<n { padded[i + j * order] = elements[i + j * n] } }
    for k in n..<order { padded[k * (order + 1)] = 1 }
    let square = SymmetricMatrix(lowerTriangleOf: elements, order: n)
    let curved = SymmetricKernel.product(square, from.x)
    let product = SymmetricKernel.product(matrix, from.x)
    // The linear term in w of a model around the last point.
    let pull = from.x.indices.map { curvature * product[$0] + linear[$0] - curved[$0] }
    var rows = constraints.rows
    for (k, group) in groups.enumerated() {
      rows.append(
        LinearRow(
          group.name, indices: Array(0..<n) + [n + k], coefficients: tangents.slopes[k] + [-1],
          upper: tangents.values[k]))
    }
    let model = try Translation.program(universe: constraints.universe) {
      () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: .dense(SymmetricMatrix(lowerTriangleOf: padded, order: order)),
        linear: pull + [Double](repeating: penalty, count: m),
        lowerBounds: constraints.lower + [Double](repeating: 0, count: m),
        upperBounds: constraints.upper + [Double](repeating: .infinity, count: m), rows: rows,
        variableNames: program.plain.variableNames + groups.map { "excess of \($0.name)" })
    }
    let solution = try Translation.solution(
      of: model, universe: constraints.universe, settings: settings)
    let count = constraints.rows.count
    return (
      Array(solution.value.prefix(n)), solution.duals,
      solution.duals.rows.dropFirst(count).map { max(-$0, 0) },
      solution.value.dropFirst(n).reduce(0, +)
    )
  }

  /// The lower triangle of the curvature of objective and limits at their prices, made definite.
  private func hessian(prices: [Double]) throws(AllocationError) -> [Double] {
    let n = matrix.order
    var inside = [Double](repeating: 0, count: n)
    var all = curvature
    for (group, price) in zip(groups, prices) {
      for i in group.members { inside[i] += price }
      all -= 2 * price * group.share
    }
    var elements = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      for i in j..<n { elements[i + j * n] = (all + inside[i] + inside[j]) * matrix[i, j] }
    }
    let least: Double
    do throws(LinearAlgebraError) {
      let square = SymmetricMatrix(lowerTriangleOf: elements, order: n)
      least = try SymmetricEigen.values(of: square).first ?? 0
    } catch {
      throw .invalidValue(argument: "covariance", asset: nil, got: .infinity, allowed: .finite)
    }
    let missing = max(Self.leastCurvature - least, 0)
    for i in 0..<n { elements[i * (n + 1)] += missing }
    return elements
  }

  /// The certificate of the optimality conditions in the caller's units.
  private func certified(
    _ x: [Double],
    _ duals: Duals,
    prices: [Double]?
  ) throws(AllocationError) -> Solution<[Double]> {
    let tangents = tangents(x)
    var proof = constraints
    for (k, group) in groups.enumerated() {
      proof.rows.append(
        LinearRow(
          group.name, coefficients: tangents.slopes[k].map { $0 * variance },
          upper: tangents.values[k] * variance))
    }
    let unit = prices == nil ? 1 : scale
    let count = constraints.rows.count
    var rows = duals.rows.prefix(count).map { $0 * unit }
    for k in groups.indices { rows.append(-(prices?[k] ?? 0) * scale / variance) }
    return try PortfolioProgram(
      constraints: proof, quadratic: program.plain.quadratic, convexity: program.plain.convexity,
      linear: program.plain.linear, costs: UtilityCosts()
    ).certified(
      x, rows: rows, bounds: duals.bounds.prefix(x.count).map { $0 * unit }, iterations: 0)
  }
}
