// Goals in order: a proof from the caller's data alone, one method for every convex choice, few values of the risk.
//
// Weights w are the optimum of a convex F exactly when they minimize F(v) + c/2 ‖v − w‖² under the constraints. F is replaced by
// planes that support it, at w and where the minimum so far lies (C. Lemaréchal and C. Sagastizábal, Mathematical
// Programming 76, 1997). At the end dual values of planes mix the slopes, and those of rows and bounds are the prices: what the
// forces do not cancel is c (w − v), and the mean plane is below F at w by next to nothing.
//
// A choice with derivatives needs one plane.

import KeelData
import KeelNumerics
import KeelOptimization

/// A convex choice as what its weights are the optimum of.
struct SupportedOptimum {
  typealias Source = PortfolioExplanation.Source
  /// The value of a convex function at some weights and slopes that support it.
  typealias Function = (_ weights: [Double]) throws(AllocationError) -> (
    value: Double, slopes: [Double]
  )

  /// A convex function that may not be above a limit.
  struct RiskLimit {
    let name: String
    let source: Source
    /// The function's limit.
    let limit: Double
    let function: Function
    /// The limit that the caller set, and the change of the function's limit per unit of it.
    let setting: Double
    var rate = 1.0
  }

  /// A row of the choice beside its constraints.
  struct FurtherRow {
    let row: LinearRow
    /// The limit that the caller set, and the change of the row's limit per unit of it.
    let setting: Double
    var rate = 1.0
  }

  let constraints: PortfolioConstraints
  var rows: [FurtherRow] = []
  /// Slopes of the linear part of what is minimized.
  var linear: [(source: Source, slopes: [Double])] = []
  /// The convex parts of what is minimized.
  var convex: [(source: Source, function: Function)] = []
  /// A limit on a convex function; nil for none.
  var riskLimit: RiskLimit?
  let objective: PortfolioExplanation.Objective
  /// The change of the objective per unit of what is minimized.
  let unit: Double
  let settings: QuadraticSolver.Settings

  /// The relative gap of what is explained: it leaves forces of its root that do not cancel.
  var gapTolerance = MinimumRisk.gapTolerance

  /// Forces that do not cancel within this share of the largest one, and slopes that miss the risk by this
  /// share of it, are no explanation.
  var tolerance: Double { (10 * gapTolerance).squareRoot() }

  /// Explains weights.
  ///
  /// - Parameter weights: The weights.
  /// - Returns: The explanation.
  /// - Throws: ``AllocationError``; `notSolved` for weights that are not optimal.
  func explanation(of weights: Weights) throws(AllocationError) -> MarginalExplanation {
    var search = try PlaneSearch(self, weights)
    let answer = try search.solution()
    return try search.explanation(answer)
  }
}

/// The planes at some weights, and the program over them.
private struct PlaneSearch {
  /// A plane `slopes · v + constant`.
  private struct Plane {
    let slopes: [Double]
    /// The slopes of each convex part.
    var parts: [[Double]] = []
    let constant: Double
    /// Of the limit rather than of the objective.
    let isLimit: Bool
    /// The rounds since the plane decided something.
    var age = 0

    func value(_ x: [Double]) -> Double {
      slopes.indices.reduce(constant) { $0 + slopes[$1] * x[$1] }
    }
  }

  private let problem: SupportedOptimum
  private let weights: Weights
  private let split: ResolvedConstraints
  private let furtherNames: [String]
  /// The name of the caller's limit for each row.
  private let owners: [String]
  private let concentration: [ConcentrationConstraint]
  private var planes: [Plane] = []
  private var cuts: [(limit: Int, row: LinearRow)] = []
  /// What is minimized is counted in this unit.
  private var scale = 1.0
  private var limitScale = 1.0
  /// The risk of the weights.
  private var value = 0.0
  /// The limited risk: that of the weights where they are at the limit to the tolerance of an optimum.
  private var limit = Double.infinity
  private let linear: [Double]

  /// The curvature c per unit of the largest slope.
  private static let curvature = 16.0
  /// A risk this near to its limit, relative to what makes it up, is at it.
  private static let nearness = 1e-5
  /// Weights that move less are where they were.
  private static let stillness = 1e-11
  /// What planes miss the function by, in units of the largest slope.
  private static let accuracy = 1e-13
  private static let nearAccuracy = 1e-10
  /// Forces below this share of the largest slope are the tolerance of an optimum.
  private static let activityTolerance = 1e-9
  private static let rounds = 500
  private static let patience = 20

  init(_ problem: SupportedOptimum, _ weights: Weights) throws(AllocationError) {
    self.problem = problem
    self.weights = weights
    let universe = weights.universe
    try problem.constraints.checkConcentration(over: universe)
    concentration = problem.constraints.concentration
    if let squares = concentration.first(where: { !$0.isLargest }) {
      throw .invalidValue(
        argument: "count of constraints named \(squares.name)", asset: nil, got: 1, allowed: 0...0)
    }
    var plain = problem.constraints
    plain.concentration = []
    var resolved = try plain.resolved(over: universe)
    resolved.rows += problem.rows.map(\.row)
    (split, furtherNames, _) = resolved.split()
    var owners = resolved.rows.map(\.name)
    var limits = resolved.absolute.map(\.name)[...]
    for row in split.rows.dropFirst(owners.count) {
      owners.append(limits.first ?? row.name)
      if row.name == limits.first { limits.removeFirst() }
    }
    self.owners = owners
    var linear = weights.values.map { _ in 0.0 }
    for part in problem.linear { for i in linear.indices { linear[i] += part.slopes[i] } }
    self.linear = linear
    try addPlanes(at: weights.values)
    guard planes.count == (problem.convex.isEmpty ? 0 : 1) + (problem.riskLimit == nil ? 0 : 1)
    else {
      throw .invalidValue(argument: "risk", asset: nil, got: .infinity, allowed: .finite)
    }
    func largest(_ slopes: [Double]) -> Double { slopes.reduce(0) { max($0, $1.magnitude) } }
    let most = planes.reduce(largest(linear)) { $1.isLimit ? $0 : max($0, largest($1.slopes)) }
    if most > 0 { scale = most }
    if let limit = planes.first(where: \.isLimit), largest(limit.slopes) > 0 {
      limitScale = largest(limit.slopes)
    }
    if let plane = planes.first(where: { !$0.isLimit }) { value = plane.value(weights.values) }
    if let plane = planes.first(where: \.isLimit), let bound = problem.riskLimit?.limit {
      let risk = plane.value(weights.values)
      let size = zip(plane.slopes, weights.values).reduce(0) { $0 + ($1.0 * $1.1).magnitude }
      limit = (bound - risk).magnitude <= Self.nearness * max(size, risk.magnitude) ? risk : bound
    }
    _ = try addCuts(at: weights.values)
  }

  // MARK: - Planes

  /// Adds the planes at a point.
  private mutating func addPlanes(at point: [Double]) throws(AllocationError) {
    func add(_ value: Double, _ parts: [[Double]], isLimit: Bool) {
      var slopes = point.map { _ in 0.0 }
      for part in parts { for i in slopes.indices { slopes[i] += part[i] } }
      guard value.isFinite, slopes.allSatisfy(\.isFinite) else { return }
      let product = zip(slopes, point).reduce(0) { $0 + $1.0 * $1.1 }
      planes.append(
        Plane(slopes: slopes, parts: parts, constant: value - product, isLimit: isLimit))
    }
    if !problem.convex.isEmpty {
      var (sum, parts) = (0.0, [[Double]]())
      for part in problem.convex {
        let (value, slopes) = try part.function(point)
        sum += value
        parts.append(slopes)
      }
      add(sum, parts, isLimit: false)
    }
    if let limit = problem.riskLimit {
      let (value, slopes) = try limit.function(point)
      add(value, [slopes], isLimit: true)
    }
  }

  /// Adds the rows of limits on the largest weights.
  ///
  /// - Returns: Whether a point exceeds one by more than rounding.
  private mutating func addCuts(at point: [Double]) throws(AllocationError) -> Bool {
    if concentration.isEmpty { return false }
    let portfolio = try Translation.weights(point, over: weights.universe)
    var isExceeded = false
    for (k, limit) in concentration.enumerated() {
      let (row, value) = limit.row(of: portfolio)
      if cuts.contains(where: { $0.row.name == row.name }) { continue }
      var coefficients = point.map { _ in 0.0 }
      for (asset, coefficient) in row.coefficients {
        if let i = weights.universe.position(of: asset) { coefficients[i] = coefficient }
      }
      cuts.append((k, LinearRow(row.name, coefficients: coefficients, upper: limit.limit)))
      isExceeded = isExceeded || value - limit.limit > Self.stillness * value
    }
    return isExceeded
  }

  /// The optimum beside the weights over enough planes.
  mutating func solution() throws(AllocationError) -> Solution<[Double]> {
    let w = weights.values
    let n = w.count
    var answer = try solve()
    var lastGap = Double.infinity
    for _ in 0..<Self.rounds {
      let point = Array(answer.value.prefix(n))
      let move = zip(point, w).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
      if move <= Self.stillness { break }
      let (before, known) = (planes.count, cuts.count)
      try addPlanes(at: point)
      let isExceeded = try addCuts(at: point)
      var gap = isExceeded && cuts.count > known ? Double.infinity : 0
      for plane in planes[before...] {
        let above =
          plane.isLimit
          ? (plane.value(point) - limit) / limitScale
          : plane.value(point) / scale - answer.value[n + furtherNames.count]
        gap = max(gap, above)
      }
      // Near rounding ever new planes change nothing.
      let isSlow = gap <= Self.nearAccuracy && gap > lastGap / 2
      lastGap = gap
      guard gap > Self.accuracy, !isSlow else {
        planes.removeLast(planes.count - before)
        cuts.removeLast(cuts.count - known)
        break
      }
      planes.removeAll { $0.age > Self.patience }
      answer = try solve()
    }
    return answer
  }

  /// The minimum of the planes beside the weights; row duals of constraints, planes, then cuts.
  private mutating func solve() throws(AllocationError) -> Solution<[Double]> {
    let w = weights.values
    let n = w.count
    let padding = furtherNames.map { _ in 0.0 }
    let height = !problem.convex.isEmpty ? [n + furtherNames.count] : []
    let further = planes.enumerated().map { k, plane in
      let unit = plane.isLimit ? limitScale : scale
      let slopes = plane.slopes.map { $0 / unit }
      return LinearRow(
        "supporting plane \(k)", indices: Array(0..<n) + (plane.isLimit ? [] : height),
        coefficients: slopes + (plane.isLimit ? [] : height.map { _ in -1 }),
        upper: ((plane.isLimit ? limit : 0) - plane.constant) / unit)
    }
    let program = try Translation.program(universe: weights.universe) {
      () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: .diagonal(w.map { _ in Self.curvature } + padding + height.map { _ in 0 }),
        linear: zip(linear, w).map { $0 / scale - Self.curvature * $1 } + padding
          + height.map { _ in 1 },
        lowerBounds: split.lower + height.map { _ in -.infinity },
        upperBounds: split.upper + height.map { _ in .infinity },
        rows: split.rows + further + cuts.map(\.row),
        variableNames: weights.universe.assets.map(\.rawValue) + furtherNames
          + height.map { _ in "height of the planes" }, convexity: .guaranteed)
    }
    let answer: Solution<[Double]>
    do throws(OptimizationError) {
      answer = try QuadraticSolver(settings: problem.settings).solve(program)
    } catch {
      throw Translation.translated(error, weights.universe)
    }
    switch answer.status {
    // Planes that are near each other may end it early; the forces are measured in the end.
    case .optimal, .almostOptimal, .stalled, .iterationLimit: break
    default:
      return try Translation.solution(
        of: program, universe: weights.universe, settings: problem.settings)
    }
    for k in planes.indices {
      planes[k].age = answer.duals.rows[split.rows.count + k] == 0 ? planes[k].age + 1 : 0
    }
    return answer
  }

  // MARK: - Forces

  /// The explanation by the dual values of the last program.
  func explanation(_ answer: Solution<[Double]>) throws(AllocationError) -> MarginalExplanation {
    let n = weights.values.count
    var forces = Forces(count: n, unit: problem.unit.magnitude)
    var missing = 0.0
    // Rows of planes are upper limits, whose dual values are negative.
    let shares = answer.duals.rows.dropFirst(split.rows.count).prefix(planes.count).map { -$0 }
    let risk = zip(planes, shares).filter { !$0.0.isLimit }
    let total = risk.reduce(0) { $0 + $1.1 }
    for (plane, share) in risk where share > 0 {
      for (part, slopes) in zip(problem.convex, plane.parts) {
        forces.add(part.source, slopes.map { $0 * share / total })
      }
      missing += share / total * (value - plane.value(weights.values))
    }
    var price = 0.0
    for (plane, share) in zip(planes, shares) where plane.isLimit && share > 0 {
      let dual = share * scale / limitScale
      price += dual
      if let limit = problem.riskLimit { forces.add(limit.source, plane.slopes.map { $0 * dual }) }
      missing += dual * (limit - plane.value(weights.values))
    }
    for part in problem.linear { forces.add(part.source, part.slopes) }
    let prices = add(answer, limitPrice: price, to: &forces)
    let residual = forces.residual
    let size = forces.size(at: weights.values)
    let relativeGap = size > 0 ? missing.magnitude / size : 0
    guard residual <= problem.tolerance, relativeGap <= problem.tolerance else {
      throw .notSolved(
        status: .stalled,
        certificate: Certificate(
          primalResidual: answer.certificate.primalResidual, dualResidual: residual,
          relativeGap: relativeGap, primalObjective: answer.certificate.primalObjective,
          dualObjective: answer.certificate.dualObjective, worstViolation: nil,
          iterations: planes.count))
    }
    return MarginalExplanation(
      weights: weights, terms: forces.terms, shadowPrices: prices, objective: problem.objective,
      residual: residual)
  }

  /// Whether slopes count beside the largest of what is minimized.
  private func isActive(_ slopes: [Double]) -> Bool {
    slopes.contains { $0.magnitude > Self.activityTolerance }
  }

  /// Adds the forces of constraints.
  ///
  /// - Returns: Their prices.
  private func add(
    _ answer: Solution<[Double]>,
    limitPrice: Double,
    to forces: inout Forces
  ) -> [PortfolioExplanation.ShadowPrice] {
    let n = weights.values.count
    let duals = answer.duals.rows
    var bounds = Array(answer.duals.bounds.prefix(n))
    var prices: [PortfolioExplanation.ShadowPrice] = []
    func add(_ name: String, _ limit: Double, _ dual: Double) {
      prices.append(
        .init(constraint: name, limit: limit, value: dual * scale * problem.unit))
    }
    for (k, row) in split.rows.enumerated() {
      var slopes = [Double](repeating: 0, count: n)
      for (i, a) in zip(row.indices, row.coefficients) where i < n { slopes[i] = -a * duals[k] }
      if let further = row.indices.last, further >= n, row.name != owners[k] {
        // A weight at its bound sells all that it may; what that holds back is the bound's.
        let excess = min(answer.duals.bounds[further], 0)
        bounds[row.indices[0]] -= excess
        slopes[row.indices[0]] -= excess
      }
      let isActive = isActive(slopes)
      if !row.isEquality && !isActive { continue }
      forces.add(.constraint(owners[k]), slopes.map { $0 * scale })
      if row.name == owners[k] {
        let limit = problem.constraints.absolute.first { $0.name == row.name }?.limit
        let further = problem.rows.first { $0.row.name == row.name }
        add(
          row.name, further?.setting ?? limit ?? (duals[k] < 0 ? row.upper : row.lower),
          duals[k] * (further?.rate ?? 1))
      }
    }
    var sums = concentration.map { _ in 0.0 }
    for (cut, dual) in zip(cuts, duals.dropFirst(split.rows.count + planes.count)) {
      var slopes = [Double](repeating: 0, count: n)
      for (i, a) in zip(cut.row.indices, cut.row.coefficients) { slopes[i] = -a * dual }
      guard isActive(slopes) else { continue }
      sums[cut.limit] += dual
      forces.add(.constraint(concentration[cut.limit].name), slopes.map { $0 * scale })
    }
    for (limit, sum) in zip(concentration, sums) where sum != 0 {
      add(limit.name, limit.limit, sum)
    }
    if let limit = problem.riskLimit, limitPrice > 0 {
      add(limit.name, limit.setting, -limitPrice * limit.rate / scale)
    }
    for i in bounds.indices {
      var slopes = [Double](repeating: 0, count: n)
      slopes[i] = -bounds[i]
      guard bounds[i] != 0, isActive(slopes) else { continue }
      let name = weights.universe.assets[i].rawValue
      forces.add(.constraint(name), slopes.map { $0 * scale })
      add(name, bounds[i] < 0 ? split.upper[i] : split.lower[i], bounds[i])
    }
    return prices
  }
}

/// Forces by source.
private struct Forces {
  private let count: Int
  /// What a unit less of what is minimized improves the objective by.
  private let unit: Double
  private(set) var terms: [MarginalExplanation.Term] = []

  init(count: Int, unit: Double) {
    self.count = count
    self.unit = unit
  }

  mutating func add(_ source: PortfolioExplanation.Source, _ slopes: [Double]) {
    let forces = slopes.map { $0 == 0 ? 0 : -unit * $0 }
    guard let k = terms.firstIndex(where: { $0.source == source }) else {
      terms.append(.init(source: source, forces: forces))
      return
    }
    terms[k] = .init(source: source, forces: zip(terms[k].forces, forces).map { $0 + $1 })
  }

  /// The largest sum relative to the largest force.
  var residual: Double {
    let size = terms.reduce(0) { $1.forces.reduce($0) { max($0, $1.magnitude) } }
    let sums = (0..<count).map { i in terms.reduce(0) { $0 + $1.forces[i] } }
    return size > 0 ? sums.reduce(0) { max($0, $1.magnitude) } / size : 0
  }

  /// What the forces weigh at some weights.
  func size(at weights: [Double]) -> Double {
    terms.reduce(0) { most, term in
      max(most, zip(term.forces, weights).reduce(0) { $0 + ($1.0 * $1.1).magnitude })
    }
  }
}
