// Goals: (1) the same curve for any order of the assets; (2) a start near the largest return.
//
// Assets are taken in the order of their names and numbers are scaled by powers of two, so that a
// permutation of the assets changes nothing. The quadratic solver finds the optimum at a risk tolerance
// that is large, the walk makes it exact, rises to the portfolio of largest return (of least variance
// where it is not unique), and falls from there.

import KeelData
import KeelNumerics
import KeelOptimization

/// A frontier under any constraints, in scaled numbers.
struct ConstrainedFrontier {
  private let constraints: ResolvedConstraints
  private let covariance: SymmetricMatrix
  private let mean: [Double]
  private let limits: FrontierLimits
  /// The position of each asset in the caller's order.
  private let order: [Int]
  private(set) var units: FrontierUnits

  init(
    _ resolved: ResolvedConstraints,
    mean: [Double],
    covariance: Covariance
  ) throws(AllocationError) {
    let assets = covariance.universe.assets
    order = assets.indices.sorted { assets[$0] < assets[$1] }
    constraints = try resolved.reordered(order)
    limits = FrontierLimits(constraints)
    let low = mean.min() ?? 0
    let level = low + ((mean.max() ?? 0) - low) / 2
    let centered = order.map { mean[$0] - level }
    for (i, value) in centered.enumerated() where !value.isFinite {
      throw .invalidValue(
        argument: "expectedReturns", asset: constraints.universe.assets[i], got: mean[order[i]],
        allowed: .finite)
    }
    let meanScale = PowerOfTwo.scale(for: centered.reduce(0) { max($0, $1.magnitude) })
    self.mean = centered.map { $0 * meanScale }
    let matrix = covariance.matrix
    let scale = PowerOfTwo.scale(for: matrix.diagonal.reduce(0, max))
    let order = order
    let scaled = [Double](capacity: order.count * order.count) { output in
      for j in order {
        let column = matrix.column(j)
        for i in order { output.append(column[i] * scale) }
      }
    }
    self.covariance = SymmetricMatrix(lowerTriangleOf: scaled, order: order.count)
    units = FrontierUnits(covarianceScale: scale, meanScale: meanScale, level: level)
    units.budgetScale = limits.scales[0]
    units.rowScales = Array(limits.scales.dropFirst())
  }

  /// The corners from the largest return to the least variance, and what ended them early.
  ///
  /// - Parameter maximumSteps: The largest number of changes.
  /// - Returns: The corners in the caller's order of the assets.
  /// - Throws: ``AllocationError`` for constraints without a portfolio or a largest return.
  func turns(
    maximumSteps: Int
  ) throws(AllocationError) -> (turns: [CriticalLine.Turn], failure: CriticalLine.Failure?) {
    let (riskTolerance, guess, prices) = try start()
    var line = ConstrainedLine(
      covariance: covariance, mean: mean, limits: limits, maximumSteps: maximumSteps)
    let endless: Int?
    do throws(CriticalLine.Failure) {
      try line.begin(at: riskTolerance, near: guess, prices: prices)
      endless = try line.rise()
      if endless == nil {
        var turns = try line.fall()
        // Where rows leave the first portfolio no freedom, only dual values turn at first.
        while turns.count > 1 && turns[0].weights == turns[1].weights { turns.removeFirst() }
        return (turns.map(reordered), nil)
      }
    } catch {
      return ([reordered(line.here())], error)
    }
    throw .unbounded(asset: constraints.universe.assets[endless ?? 0])
  }

  /// An optimum at a large risk tolerance, with the dual values of its scaled rows, or else a feasible
  /// point.
  private func start() throws(AllocationError) -> (Double, [Double], [Double]) {
    // Weights turn for the last time where the variance of an asset is worth a difference of two means.
    let large = Double(limits.assetCount)
    for riskTolerance in [large, 1, large * large] {
      let program = try constraints.program(
        quadratic: .dense(covariance), linear: mean.map { -riskTolerance * $0 })
      do throws(AllocationError) {
        let solution = try program.solution(settings: QuadraticSolver.Settings())
        let prices = zip(solution.duals.rows, limits.scales).map { $0 / $1 }
        return (riskTolerance, solution.value, prices)
      } catch {
        guard case .notSolved = error else { throw error }
      }
    }
    let program = try constraints.program(
      quadratic: .dense(covariance), linear: [Double](repeating: 0, count: mean.count))
    let point = try program.feasiblePoint(settings: QuadraticSolver.Settings())
    return (large, point, [Double](repeating: 0, count: limits.rowCount))
  }

  /// A corner in the caller's order.
  private func reordered(_ turn: CriticalLine.Turn) -> CriticalLine.Turn {
    func inOrder(_ values: [Double]) -> [Double] {
      var result = values
      for (i, position) in order.enumerated() { result[position] = values[i] }
      return result
    }
    return CriticalLine.Turn(
      riskTolerance: turn.riskTolerance, weights: inOrder(turn.weights),
      product: inOrder(turn.product), multiplier: turn.multiplier, residual: turn.residual,
      entering: turn.entering.map { order[$0] }, leaving: turn.leaving.map { order[$0] },
      further: turn.further, activated: turn.activated, released: turn.released)
  }
}

extension ResolvedConstraints {
  /// The constraints with the assets in another order.
  ///
  /// - Parameter order: The present position of each asset.
  /// - Returns: The constraints over the reordered universe.
  /// - Throws: Never, for a permutation.
  func reordered(_ order: [Int]) throws(AllocationError) -> ResolvedConstraints {
    var place = order
    for (i, position) in order.enumerated() { place[position] = i }
    let sorted: Universe
    do throws(DataError) {
      sorted = try Universe(order.map { universe.assets[$0] })
    } catch {
      throw .universeMismatch(position: nil, left: nil, right: nil)
    }
    let rows = rows.map { row in
      let pairs = zip(row.indices.map { place[$0] }, row.coefficients).sorted { $0.0 < $1.0 }
      return LinearRow(
        row.name, indices: pairs.map(\.0), coefficients: pairs.map(\.1), lower: row.lower,
        upper: row.upper)
    }
    let absolute = absolute.map { row in
      AbsoluteRow(
        name: row.name, coefficients: order.map { row.coefficients[$0] },
        reference: order.map { row.reference[$0] }, limit: row.limit)
    }
    return ResolvedConstraints(
      universe: sorted, lower: order.map { lower[$0] }, upper: order.map { upper[$0] }, rows: rows,
      absolute: absolute)
  }
}
