public import KeelData
import KeelNumerics
public import KeelOptimization

/// A named limit on the share of the variance that some assets contribute.
///
/// ```text
/// Σ_(i in assets) w_i (Σw)_i ≤ share · w'Σw
/// ```
public struct RiskContributionLimit: Hashable, Sendable {
  /// The name, different from that of assets and other constraints.
  public let name: String

  /// The assets whose contributions are added.
  public let assets: Set<AssetID>

  /// The largest share, zero to one.
  public let share: Double

  /// Creates a limit on the share of some assets together.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of assets and other constraints.
  ///   - assets: The assets whose contributions are added.
  ///   - share: The largest share of the variance, zero to one.
  public init(_ name: String, _ assets: Set<AssetID>, share: Double) {
    self.name = name
    self.assets = assets
    self.share = share
  }

  /// One limit for each asset.
  ///
  /// - Parameters:
  ///   - universe: The assets.
  ///   - share: The largest share of each, zero to one.
  /// - Returns: The limits, named `risk of` and the asset.
  public static func each(of universe: Universe, share: Double) -> [RiskContributionLimit] {
    universe.assets.map { RiskContributionLimit("risk of \($0)", [$0], share: share) }
  }
}

/// The portfolio of least variance or best utility whose assets contribute limited shares of the variance.
///
/// ```text
/// minimize  1/2 w'Σw   or   (λ/2) w'Σw − μ'w
/// subject to  Σ_(i in g) w_i (Σw)_i ≤ b_g w'Σw  for each group g, and the constraints
/// ```
///
/// The limits are not convex, so that a search from several starts finds a portfolio that none nearby improves,
/// not always the best one. The result says how far the objective is from the lower bound without these limits.
/// See <doc:Concentration>. Reference: Feng and Palomar, SCRIP: successive convex optimization methods for risk parity
/// portfolio design, IEEE Transactions on Signal Processing 63 (2015).
public struct RiskContributionLimits: Hashable, Sendable {
  /// What the portfolio is chosen for.
  public enum Objective: Hashable, Sendable {
    /// The least variance.
    case variance

    /// The best expected return after a charge for variance, with the risk aversion λ, zero or more.
    case utility(riskAversion: Double)
  }

  /// A portfolio within the limits.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The share of the variance that each limit is about, in their order, computed from the weights; zero without variance.
    public let shares: [Double]

    /// Half the variance, or the negative utility.
    public let objective: Double

    /// No allowed portfolio has a lower objective: that is proved for the problem without the limits.
    public let lowerBound: Double

    /// Residuals of the optimality conditions, those of the convex program with each limit's tangent at the weights.
    public let certificate: Certificate

    /// The dual values of constraints and limits, by name.
    public let duals: Duals

    /// What the objective may be above the least possible one.
    public var largestImprovement: Double { max(objective - lowerBound, 0) }
  }

  /// What the portfolio is chosen for.
  public var objective: Objective

  /// The limits.
  public var limits: [RiskContributionLimit]

  /// Bounds, sum of the weights and linear limits.
  public var constraints: PortfolioConstraints

  /// The limits of the solver for each of its programs, and the deadline.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - limits: The limits; groups may overlap.
  ///   - objective: What the portfolio is chosen for.
  ///   - constraints: Bounds, sum of the weights and linear limits.
  ///   - settings: The limits of the solver for each of its programs, and the deadline.
  public init(
    _ limits: [RiskContributionLimit],
    objective: Objective = .variance,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.limits = limits
    self.objective = objective
    self.constraints = constraints
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - covariance: The covariance of N assets per period; it may be singular.
  ///   - expectedReturns: Their expected returns per period, for a utility; nil for the least variance.
  /// - Returns: The best portfolio that was found.
  /// - Throws: ``AllocationError``: `infeasible` for constraints that clash, and limits that divide the assets and whose
  ///   shares add to less than one; ``AllocationError/riskLimitsNotMet(limits:excess:)`` where no portfolio was found.
  /// - Complexity: O(N³) a step, some ten steps from each of four starts.
  public func weights(
    covariance: Covariance,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> Portfolio {
    let universe = covariance.universe
    let groups = try groups(over: universe)
    let (lower, upper) = try constraints.resolvedBounds(over: universe)
    let resolved = ResolvedConstraints(
      universe: universe, lower: lower, upper: upper,
      rows: try constraints.resolvedRows(over: universe), absolute: [])
    var riskAversion = 1.0
    var linear: [Double]?
    if case .utility(let aversion) = objective {
      try Translation.require(aversion, "riskAversion", in: .nonnegative)
      guard let expectedReturns else {
        throw .invalidValue(
          argument: "count of expectedReturns", asset: nil, got: 0, allowed: 1...1)
      }
      try Translation.requireEqual(expectedReturns.universe, universe)
      riskAversion = aversion
      linear = expectedReturns.values.map { -$0 }
    }
    let search = try ContributionLimitSearch(
      constraints: resolved, covariance: covariance, riskAversion: riskAversion, linear: linear,
      groups: groups, settings: settings)
    let (found, bound) = try search.best()
    return Portfolio(
      weights: try Translation.weights(found.value, over: universe),
      shares: search.shares(found.value), objective: found.certificate.primalObjective,
      lowerBound: min(bound, found.certificate.primalObjective), certificate: found.certificate,
      duals: found.duals)
  }

  /// The limits in the order of a universe.
  private func groups(
    over universe: Universe
  ) throws(AllocationError) -> [ContributionLimitSearch.Group] {
    var groups: [ContributionLimitSearch.Group] = []
    var counts = [Int](repeating: 0, count: universe.count)
    for limit in limits {
      try Translation.require(limit.share, limit.name, in: 0...1)
      var members: [Int] = []
      for asset in limit.assets.sorted() {
        guard let position = universe.position(of: asset) else {
          throw .universeMismatch(position: nil, left: asset, right: nil)
        }
        members.append(position)
        counts[position] += 1
      }
      groups.append(.init(name: limit.name, members: members.sorted(), share: limit.share))
    }
    let sum = limits.reduce(0) { $0 + $1.share }
    // What rounding leaves of shares that add to one.
    let rounding = Double(limits.count) * .ulpOfOne
    if !limits.isEmpty, counts.allSatisfy({ $0 == 1 }), sum < 1 - rounding {
      throw .infeasible(constraints: limits.map(\.name), contradiction: 1 - sum)
    }
    return groups
  }
}
