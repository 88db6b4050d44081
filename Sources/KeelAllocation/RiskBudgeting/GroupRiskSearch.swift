// Goals: (1) zeros and multipliers exact to the last bits; (2) an end for every input; (3) few quadratic
// programs.
//
// Newton's method for minimize 1/2 w'Σw − Σ b_g ln W_g over w ≥ 0, whose steps are quadratic programs; after
// each the variance is brought to one, which it is at the solution.

import KeelData
import KeelNumerics
import KeelOptimization
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The weights at which each budget line has its share of the variance, in any scale.
struct GroupRiskSearch {
  private let covariance: Covariance
  private let lines: RiskBudgetLines
  private let settings: QuadraticSolver.Settings
  /// The unit of each asset's number, the same in a line.
  private let units: [Double]
  /// The weights in these units.
  private var x: [Double]
  private(set) var iterations = 0

  /// Newton's step after one of this relative size is exact to rounding.
  private static let lastStep = 1e-8
  private static let maximumSteps = 100

  /// Starts at inverse variances inside the lines; deviations are positive.
  init(
    _ covariance: Covariance,
    lines: RiskBudgetLines,
    settings: QuadraticSolver.Settings
  ) {
    self.covariance = covariance
    self.lines = lines
    self.settings = settings
    let deviations = covariance.standardDeviations
    var least = [Double](repeating: .infinity, count: lines.shares.count)
    for (i, line) in lines.lineOfAsset.enumerated() {
      least[line] = min(least[line], deviations[i])
    }
    let parts = lines.lineOfAsset.enumerated().map { i, line in
      (least[line] / deviations[i]) * (least[line] / deviations[i])
    }
    // Uncorrelated assets in these proportions have the variance least² times the sum.
    let sums = lines.sums(parts)
    units = lines.lineOfAsset.map { (lines.shares[$0] * sums[$0]).squareRoot() / least[$0] }
    x = zip(parts, lines.lineOfAsset).map { $0 / sums[$1] }
  }

  /// The weights.
  var weights: [Double] { zip(x, units).map { $0 * $1 } }

  /// Finds the weights.
  mutating func run() throws(AllocationError) {
    for _ in 0..<Self.maximumSteps {
      try normalize()
      let sums = lines.sums(x)
      let point = try newtonPoint(sums)
      iterations += 1
      let change = zip(point, x).map { $0 - $1 }
      let moves = zip(lines.sums(change), sums).map { $0 / $1 }
      let pushed = product(change)
      let curvature = zip(change, pushed).reduce(0) { $0 + $1.0 * $1.1 }
      // The variance is one. Weights that move without effect on it do not count.
      if moves.allSatisfy({ $0.magnitude <= Self.lastStep }),
        curvature <= Self.lastStep * Self.lastStep
      {
        x = point
        return
      }
      let slope = zip(product(x), change).reduce(0) { $0 + $1.0 * $1.1 }
      let length = length(slope: slope, curvature: curvature, moves: moves)
      for i in x.indices { x[i] += length * change[i] }
    }
    throw unattainable
  }

  private var unattainable: AllocationError {
    .riskBudgetUnattainable(
      asset: Translation.largest(weights, covariance.universe),
      reason: .vanishingRisk(error: .infinity))
  }

  /// Brings the variance to one.
  private mutating func normalize() throws(AllocationError) {
    let variance = zip(x, product(x)).reduce(0) { $0 + $1.0 * $1.1 }
    guard variance > 0, variance.isFinite else { throw unattainable }
    let root = variance.squareRoot()
    for i in x.indices { x[i] /= root }
  }

  private func product(_ values: [Double]) -> [Double] {
    let products = covariance.product(with: zip(values, units).map { $0 * $1 })
    return zip(products, units).map { $0 * $1 }
  }

  /// The minimum of the quadratic model over x ≥ 0.
  private func newtonPoint(_ sums: [Double]) throws(AllocationError) -> [Double] {
    let curvatures = zip(lines.shares, sums).map { $0 / ($1 * $1) }
    let hessian = try hessian(curvatures)
    let pull = lines.lineOfAsset.map { -2 * lines.shares[$0] / sums[$0] }
    let universe = covariance.universe
    let program = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: hessian, linear: pull,
        lowerBounds: [Double](repeating: 0, count: pull.count),
        variableNames: universe.assets.map(\.rawValue), convexity: covariance.convexity)
    }
    return try Translation.solution(of: program, universe: universe, settings: settings).value
  }

  /// The covariance in the units, and the curvatures of the lines.
  private func hessian(_ curvatures: [Double]) throws(AllocationError) -> QuadraticTerm {
    let n = x.count
    guard case .factor(let parts) = covariance.form else {
      let matrix = covariance.matrix
      let elements = [Double](capacity: n * n) { output in
        for j in 0..<n {
          let column = matrix.column(j)
          for i in 0..<n {
            let line = lines.lineOfAsset[i]
            let shared = line == lines.lineOfAsset[j] ? curvatures[line] : 0
            output.append(column[i] * units[i] * units[j] + shared)
          }
        }
      }
      return .dense(SymmetricMatrix(lowerTriangleOf: elements, order: n))
    }
    // A line is one more factor.
    let (k, count) = (parts.factorCovariance.order, curvatures.count)
    var loadings = (0..<k).flatMap { factor -> [Double] in
      let column = parts.loadings.column(factor)
      return (0..<n).map { column[$0] * units[$0] }
    }
    for line in 0..<count { loadings += lines.lineOfAsset.map { $0 == line ? 1 : 0 } }
    let variances = [Double](capacity: (k + count) * (k + count)) { output in
      for j in 0..<(k + count) {
        for i in 0..<(k + count) {
          output.append(
            i < k && j < k ? parts.factorCovariance[i, j] : i == j ? curvatures[i - k] : 0)
        }
      }
    }
    let matrix = try Translation.matrix(loadings, rowCount: n, columnCount: k + count)
    return .factor(
      try Translation.term(universe: covariance.universe) { () throws(OptimizationError) in
        try FactorTerm(
          loadings: matrix,
          factorCovariance: SymmetricMatrix(lowerTriangleOf: variances, order: k + count),
          specificVariances: zip(parts.specificVariances, units).map { $0 * $1 * $1 })
      })
  }

  /// The part of a step that reduces the objective enough; `moves` are relative.
  private func length(slope: Double, curvature: Double, moves: [Double]) -> Double {
    let sufficientPart = 1e-4
    let leastLength = 1e-10
    let descent = slope - zip(lines.shares, moves).reduce(0) { $0 + $1.0 * $1.1 }
    var length = 1.0
    while length > leastLength {
      // The change of the objective, without the cancellation of its two values.
      var value = length * slope + length * length * curvature / 2
      for (share, move) in zip(lines.shares, moves) { value -= share * log1p(length * move) }
      // Equality in sight of the minimum is rounding.
      if value <= sufficientPart * length * descent || value.magnitude <= 1e-14 { return length }
      length /= 2
    }
    return length
  }
}
