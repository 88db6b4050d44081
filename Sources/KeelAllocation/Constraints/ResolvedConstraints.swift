// The one form in which every portfolio meets its constraints: numbers in the order of a universe.

import KeelData
import KeelNumerics
import KeelOptimization

/// Constraints in the order of a universe, the budget first among the rows.
struct ResolvedConstraints: Hashable, Sendable {
  let universe: Universe
  var lower: [Double]
  var upper: [Double]
  var rows: [LinearRow]
  var absolute: [AbsoluteRow]
  /// A limit on the sum of squares; nil for none.
  var squares: SquaresRow?

  /// The constraints of x = w − reference.
  ///
  /// - Parameter reference: One number an asset.
  /// - Returns: The constraints with every limit moved.
  func shifted(by reference: [Double]) -> ResolvedConstraints {
    var result = self
    for i in reference.indices {
      result.lower[i] -= reference[i]
      result.upper[i] -= reference[i]
      for k in absolute.indices { result.absolute[k].reference[i] -= reference[i] }
    }
    result.rows = rows.map { row in
      var value = 0.0
      var size = 0.0
      for (i, a) in zip(row.indices, row.coefficients) {
        value += a * reference[i]
        size += (a * reference[i]).magnitude
      }
      // What rounding leaves of a limit that the reference meets is no limit on x.
      let rounding = 4 * Double.ulpOfOne * size
      func moved(_ limit: Double) -> Double {
        (limit - value).magnitude <= rounding ? 0 : limit - value
      }
      return LinearRow(
        row.name, indices: row.indices, coefficients: row.coefficients, lower: moved(row.lower),
        upper: moved(row.upper))
    }
    return result
  }

  /// The program `minimize 1/2 x'Px + q'x` under these constraints.
  ///
  /// - Parameters:
  ///   - quadratic: The matrix P, known to be finite.
  ///   - convexity: Whether it is known to be positive semidefinite.
  ///   - linear: The vector q; nil for zero.
  ///   - costs: What is added to the objective.
  /// - Returns: The program.
  /// - Throws: ``AllocationError`` for names and limits that make no program.
  func program(
    quadratic: QuadraticTerm,
    convexity: QuadraticProgram.Convexity = .unproved,
    linear: [Double]?,
    costs: UtilityCosts = UtilityCosts()
  ) throws(AllocationError) -> PortfolioProgram {
    try PortfolioProgram(
      constraints: self, quadratic: quadratic, convexity: convexity, linear: linear,
      costs: costs)
  }

  /// The same constraints as bounds and rows alone, over n weights and m further variables.
  ///
  /// A weight that may lie on both sides of its reference is w = reference + b − s with purchases b
  /// and sales s of zero or more; s is the further variable, and b ≥ 0 a row:
  ///
  /// ```text
  /// s ≥ 0,   w + s ≥ reference,   Σ c (w − reference + 2 s) ≤ limit
  /// ```
  ///
  /// A weight whose bounds leave one side needs no further variable.
  ///
  /// - Returns: The constraints, the names of the further variables, and all that are not the caller's.
  func split() -> (constraints: ResolvedConstraints, names: [String], generated: GeneratedNames) {
    var result = self
    result.absolute = []
    var names: [String] = []
    var generated = GeneratedNames()
    for row in absolute {
      var indices: [Int] = []
      var coefficients: [Double] = []
      var further: [(index: Int, coefficient: Double)] = []
      var limit = row.limit
      for i in row.coefficients.indices where row.coefficients[i] > 0 {
        let (c, reference) = (row.coefficients[i], row.reference[i])
        let side = lower[i] >= reference ? 1.0 : upper[i] <= reference ? -1 : 0
        indices.append(i)
        coefficients.append(side < 0 ? -c : c)
        limit += side < 0 ? -c * reference : c * reference
        if side != 0 { continue }
        let variable = result.lower.count
        let name = "\(row.name): \(universe.assets[i])"
        result.lower.append(0)
        // More than all is not sold, and a finite bound lets a dual value prove something.
        result.upper.append(lower[i].isFinite ? reference - lower[i] : .infinity)
        names.append("\(name) sold")
        further.append((variable, 2 * c))
        generated.add(row: name, sold: "\(name) sold", of: universe.assets[i].rawValue)
        generated.splits.append(
          SplitWeight(
            asset: i, variable: variable, row: result.rows.count, reference: reference))
        result.rows.append(
          LinearRow(name, indices: [i, variable], coefficients: [1, 1], lower: reference))
      }
      result.rows.append(
        LinearRow(
          row.name, indices: indices + further.map(\.index),
          coefficients: coefficients + further.map(\.coefficient), upper: limit))
    }
    return (result, names, generated)
  }

  /// The constraints with bounds, where there are none, that the limits on distances imply with room to spare: the dual
  /// values of a solver prove nothing about weights without bounds.
  func boundedByDistances() -> ResolvedConstraints {
    var result = self
    for row in absolute {
      for i in row.coefficients.indices where row.coefficients[i] > 0 {
        let reach = 1 + 2 * row.limit / row.coefficients[i]
        if lower[i] == -.infinity {
          result.lower[i] = max(result.lower[i], min(row.reference[i] - reach, upper[i]))
        }
        if upper[i] == .infinity {
          result.upper[i] = min(result.upper[i], max(row.reference[i] + reach, lower[i]))
        }
      }
    }
    return result
  }

  /// The constraints with every weight inside a multiple of their own size.
  ///
  /// - Parameter reach: The multiple.
  /// - Returns: The constraints, and the assets that had a side without a bound.
  func boundedBySize(reach: Double) -> (constraints: ResolvedConstraints, open: [Int]) {
    let limits = lower + upper + rows.flatMap { [$0.lower, $0.upper] }
    let size = limits.reduce(1) { $1.isFinite ? max($0, $1.magnitude) : $0 }
    var result = self
    for i in lower.indices {
      result.lower[i] = max(lower[i], -reach * size)
      result.upper[i] = min(upper[i], reach * size)
    }
    return (result, lower.indices.filter { !lower[$0].isFinite || !upper[$0].isFinite })
  }

  /// What is sold at some weights, the further variables of ``split()``.
  func sold(_ weights: [Double]) -> [Double] {
    var result: [Double] = []
    for row in absolute {
      for i in row.coefficients.indices where row.coefficients[i] > 0 {
        let reference = row.reference[i]
        if lower[i] >= reference || upper[i] <= reference { continue }
        result.append(max(reference - weights[i], 0))
      }
    }
    return result
  }

  /// The error of a program under the constraints of ``split()`` in the caller's terms.
  ///
  /// - Parameters:
  ///   - error: The error.
  ///   - generated: The names that are not the caller's.
  ///   - settings: The limits of the search for what clashes.
  /// - Returns: The error.
  /// - Throws: ``AllocationError/infeasible(constraints:contradiction:)`` where no portfolio keeps the constraints.
  func translated(
    _ error: AllocationError,
    _ generated: GeneratedNames,
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> AllocationError {
    guard case .infeasible(let names, let contradiction) = error else { return error }
    // Where there are further variables, the search for any portfolio names what clashes.
    if !generated.isEmpty {
      let ones = [Double](repeating: 1, count: universe.count)
      _ = try program(quadratic: .diagonal(ones), convexity: .guaranteed, linear: nil)
        .feasiblePoint(settings: settings)
    }
    return .infeasible(
      constraints: generated.removed(from: names), contradiction: contradiction)
  }
}

/// A weight w = reference + b − s with the place of its row b ≥ 0 and of its variable s.
struct SplitWeight: Hashable, Sendable {
  let asset: Int
  let variable: Int
  let row: Int
  let reference: Double
}

/// Names of rows and variables that a caller does not know.
struct GeneratedNames: Hashable, Sendable {
  /// The weights that were split, for each limit on distances.
  var splits: [SplitWeight] = []
  private var rows: Set<String> = []
  /// The asset of which a variable is what is sold.
  private var sold: [String: String] = [:]

  var isEmpty: Bool { rows.isEmpty }

  /// Adds a row w + s ≥ reference and its variable s.
  mutating func add(row: String, sold variable: String, of asset: String) {
    rows.insert(row)
    sold[variable] = asset
  }

  /// The caller's names among some.
  func removed(from names: [String]) -> [String] {
    names.filter { !rows.contains($0) && sold[$0] == nil }
  }

  /// The dual values of the caller's rows and variables.
  func removed(from duals: Duals) -> Duals {
    if isEmpty { return duals }
    let rowIndices = duals.rowNames.indices.filter { !rows.contains(duals.rowNames[$0]) }
    let variables = duals.variableNames.indices.filter { sold[duals.variableNames[$0]] == nil }
    return Duals(
      rows: rowIndices.map { duals.rows[$0] }, bounds: variables.map { duals.bounds[$0] },
      rowNames: rowIndices.map { duals.rowNames[$0] },
      variableNames: variables.map { duals.variableNames[$0] })
  }

  /// What clashes in the caller's terms: where the most is sold, the weight is at its lower bound.
  func constraints(of proof: InfeasibilityProof) -> [String] {
    var result = removed(from: proof.constraints)
    for name in proof.constraints {
      guard let asset = sold[name], let multiplier = proof.multipliers[name], multiplier < 0,
        !result.contains(asset)
      else { continue }
      result.append(asset)
    }
    return result
  }
}

extension PortfolioConstraints {
  /// The constraints in the order of a universe.
  ///
  /// - Parameter universe: The assets.
  /// - Returns: Bounds, rows with the budget first, and limits on sums of distances.
  /// - Throws: ``AllocationError`` for unknown assets, numbers that are not finite, and limits on concentration.
  func resolved(over universe: Universe) throws(AllocationError) -> ResolvedConstraints {
    try refuseConcentration()
    return try resolvedApartFromConcentration(over: universe)
  }

  /// The same for a method that takes a limit on the sum of squares.
  func resolvedWithSquares(over universe: Universe) throws(AllocationError) -> ResolvedConstraints {
    try checkConcentration(over: universe)
    var result = try resolvedApartFromConcentration(over: universe)
    for constraint in concentration {
      guard constraint.measure == .squares, result.squares == nil else {
        throw .invalidValue(
          argument: "count of limits on squares", asset: nil, got: Double(concentration.count),
          allowed: 0...1)
      }
      result.squares = SquaresRow(
        name: constraint.name, limit: constraint.limit, position: result.rows.count)
    }
    return result
  }

  private func resolvedApartFromConcentration(
    over universe: Universe
  ) throws(AllocationError) -> ResolvedConstraints {
    let (lower, upper) = try resolvedBounds(over: universe)
    let rows = try resolvedLinearRows(over: universe)
    var absolute: [AbsoluteRow] = []
    for constraint in self.absolute { absolute.append(try constraint.resolved(over: universe)) }
    return ResolvedConstraints(
      universe: universe, lower: lower, upper: upper, rows: rows, absolute: absolute)
  }
}
