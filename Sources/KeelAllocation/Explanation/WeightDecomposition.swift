// Goals: (1) terms that add up to each weight; (2) constraints that are not active leave no trace;
// (3) one factorization, and O(k²) for each asset at a bound with k free ones.
//
// The system and the meaning of its parts are stated at PortfolioExplanation. An asset j that is pinned
// meets the system through v = (P_Fj, A_j). With u_s the solution for part s of the right-hand side,
//
//   curvature_j = P_jj − v'K⁻¹v,   part_s of j = (rhs_s,j − v'u_s) / curvature_j
//
// is what asset j would hold if its own bound were lifted while all else stays active.

import KeelData
import KeelNumerics
import KeelOptimization

/// The split of a certified optimum into terms.
struct WeightDecomposition {
  typealias Source = PortfolioExplanation.Source

  /// A row that is active, in the order of the assets.
  private struct ActiveRow {
    let source: Source
    let coefficients: [Double]
    let limit: Double
    /// The dual value in units of the risk matrix.
    let price: Double
  }

  /// Dual values below this, relative to the terms of the gradient, are the tolerance of an optimum.
  private static let activityTolerance = 1e-9
  /// A curvature below this share of the variance is rounding: the free assets replicate the asset.
  private static let curvatureTolerance = 1e-10

  private let program: PortfolioProgram
  private let solution: Solution<[Double]>
  private let riskMatrix: SymmetricMatrix
  /// The expected returns in units of the risk matrix; nil for none.
  private let views: [Double]?
  /// Further expected returns in units of the risk matrix, such as prices of trades.
  private let adjustments: [(source: Source, values: [Double])]
  /// The unit of dual values.
  private let unit: Double
  /// Forces of bounds in units of the risk matrix.
  private var forces: [Double] = []
  /// The scale of the terms of the gradient.
  private var sizes: [Double] = []
  private var pinned: [(asset: Int, source: Source)] = []
  private var isPinned: [Bool] = []
  private var rows: [ActiveRow] = []
  private(set) var parts: [(source: Source, values: [Double])] = []

  /// Splits an optimum of `minimize 1/2 x'Px + q'x`.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - solution: Its optimum with dual values.
  ///   - riskMatrix: P / unit.
  ///   - views: −q / unit less the adjustments, or nil when there is no linear term.
  ///   - adjustments: Parts of −q / unit with sources of their own.
  ///   - unit: The unit of dual values.
  /// - Throws: ``AllocationError/notSolved(status:certificate:)`` where the system of the free assets
  ///   has no eigenvalues in double precision.
  init(
    _ program: PortfolioProgram,
    _ solution: Solution<[Double]>,
    riskMatrix: SymmetricMatrix,
    views: [Double]?,
    adjustments: [(source: Source, values: [Double])] = [],
    unit: Double
  ) throws(AllocationError) {
    self.program = program
    self.solution = solution
    self.riskMatrix = riskMatrix
    self.views = views
    self.adjustments = adjustments
    self.unit = unit
    measure()
    findPins()
    findRows()
    try split()
  }

  /// Whether a dual value counts beside the terms of the gradients that it enters.
  func isActive(_ dual: Double, _ coefficients: [Double]) -> Bool {
    coefficients.indices.contains {
      (coefficients[$0] * dual).magnitude > Self.activityTolerance * sizes[$0]
    }
  }

  /// The slope of a limit on distances in one weight; zero at the reference.
  private func slope(_ row: AbsoluteRow, _ i: Int) -> Double {
    let x = solution.value[i]
    let sign = x > row.reference[i] ? 1.0 : x < row.reference[i] ? -1 : 0
    return row.coefficients[i] * sign
  }

  /// The slope of the costs in one weight, in units of the risk matrix; zero at the reference.
  private func costSlope(_ i: Int) -> Double {
    (chargeSlope(i) + program.costs.curvedSlope(solution.value[i], i)) / unit
  }

  /// The slope of the costs that bend.
  private func chargeSlope(_ i: Int) -> Double {
    program.costs.charges.reduce(0) { $0 + $1.slope(solution.value[i], i) }
  }

  private mutating func measure() {
    let x = solution.value
    let duals = solution.duals.rows
    forces = program.plain.quadratic.times(x)
    sizes = forces.map(\.magnitude)
    for i in x.indices {
      forces[i] += program.plain.linear[i]
      sizes[i] += program.plain.linear[i].magnitude
    }
    func subtract(_ i: Int, _ term: Double) {
      forces[i] -= term
      sizes[i] += term.magnitude
    }
    for (row, dual) in zip(program.plain.rows, duals) {
      for (i, a) in zip(row.indices, row.coefficients) { subtract(i, a * dual) }
    }
    for (row, dual) in zip(program.absolute, duals.dropFirst(program.plain.rows.count)) {
      for i in x.indices { subtract(i, slope(row, i) * dual) }
    }
    for i in x.indices {
      subtract(i, -chargeSlope(i))
      sizes[i] = max(sizes[i], forces[i].magnitude)
      forces[i] /= unit
      sizes[i] /= unit
    }
  }

  private mutating func findPins() {
    let x = solution.value
    isPinned = [Bool](repeating: false, count: x.count)
    for i in x.indices {
      let (lower, upper) = (program.plain.lowerBounds[i], program.plain.upperBounds[i])
      guard lower == upper || forces[i].magnitude > Self.activityTolerance * sizes[i] else {
        continue
      }
      isPinned[i] = true
      pinned.append((i, pin(of: i)))
    }
  }

  /// What holds a weight where it is: a bound, costs that would have to be paid to leave the current
  /// weight, or a limit on distances.
  private func pin(of i: Int) -> Source {
    let name = program.universe.assets[i].rawValue
    let isFixed = program.plain.lowerBounds[i] == program.plain.upperBounds[i]
    if isFixed || solution.duals.bounds[i] != 0 { return .constraint(name) }
    let x = solution.value[i]
    let kink = program.absolute.first { $0.coefficients[i] > 0 && $0.reference[i] == x }
    let charges = program.costs.charges.filter { $0.reference[i] == x && $0.bend(i) > 0 }
    if !charges.isEmpty {
      let force = forces[i] * unit
      let rounding = Self.activityTolerance * sizes[i] * unit
      let (buying, selling) = charges.reduce((rounding, rounding)) {
        ($0.0 + $1.buying[i], $0.1 + $1.selling[i])
      }
      if (-force <= buying && force <= selling) || kink == nil { return .costs }
    }
    return .constraint(kink?.name ?? name)
  }

  private mutating func findRows() {
    let duals = solution.duals.rows
    let count = program.plain.linear.count
    for (k, row) in program.plain.rows.enumerated() {
      var coefficients = [Double](repeating: 0, count: count)
      for (i, a) in zip(row.indices, row.coefficients) { coefficients[i] = a }
      if !row.isEquality && !isActive(duals[k], coefficients) { continue }
      rows.append(
        ActiveRow(
          source: k == 0 ? .risk : .constraint(row.name), coefficients: coefficients,
          limit: duals[k] < 0 ? row.upper : row.lower, price: duals[k] / unit))
    }
    for (row, dual) in zip(program.absolute, duals.dropFirst(program.plain.rows.count))
    where isActive(dual, row.coefficients) {
      let coefficients = row.reference.indices.map { slope(row, $0) }
      var limit = row.limit
      for i in coefficients.indices { limit += coefficients[i] * row.reference[i] }
      rows.append(
        ActiveRow(
          source: .constraint(row.name), coefficients: coefficients, limit: limit,
          price: dual / unit))
    }
  }

  private mutating func split() throws(AllocationError) {
    let free = isPinned.indices.filter { !isPinned[$0] }
    guard
      let system = ActiveSystem(
        free: free, quadratic: riskMatrix, rows: rows.map(\.coefficients))
    else { throw .notSolved(status: .stalled, certificate: solution.certificate) }
    let order = free.count + rows.count
    var inputs: [(source: Source, asset: Int?, pulls: [Double]?, right: [Double])] = []
    for (k, row) in rows.enumerated() where row.limit != 0 {
      var right = [Double](repeating: 0, count: order)
      right[free.count + k] = row.limit
      inputs.append((row.source, nil, nil, right))
    }
    var parts = views.map { [(source: Source.views, values: $0)] } ?? []
    parts += adjustments
    if !program.costs.isEmpty {
      parts.append((.costs, solution.value.indices.map { -costSlope($0) }))
    }
    for part in parts {
      let right = free.map { part.values[$0] } + [Double](repeating: 0, count: rows.count)
      inputs.append((part.source, nil, part.values, right))
    }
    for (j, source) in pinned where solution.value[j] != 0 {
      let weight = solution.value[j]
      inputs.append((source, j, nil, border(j, free).map { -$0 * weight }))
    }
    let responses = inputs.map { system.solution($0.right) }
    for (input, response) in zip(inputs, responses) {
      for (p, i) in free.enumerated() { add(input.source, i, response[p]) }
    }
    let kernel = kernel(free, responses)
    for (p, i) in free.enumerated() where kernel[p] != 0 { add(.undetermined, i, kernel[p]) }
    for (j, source) in pinned {
      let border = border(j, free)
      let image = system.solution(border)
      let curvature = riskMatrix[j, j] - dot(border, image)
      guard curvature > Self.curvatureTolerance * riskMatrix[j, j] else {
        add(source, j, solution.value[j])
        continue
      }
      for (input, response) in zip(inputs, responses) where input.asset != j {
        var right = -dot(border, response)
        if let m = input.asset { right -= riskMatrix[j, m] * solution.value[m] }
        if let pulls = input.pulls { right += pulls[j] }
        add(input.source, j, right / curvature)
      }
      for (p, value) in kernel.enumerated() where value != 0 {
        let cause = p < free.count ? .undetermined : rows[p - free.count].source
        add(cause, j, -border[p] * value / curvature)
      }
      add(source, j, forces[j] / curvature)
    }
  }

  /// The part of weights and negative prices that the system leaves open; zero for rounding.
  ///
  /// Weights are open where there are several optima. Prices are open where active rows depend on each
  /// other on the free assets, such as a group whose members are all pinned: the price that the solver
  /// found then says what the row does to pinned assets.
  private func kernel(_ free: [Int], _ responses: [[Double]]) -> [Double] {
    var actual = free.map { solution.value[$0] }
    actual += rows.map { -$0.price }
    var kernel = actual
    for response in responses { for p in kernel.indices { kernel[p] -= response[p] } }
    for range in [0..<free.count, free.count..<kernel.count] {
      var size = 0.0
      for p in range { size = max(size, actual[p].magnitude) }
      for response in responses { for p in range { size = max(size, response[p].magnitude) } }
      for p in range where kernel[p].magnitude <= Self.activityTolerance * size { kernel[p] = 0 }
    }
    return kernel
  }

  /// How a pinned asset enters the equations of the free ones and of the rows.
  private func border(_ j: Int, _ free: [Int]) -> [Double] {
    free.map { riskMatrix[$0, j] } + rows.map { $0.coefficients[j] }
  }

  private mutating func add(_ source: Source, _ asset: Int, _ value: Double) {
    if let k = parts.firstIndex(where: { $0.source == source }) {
      parts[k].values[asset] += value
      return
    }
    var values = [Double](repeating: 0, count: solution.value.count)
    values[asset] = value
    parts.append((source, values))
  }
}

private func dot(_ left: [Double], _ right: [Double]) -> Double {
  var total = 0.0
  for i in left.indices { total += left[i] * right[i] }
  return total
}
