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
/// minimum of Σ log-loss / T + λ Σ ((1 − ρ)/2 (c(k) s(k))² + ρ |c(k) s(k)|)
/// ```
///
/// Here s(k) is the standard deviation of feature k, λ the penalty and ρ the share of it that magnitudes have
/// (lasso; elastic net between the two), which leaves features out. The penalty is on the coefficients of
/// standardized features, so that no unit matters, and not on the intercept. Row t of the features must be known when its label is not: funding, flows and
/// liquidity up to t against what comes after t. See <doc:RegimePrediction>.
public struct LogisticRegimeModel: Hashable, Sendable, Codable {
  /// The intercept b.
  public let intercept: Double

  /// The coefficient of each feature, in its own unit; zero for one that does not vary.
  public let coefficients: [Double]

  /// The penalty λ it was fitted with.
  public let penalty: Double

  /// The share ρ of the penalty on magnitudes.
  public let lassoShare: Double

  /// The number of observations.
  public let observationCount: Int

  /// The minimum of the objective.
  public let objective: Double

  /// The largest derivative of the objective by the intercept or the coefficient of a standardized
  /// feature: zero at the minimum, which is then within `‖gradient‖² / 2λ(1 − ρ)` of the objective.
  ///
  /// With magnitudes, the residual of the conditions of Karush, Kuhn and Tucker: of a coefficient of zero what the
  /// derivative of the rest has beyond λρ.
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
  ///   - lassoShare: The share ρ of the penalty on magnitudes, from 0 to 1: in scikit-learn's terms `l1_ratio`. At
  ///     one, features that depend on each other linearly leave more than one minimum.
  /// - Returns: The model with its certificate.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidValue`,
  ///   `EstimationError.invalidReturn` for a feature with its column and row,
  ///   `EstimationError.tooFewObservations` when a label is missing,
  ///   `EstimationError.notRepresentable`.
  /// - Complexity: O(TK²) a step.
  public static func fit(
    features: Matrix,
    labels: [Bool],
    penalty: Double,
    lassoShare: Double = 0
  ) throws(EstimationError) -> LogisticRegimeModel {
    guard features.columnCount >= 1 else {
      throw .shapeMismatch(argument: "features", got: 0, required: 1)
    }
    guard labels.count == features.rowCount else {
      throw .shapeMismatch(argument: "labels", got: labels.count, required: features.rowCount)
    }
    guard penalty >= 0, penalty.isFinite else { throw .invalid("penalty", penalty, lowest: 0) }
    guard lassoShare >= 0, lassoShare <= 1 else {
      throw .invalid("lassoShare", lassoShare, lowest: 0, highest: 1)
    }
    if let (row, column) = features.firstNonFiniteElement {
      throw .invalidReturn(asset: nil, column: column, row: row, got: features[row, column])
    }
    let positives = labels.count { $0 }
    guard positives > 0, positives < labels.count else {
      throw .tooFewObservations(got: 0, required: 1)
    }
    var search = try LogisticSearch(
      features, labels, penalty: penalty, lassoShare: lassoShare)
    try search.run(until: maximumIterations)
    return try search.result()
  }

  init(
    intercept: Double,
    coefficients: [Double],
    penalty: Double,
    lassoShare: Double,
    observationCount: Int,
    objective: Double,
    largestGradient: Double,
    iterations: Int
  ) {
    self.intercept = intercept
    self.coefficients = coefficients
    self.penalty = penalty
    self.lassoShare = lassoShare
    self.observationCount = observationCount
    self.objective = objective
    self.largestGradient = largestGradient
    self.iterations = iterations
    isConverged = largestGradient <= Self.gradientTolerance
  }

  private enum CodingKeys: CodingKey {
    case intercept, coefficients, penalty, lassoShare, observationCount, objective
    case largestGradient, iterations
  }

  /// Reads a model and checks its numbers; whether it converged follows from them.
  ///
  /// - Parameter decoder: Where from.
  /// - Throws: What the decoder throws, `EstimationError.shapeMismatch` without coefficients,
  ///   `EstimationError.invalidValue` for numbers that no fit gives.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      intercept: try values.decode(Double.self, forKey: .intercept),
      coefficients: try values.decode([Double].self, forKey: .coefficients),
      penalty: try values.decode(Double.self, forKey: .penalty),
      lassoShare: try values.decodeIfPresent(Double.self, forKey: .lassoShare) ?? 0,
      observationCount: try values.decode(Int.self, forKey: .observationCount),
      objective: try values.decode(Double.self, forKey: .objective),
      largestGradient: try values.decode(Double.self, forKey: .largestGradient),
      iterations: try values.decode(Int.self, forKey: .iterations))
    guard !coefficients.isEmpty else {
      throw EstimationError.shapeMismatch(argument: "coefficients", got: 0, required: 1)
    }
    let checks: [(String, Double, Double, Double)] = [
      ("penalty", penalty, 0, .greatestFiniteMagnitude), ("lassoShare", lassoShare, 0, 1),
      ("observationCount", Double(observationCount), 2, Double(Int.max)),
      ("largestGradient", largestGradient, 0, .greatestFiniteMagnitude),
      ("iterations", Double(iterations), 0, Double(Self.maximumIterations)),
    ]
    for (name, value, least, most) in checks where !(value >= least && value <= most) {
      throw EstimationError.invalid(name, value, lowest: least, highest: most)
    }
    for value in coefficients + [intercept, objective] where !value.isFinite {
      throw EstimationError.invalid(
        "coefficients", value, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
  }

  /// Writes the model.
  ///
  /// - Parameter encoder: Where to.
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(intercept, forKey: .intercept)
    try values.encode(coefficients, forKey: .coefficients)
    try values.encode(penalty, forKey: .penalty)
    try values.encode(lassoShare, forKey: .lassoShare)
    try values.encode(observationCount, forKey: .observationCount)
    try values.encode(objective, forKey: .objective)
    try values.encode(largestGradient, forKey: .largestGradient)
    try values.encode(iterations, forKey: .iterations)
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
