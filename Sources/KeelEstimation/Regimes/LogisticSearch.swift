// Goals in order: the minimum with a certificate, scale equivariance in each feature, speed.
//
// Newton's method (iteratively reweighted least squares) with steps halved until the objective falls. A quadratic
// penalty makes the objective strictly convex in the coefficients, so that labels which a plane separates
// have a minimum too; with a penalty on magnitudes the step is that of LassoStep (J. Lee, Y. Sun, M. Saunders,
// Proximal Newton-type methods for minimizing composite functions, SIAM J. Optimization 24, 2014).

import KeelLinearAlgebra
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Newton's method on standardized features.
struct LogisticSearch {
  private let penalty: Double
  private let lassoShare: Double

  /// The penalty on half the squares of the coefficients.
  private let ridge: Double

  /// The penalty on their magnitudes.
  private let lasso: Double
  private let labels: [Bool]

  /// T × (K + 1): standardized features, and ones.
  private let design: Matrix
  private let centers: [Double]

  /// One over the standard deviation; zero for a feature that does not vary.
  private let inverseScales: [Double]

  private var point: [Double]
  private var objective: Double
  private var gradient: [Double] = []
  private var iterations = 0

  /// The share of the predicted fall that a step must bring (Armijo).
  private static let sufficientFall = 1e-4

  /// 2^−40 of a step is rounding.
  private static let maximumHalvings = 40

  /// What is added to a curvature that is not positive definite, as a share of its largest element,
  /// to begin with.
  private static let leastLift = 1e-12

  init(
    _ features: Matrix, _ labels: [Bool], penalty: Double, lassoShare: Double
  ) throws(EstimationError) {
    self.penalty = penalty
    self.lassoShare = lassoShare
    ridge = penalty * (1 - lassoShare)
    lasso = penalty * lassoShare
    self.labels = labels
    let rowCount = features.rowCount
    var columns: [[Double]] = []
    var centers: [Double] = []
    var inverses: [Double] = []
    for j in 0..<features.columnCount {
      let column = (0..<rowCount).map { features[$0, j] }
      let series = try StandardizedSeries(series: column, argument: "features", minimumCount: 1)
      let squares = series.values.reduce(0) { $0 + $1 * $1 }
      let deviation = (squares / Double(rowCount)).squareRoot()
      columns.append(series.values.map { deviation > 0 ? $0 / deviation : 0 })
      centers.append(StandardizedSeries.times(series.center, series.exponent))
      inverses.append(
        deviation > 0 ? StandardizedSeries.times(1 / deviation, -series.exponent) : 0)
    }
    columns.append([Double](repeating: 1, count: rowCount))
    do throws(NumericsError) {
      design = try Matrix(columns: columns)
    } catch {
      throw .notRepresentable(result: "features")
    }
    self.centers = centers
    inverseScales = inverses
    let share = Double(labels.count { $0 }) / Double(labels.count)
    point = [Double](repeating: 0, count: columns.count)
    point[columns.count - 1] = log(share / (1 - share))
    objective = 0
    objective = value(at: point)
  }

  private var count: Double { Double(labels.count) }

  private func logOdds(at point: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: labels.count)
    for (j, coefficient) in point.enumerated() where coefficient != 0 {
      let column = design.column(j)
      for t in column.indices { result[t] += coefficient * column[t] }
    }
    return result
  }

  private func value(at point: [Double]) -> Double {
    var sum = 0.0
    for (odds, label) in zip(logOdds(at: point), labels) {
      sum += LogisticRegimeModel.logLoss(logOdds: odds, label: label)
    }
    let value = sum / count + ridge / 2 * point.dropLast().reduce(0) { $0 + $1 * $1 }
    return lasso > 0 ? value + lasso * magnitude(of: point) : value
  }

  private func magnitude(of point: [Double]) -> Double {
    point.dropLast().reduce(0) { $0 + $1.magnitude }
  }

  /// How far each coordinate is from its condition of a minimum: with a penalty on magnitudes the derivative of
  /// the rest must be its opposite, and for a zero no larger.
  private func residuals(_ slope: [Double], at point: [Double]) -> [Double] {
    guard lasso > 0 else { return slope }
    return point.indices.map { j in
      if j == point.count - 1 { return slope[j] }
      if point[j] == 0 { return max(slope[j].magnitude - lasso, 0) }
      return slope[j] + (point[j] > 0 ? lasso : -lasso)
    }
  }

  /// The derivatives of the part without magnitudes.
  private func slope(at point: [Double], _ odds: [Double]) -> [Double] {
    // p − 1 for a true label, as minus the probability of the other one.
    let residuals = zip(odds, labels).map { odds, label in
      label
        ? -LogisticRegimeModel.probability(logOdds: -odds)
        : LogisticRegimeModel.probability(logOdds: odds)
    }
    return point.indices.map { j in
      let column = design.column(j)
      var sum = 0.0
      for t in column.indices { sum += residuals[t] * column[t] }
      return sum / count + (j < point.count - 1 ? ridge * point[j] : 0)
    }
  }

  mutating func run(until limit: Int) throws(EstimationError) {
    while true {
      let odds = logOdds(at: point)
      gradient = slope(at: point, odds)
      let isMinimum = residuals(gradient, at: point).allSatisfy { $0.magnitude <= .ulpOfOne }
      guard !isMinimum, iterations < limit else { return }
      let step = try direction(odds)
      var fall = zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }
      if lasso > 0 {
        let end = zip(point, step).map { $0 + $1 }
        fall += lasso * (magnitude(of: end) - magnitude(of: point))
      }
      var length = 1.0
      var isBetter = false
      for _ in 0..<Self.maximumHalvings {
        let trial = zip(point, step).map { $0 + length * $1 }
        let value = value(at: trial)
        if value <= objective + Self.sufficientFall * length * fall {
          // Where rounding decides, only what falls counts: the search must end.
          isBetter = value < objective
          if isBetter || smaller(trial) { (point, objective, isBetter) = (trial, value, true) }
          break
        }
        length /= 2
      }
      // At the rounding of the objective one step more may still lessen the gradient.
      if !isBetter {
        let trial = zip(point, step).map { $0 + $1 }
        guard smaller(trial) else { return }
        (point, objective) = (trial, value(at: trial))
      }
      iterations += 1
    }
  }

  /// Whether a point has residuals of less than half.
  private func smaller(_ trial: [Double]) -> Bool {
    let before = residuals(gradient, at: point).reduce(0) { max($0, $1.magnitude) }
    let after = residuals(slope(at: trial, logOdds(at: trial)), at: trial)
    return after.allSatisfy { $0.magnitude < before / 2 }
  }

  /// Newton's step.
  private func direction(_ odds: [Double]) throws(EstimationError) -> [Double] {
    let roots = odds.map { odds in
      let power = exp(-odds.magnitude)
      return (power / count).squareRoot() / (1 + power)
    }
    var weighted = design
    for j in 0..<design.columnCount {
      for t in roots.indices { weighted[t, j] *= roots[t] }
    }
    let negative = gradient.map { -$0 }
    do throws(LinearAlgebraError) {
      var curvature = try weighted.gram()
      for j in 0..<(curvature.order - 1) { curvature[j, j] += ridge }
      if lasso > 0 {
        return LassoStep(
          curvature: curvature, gradient: gradient, point: point, penalty: lasso
        ).direction
      }
      var lift = 0.0
      while true {
        do throws(LinearAlgebraError) {
          return try Cholesky(curvature).solve(negative)
        } catch {
          let largest = curvature.diagonal.reduce(.leastNormalMagnitude, max)
          lift = max(10 * lift, Self.leastLift)
          guard lift < 1 else { throw error }
          for j in 0..<curvature.order { curvature[j, j] += lift * largest }
        }
      }
    } catch {
      throw .notRepresentable(result: "coefficients")
    }
  }

  func result() throws(EstimationError) -> LogisticRegimeModel {
    let coefficients = zip(point, inverseScales).map { $0 * $1 }
    let intercept = zip(coefficients, centers).reduce(point[point.count - 1]) {
      $0 - $1.0 * $1.1
    }
    guard coefficients.allSatisfy(\.isFinite), intercept.isFinite, objective.isFinite else {
      throw .notRepresentable(result: "coefficients")
    }
    return LogisticRegimeModel(
      intercept: intercept, coefficients: coefficients, penalty: penalty, lassoShare: lassoShare,
      observationCount: labels.count, objective: objective,
      largestGradient: residuals(gradient, at: point).reduce(0) { max($0, $1.magnitude) },
      iterations: iterations)
  }
}
