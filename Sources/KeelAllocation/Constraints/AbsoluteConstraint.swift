public import KeelData
import KeelNumerics

/// A named limit on a sum of distances: turnover from current weights, gross exposure, long or short positions.
///
/// ```text
/// Σ coefficient_i |w_i − reference_i| ≤ limit
/// ```
///
/// Its dual value is the derivative of the least objective with respect to the limit, zero or
/// negative.
public struct AbsoluteConstraint: Hashable, Sendable {
  /// The name that ``turnover(from:limit:)`` gives.
  public static let turnoverName = "turnover"

  /// The name that ``gross(limit:)`` gives.
  public static let grossName = "gross exposure"

  /// The name that ``totalLong(limit:net:)`` gives.
  public static let totalLongName = "total long"

  /// The name that ``totalShort(limit:net:)`` gives.
  public static let totalShortName = "total short"

  /// The name, different from that of assets and other constraints.
  public let name: String

  /// The weights from which distances are taken; nil for zero.
  public let reference: Weights?

  /// The coefficient of each asset that counts, zero or more; nil for 1 for every asset.
  public let coefficients: [AssetID: Double]?

  /// The largest sum, zero or more.
  public let limit: Double

  /// Creates a limit on a sum of distances.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of assets and other constraints.
  ///   - reference: The weights from which distances are taken; nil for zero.
  ///   - coefficients: The coefficient of each asset that counts, such as its proportional cost;
  ///     nil for 1 for every asset.
  ///   - limit: The largest sum, as a fraction of the portfolio when the coefficients are 1.
  public init(
    _ name: String,
    reference: Weights? = nil,
    coefficients: [AssetID: Double]? = nil,
    limit: Double
  ) {
    self.name = name
    self.reference = reference
    self.coefficients = coefficients
    self.limit = limit
  }

  /// A limit on what is bought plus what is sold, both as fractions of the portfolio.
  ///
  /// - Parameters:
  ///   - current: The weights before trading.
  ///   - limit: The largest Σ |w − current|: 0.2 allows to sell 10 % and to buy 10 %.
  /// - Returns: The constraint, named ``turnoverName``.
  public static func turnover(from current: Weights, limit: Double) -> AbsoluteConstraint {
    AbsoluteConstraint(turnoverName, reference: current, limit: limit)
  }

  /// A limit on long plus short positions.
  ///
  /// - Parameter limit: The largest Σ |w|: with a budget of 1, 1.6 allows 30 % of short positions.
  /// - Returns: The constraint, named ``grossName``.
  public static func gross(limit: Double) -> AbsoluteConstraint {
    AbsoluteConstraint(grossName, limit: limit)
  }

  /// A limit on the sum of the long positions, beside a fixed sum of the weights.
  ///
  /// ```text
  /// Σ max(w, 0) = (Σ |w| + net) / 2 ≤ limit   where   Σ |w| ≤ 2 limit − net
  /// ```
  ///
  /// As a limit on the gross exposure it costs no variables of its own. Its ``AbsoluteConstraint/limit`` and its dual value
  /// are those of the gross exposure: the derivative with respect to the total long is twice the dual value.
  ///
  /// - Parameters:
  ///   - limit: The largest Σ max(w, 0), as a fraction of the portfolio; below the net exposure nothing satisfies it.
  ///   - net: The sum of the weights, ``PortfolioConstraints/budget``.
  /// - Returns: The constraint, named ``totalLongName``.
  public static func totalLong(limit: Double, net: Double) -> AbsoluteConstraint {
    AbsoluteConstraint(totalLongName, limit: 2 * limit - net)
  }

  /// A limit on the sum of the short positions, beside a fixed sum of the weights.
  ///
  /// ```text
  /// Σ max(−w, 0) = (Σ |w| − net) / 2 ≤ limit   where   Σ |w| ≤ net + 2 limit
  /// ```
  ///
  /// As a limit on the gross exposure it costs no variables of its own. Its ``AbsoluteConstraint/limit`` and its dual value
  /// are those of the gross exposure: the derivative with respect to the total short is twice the dual value.
  ///
  /// - Parameters:
  ///   - limit: The largest Σ max(−w, 0), as a fraction of the portfolio: 0.3 allows 30 % of short positions.
  ///   - net: The sum of the weights, ``PortfolioConstraints/budget``.
  /// - Returns: The constraint, named ``totalShortName``.
  public static func totalShort(limit: Double, net: Double) -> AbsoluteConstraint {
    AbsoluteConstraint(totalShortName, limit: net + 2 * limit)
  }
}

/// An ``AbsoluteConstraint`` in the order of a universe.
struct AbsoluteRow: Hashable, Sendable {
  let name: String
  let coefficients: [Double]
  var reference: [Double]
  let limit: Double

  /// The sum of the distances.
  func value(_ x: [Double]) -> Double {
    x.indices.reduce(0) { $0 + coefficients[$1] * (x[$1] - reference[$1]).magnitude }
  }
}

extension AbsoluteConstraint {
  /// The constraint in the order of a universe.
  func resolved(over universe: Universe) throws(AllocationError) -> AbsoluteRow {
    guard limit >= 0, limit.isFinite else {
      throw .invalidValue(argument: name, asset: nil, got: limit, allowed: .nonnegative)
    }
    if let reference { try Translation.requireEqual(reference.universe, universe) }
    var values = [Double](repeating: coefficients == nil ? 1 : 0, count: universe.count)
    if let coefficients {
      for (asset, coefficient) in coefficients.sorted(by: { $0.key < $1.key }) {
        guard let position = universe.position(of: asset) else {
          throw .universeMismatch(position: nil, left: asset, right: nil)
        }
        guard coefficient >= 0, coefficient.isFinite else {
          throw .invalidValue(
            argument: name, asset: asset, got: coefficient, allowed: .nonnegative)
        }
        values[position] = coefficient
      }
    }
    return AbsoluteRow(
      name: name, coefficients: values,
      reference: reference?.values ?? [Double](repeating: 0, count: universe.count), limit: limit)
  }
}
