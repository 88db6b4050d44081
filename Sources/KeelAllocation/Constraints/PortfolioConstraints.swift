public import KeelData
import KeelNumerics
import KeelOptimization

/// What a portfolio must satisfy: bounds, the sum of the weights, linear limits, turnover, gross, concentration.
///
/// ```text
/// lower ≤ w ≤ upper,   1'w = budget,   lower_k ≤ a_k'w ≤ upper_k,   Σ c |w − reference| ≤ limit
/// ```
///
/// Every constraint has a name, by which dual values and errors speak of it: the asset's name for
/// its bounds, ``budgetName`` for the sum of the weights, and the caller's name for the rest.
public struct PortfolioConstraints: Hashable, Sendable {
  /// The interval of the weight of each asset, as fractions of the portfolio.
  public enum Bounds: Hashable, Sendable {
    /// One interval for every asset. An infinite end is no bound.
    case uniform(ClosedRange<Double>)

    /// An interval for some assets, and one for all others.
    case byAsset([AssetID: ClosedRange<Double>], others: ClosedRange<Double>)
  }

  /// The name of the constraint on the sum of the weights.
  public static let budgetName = "budget"

  /// The interval of each weight; by default 0 to 1, long only.
  public var bounds: Bounds

  /// The sum of the weights; by default 1, fully invested.
  public var budget: Double

  /// Further linear constraints.
  public var linear: [LinearConstraint]

  /// Limits on sums of distances: turnover, gross exposure.
  public var absolute: [AbsoluteConstraint]

  /// Limits on concentration: the largest weights, the number of effective assets.
  public var concentration: [ConcentrationConstraint]

  /// Creates constraints.
  ///
  /// - Parameters:
  ///   - bounds: The interval of each weight, as a fraction.
  ///   - budget: The sum of the weights.
  ///   - linear: Further linear constraints.
  ///   - absolute: Limits on sums of distances.
  ///   - concentration: Limits on concentration.
  public init(
    bounds: Bounds = .uniform(0...1),
    budget: Double = 1,
    linear: [LinearConstraint] = [],
    absolute: [AbsoluteConstraint] = [],
    concentration: [ConcentrationConstraint] = []
  ) {
    self.bounds = bounds
    self.budget = budget
    self.linear = linear
    self.absolute = absolute
    self.concentration = concentration
  }

  /// Long only and fully invested.
  public static let longOnly = PortfolioConstraints()

  /// Long and short positions with a net and a gross exposure.
  ///
  /// - Parameters:
  ///   - net: The sum of the weights, longs minus shorts.
  ///   - gross: The largest sum of the magnitudes, longs plus shorts.
  ///   - bounds: The interval of each weight.
  /// - Returns: The constraints.
  public static func longShort(
    net: Double,
    gross: Double,
    bounds: Bounds = .uniform(-1...1)
  ) -> PortfolioConstraints {
    PortfolioConstraints(bounds: bounds, budget: net, absolute: [.gross(limit: gross)])
  }

  /// Long and short positions with a net exposure and a limit on each side.
  ///
  /// With the net exposure fixed either limit is one on the gross exposure; the two keep their names in dual values and
  /// errors, see ``AbsoluteConstraint/totalLong(limit:net:)``.
  ///
  /// - Parameters:
  ///   - net: The sum of the weights, longs minus shorts.
  ///   - totalLong: The largest sum of the long positions, nil for no limit.
  ///   - totalShort: The largest sum of the short positions, as a positive number, nil for no limit.
  ///   - bounds: The interval of each weight.
  /// - Returns: The constraints.
  public static func longShort(
    net: Double,
    totalLong: Double?,
    totalShort: Double?,
    bounds: Bounds = .uniform(-1...1)
  ) -> PortfolioConstraints {
    var limits: [AbsoluteConstraint] = []
    if let totalLong { limits.append(.totalLong(limit: totalLong, net: net)) }
    if let totalShort { limits.append(.totalShort(limit: totalShort, net: net)) }
    return PortfolioConstraints(bounds: bounds, budget: net, absolute: limits)
  }
}

/// A named limit `lower ≤ Σ coefficient × weight ≤ upper`.
public struct LinearConstraint: Hashable, Sendable {
  /// The name, different from that of assets and other constraints.
  public let name: String

  /// The coefficient of each asset that counts.
  public let coefficients: [AssetID: Double]

  /// The lower limit; −∞ for none.
  public let lower: Double

  /// The upper limit; +∞ for none.
  public let upper: Double

  /// Creates a linear constraint.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of assets and other constraints.
  ///   - coefficients: The coefficient of each asset that counts.
  ///   - lower: The lower limit; −∞ for none.
  ///   - upper: The upper limit; +∞ for none.
  public init(
    _ name: String,
    coefficients: [AssetID: Double],
    lower: Double = -.infinity,
    upper: Double = .infinity
  ) {
    self.name = name
    self.coefficients = coefficients
    self.lower = lower
    self.upper = upper
  }

  /// A limit on the total weight of a group of assets.
  ///
  /// - Parameters:
  ///   - name: The name of the group.
  ///   - assets: Its members.
  ///   - total: The interval of the sum of their weights.
  /// - Returns: The constraint.
  public static func group(
    _ name: String,
    _ assets: Set<AssetID>,
    total: ClosedRange<Double>
  ) -> LinearConstraint {
    LinearConstraint(
      name, coefficients: Dictionary(uniqueKeysWithValues: assets.map { ($0, 1) }),
      lower: total.lowerBound, upper: total.upperBound)
  }
}

// MARK: - In terms of a universe

extension PortfolioConstraints {
  /// The names of the rows: the budget, linear constraints, limits on sums of distances.
  var rowNames: [String] { [Self.budgetName] + linear.map(\.name) + absolute.map(\.name) }

  /// The lower and upper bounds in the order of a universe.
  func resolvedBounds(
    over universe: Universe
  ) throws(AllocationError) -> (lower: [Double], upper: [Double]) {
    var lower: [Double] = []
    var upper: [Double] = []
    switch bounds {
    case .uniform(let range):
      lower = [Double](repeating: range.lowerBound, count: universe.count)
      upper = [Double](repeating: range.upperBound, count: universe.count)
    case .byAsset(let ranges, let others):
      let unknown = ranges.keys.filter { universe.position(of: $0) == nil }.min()
      if let unknown { throw .universeMismatch(position: nil, left: unknown, right: nil) }
      for asset in universe.assets {
        let range = ranges[asset] ?? others
        lower.append(range.lowerBound)
        upper.append(range.upperBound)
      }
    }
    return (lower, upper)
  }

  /// The rows in the order of a universe, the budget first, for a method without limits on sums of
  /// distances.
  func resolvedRows(over universe: Universe) throws(AllocationError) -> [LinearRow] {
    guard absolute.isEmpty else {
      throw .invalidValue(
        argument: "absolute", asset: nil, got: Double(absolute.count), allowed: 0...0)
    }
    try refuseConcentration()
    return try resolvedLinearRows(over: universe)
  }

  /// The rows in the order of a universe, the budget first.
  func resolvedLinearRows(over universe: Universe) throws(AllocationError) -> [LinearRow] {
    guard budget.isFinite else {
      throw .invalidValue(argument: Self.budgetName, asset: nil, got: budget, allowed: .finite)
    }
    var rows = [
      LinearRow(
        Self.budgetName, indices: Array(0..<universe.count),
        coefficients: [Double](repeating: 1, count: universe.count), lower: budget, upper: budget)
    ]
    for constraint in linear {
      var pairs: [(Int, Double)] = []
      for (asset, coefficient) in constraint.coefficients {
        guard let position = universe.position(of: asset) else {
          throw .universeMismatch(position: nil, left: asset, right: nil)
        }
        guard coefficient.isFinite else {
          throw .invalidValue(
            argument: constraint.name, asset: asset, got: coefficient, allowed: .finite)
        }
        pairs.append((position, coefficient))
      }
      pairs.sort { $0.0 < $1.0 }
      rows.append(
        LinearRow(
          constraint.name, indices: pairs.map(\.0), coefficients: pairs.map(\.1),
          lower: constraint.lower, upper: constraint.upper))
    }
    return rows
  }

  /// The program `minimize 1/2 w'Pw + q'w` under these constraints, with P from a covariance or
  /// otherwise known to be finite.
  func program(
    quadratic: QuadraticTerm,
    convexity: QuadraticProgram.Convexity = .unproved,
    linear objective: [Double]?,
    over universe: Universe
  ) throws(AllocationError) -> QuadraticProgram {
    let (lower, upper) = try resolvedBounds(over: universe)
    let rows = try resolvedRows(over: universe)
    return try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        finite: quadratic, linear: objective, lowerBounds: lower, upperBounds: upper,
        rows: rows, uniqueNames: universe.assets.map(\.rawValue), convexity: convexity)
    }
  }
}

extension Covariance {
  /// The covariance as a quadratic term, in its own form.
  var quadraticTerm: QuadraticTerm {
    get throws(AllocationError) {
      switch form {
      case .dense(let matrix): return .dense(matrix)
      case .factor(let parts):
        return .factor(
          try Translation.term(universe: universe) { () throws(OptimizationError) in
            try FactorTerm(
              loadings: parts.loadings, factorCovariance: parts.factorCovariance,
              specificVariances: parts.specificVariances)
          })
      }
    }
  }

  /// The covariance times a number, plus a diagonal, as a quadratic term.
  ///
  /// - Parameters:
  ///   - factor: The number, zero or more.
  ///   - diagonal: One number an asset, zero or more; none for zero.
  /// - Returns: The term, in the covariance's own form where that can hold the diagonal.
  /// - Throws: ``AllocationError`` for numbers that are not finite.
  func quadraticTerm(
    times factor: Double,
    addingDiagonal diagonal: [Double]
  ) throws(AllocationError) -> QuadraticTerm {
    if diagonal.isEmpty { return try quadraticTerm.multiplied(by: factor) }
    if factor == 0 { return .diagonal(diagonal) }
    switch form {
    case .dense(let matrix):
      let n = matrix.order
      var elements = [Double](repeating: 0, count: n * n)
      for j in 0..<n {
        for i in j..<n { elements[i + j * n] = factor * matrix[i, j] }
        elements[j * (n + 1)] += diagonal[j]
      }
      return .dense(SymmetricMatrix(lowerTriangleOf: elements, order: n))
    case .factor(let parts):
      let specific = zip(parts.specificVariances, diagonal).map { $0 + $1 / factor }
      return .factor(
        try Translation.term(universe: universe) { () throws(OptimizationError) in
          try FactorTerm(
            loadings: parts.loadings, factorCovariance: parts.factorCovariance,
            specificVariances: specific)
        }
      ).multiplied(by: factor)
    }
  }

  /// What a program with this quadratic term may take for granted.
  var convexity: QuadraticProgram.Convexity {
    definiteness == .byConstruction ? .guaranteed : .unproved
  }
}
