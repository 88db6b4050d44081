// Goals in order: the minimum with a certificate, scale equivariance in each feature, speed.
//
// Newton's method (iteratively reweighted least squares) with steps halved until the objective falls.
// The penalty makes the objective strictly convex in the coefficients, so that labels which a plane
// separates have a minimum too.

import KeelLinearAlgebra
public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The probability of a regime from features that are known before: regularized logistic regression.
///
/// ```text
/// P(label | x) = 1 / (1 + exp(−b − c'x))
/// minimum of Σ log-loss / T + λ/2 Σ (c(k) s(k))²,   s(k) the standard deviation of feature k
/// ```
///
/// The penalty is on the coefficients of standardized features, so that no unit matters, and not on
/// the intercept. Row t of the features must be known when its label is not: funding, flows and
/// liquidity up to t against what comes after t. See <doc:RegimePrediction>.
public struct LogisticRegimeModel: Hashable, Sendable, Codable {
  /// The intercept b.
  public let intercept: Double

  /// The coefficient of each feature, in its own unit; zero for one that does not vary.
  public let coefficients: [Double]

  /// The penalty λ it was fitted with.
  public let penalty: Double

  /// The number of observations.
  public let observationCount: Int

  /// The minimum of the objective.
  public let objective: Double

  /// The largest derivative of the objective by the intercept or the coefficient of a standardized
  /// feature: zero at the minimum, which is then within `‖gradient‖² / 2λ` of the objective.
  public let largestGradient: Double

  /// The number of Newton steps.
  public let iterations: Int

  /// Whether the largest derivative is within the tolerance.
  public let isConverged: Bool

  /// The largest derivative that ends the fit: the objective is of the order of one.
  public static let gradientTolerance = 1e-10

  /// The largest number of Newton steps; ten are usual.
  public static let maximumIterations = 200

  /// Fits a model.
  ///
  /// - Parameters:
  ///   - features: T × K finite numbers, K at least 1.
  ///   - labels: T labels, with both values among them.
  ///   - penalty: The penalty λ, not negative: in scikit-learn's terms `1 / (C T)`. At zero a minimum
  ///     need not exist: `isConverged` is then false.
  /// - Returns: The model with its certificate.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidValue`,
  ///   `EstimationError.invalidReturn` for a feature with its column and row,
  ///   `EstimationError.tooFewObservations` when a label is missing,
  ///   `EstimationError.notRepresentable`.
  /// - Complexity: O(TK²) a step.
  public static func fit(
    features: Matrix,
    labels: [Bool],
    penalty: Double
  ) throws(EstimationError) -> LogisticRegimeModel {
    guard features.columnCount >= 1 else {
      throw .shapeMismatch(argument: "features", got: 0, required: 1)
    }
    guard labels.count == features.rowCount else {
      throw .shapeMismatch(argument: "labels", got: labels.count, required: features.rowCount)
    }
    guard penalty >= 0, penalty.isFinite else { throw .invalid("penalty", penalty, lowest: 0) }
    if let (row, column) = features.firstNonFiniteElement {
      throw .invalidReturn(asset: nil, column: column, row: row, got: features[row, column])
    }
    let positives = labels.count { $0 }
    guard positives > 0, positives < labels.count else {
      throw .tooFewObservations(got: 0, required: 1)
    }
    var search = try LogisticSearch(features, labels, penalty)
    try search.run(until: maximumIterations)
    return try search.result()
  }

  init(
    intercept: Double,
    coefficients: [Double],
    penalty: Double,
    observationCount: Int,
    objective: Double,
    largestGradient: Double,
    iterations: Int
  ) {
    self.intercept = intercept
    self.coefficients = coefficients
    self.penalty = penalty
    self.observationCount = observationCount
    self.objective = objective
    self.largestGradient = largestGradient
    self.iterations = iterations
    isConverged = largestGradient <= Self.gradientTolerance
  }

  /// The logarithm of the odds of a row.
  ///
  /// - Parameter features: K numbers.
  /// - Returns: `b + c'x`; NaN for NaN.
  /// - Throws: `EstimationError.shapeMismatch`.
  public func logOdds(of features: [Double]) throws(EstimationError) -> Double {
    guard features.count == coefficients.count else {
      throw .shapeMismatch(
        argument: "features", got: features.count, required: coefficients.count)
    }
    return zip(features, coefficients).reduce(intercept) { $0 + $1.0 * $1.1 }
  }

  /// The probability that the label of a row is true.
  ///
  /// - Parameter features: K numbers.
  /// - Returns: The probability; NaN for NaN.
  /// - Throws: `EstimationError.shapeMismatch`.
  public func probability(of features: [Double]) throws(EstimationError) -> Double {
    Self.probability(logOdds: try logOdds(of: features))
  }

  /// The probability that the label of each row is true.
  ///
  /// - Parameter features: T × K numbers.
  /// - Returns: T probabilities; NaN for NaN.
  /// - Throws: `EstimationError.shapeMismatch`.
  public func probabilities(of features: Matrix) throws(EstimationError) -> [Double] {
    var result: [Double] = []
    for row in 0..<features.rowCount {
      result.append(try probability(of: features.row(row)))
    }
    return result
  }

  static func probability(logOdds: Double) -> Double {
    // The exponential of a negative number: no overflow, and small probabilities keep their digits.
    let power = exp(-logOdds.magnitude)
    return logOdds < 0 ? power / (1 + power) : 1 / (1 + power)
  }

  /// The loss `−ln P(label)` of a row, without cancellation.
  static func logLoss(logOdds: Double, label: Bool) -> Double {
    let margin = label ? logOdds : -logOdds
    return max(-margin, 0) + log1p(exp(-margin.magnitude))
  }
}

/// Newton's method on standardized features.
private struct LogisticSearch {
  private let penalty: Double
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

  init(_ features: Matrix, _ labels: [Bool], _ penalty: Double) throws(EstimationError) {
    self.penalty = penalty
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
    return sum / count + penalty / 2 * point.dropLast().reduce(0) { $0 + $1 * $1 }
  }

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
      return sum / count + (j < point.count - 1 ? penalty * point[j] : 0)
    }
  }

  mutating func run(until limit: Int) throws(EstimationError) {
    while true {
      let odds = logOdds(at: point)
      gradient = slope(at: point, odds)
      let isMinimum = gradient.allSatisfy { $0.magnitude <= .ulpOfOne }
      guard !isMinimum, iterations < limit else { return }
      let step = try direction(odds)
      let fall = zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }
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

  /// Whether a point has a gradient of less than half.
  private func smaller(_ trial: [Double]) -> Bool {
    let before = gradient.reduce(0) { max($0, $1.magnitude) }
    let after = slope(at: trial, logOdds(at: trial)).reduce(0) { max($0, $1.magnitude) }
    return after < before / 2
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
      for j in 0..<(curvature.order - 1) { curvature[j, j] += penalty }
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
      intercept: intercept, coefficients: coefficients, penalty: penalty,
      observationCount: labels.count, objective: objective,
      largestGradient: gradient.reduce(0) { max($0, $1.magnitude) }, iterations: iterations)
  }
}
