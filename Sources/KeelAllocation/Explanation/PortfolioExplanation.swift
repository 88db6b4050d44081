public import KeelData
import KeelOptimization

/// Why a portfolio holds what it holds: each weight as a sum of terms, and a price for each limit.
///
/// The optimum satisfies Pw = g + A'y + f, where P is λΣ (or Σ), g the expected returns (or zero), A and
/// y the active rows and their prices, and f the forces of active bounds. With the free assets F, those
/// that no bound holds, the weights are the solution of
///
/// ```text
/// P_FF w_F − A_F' y = g_F − P_FB w_B
/// A_F w_F           = limits − A_B w_B
/// ```
///
/// which is linear in its right-hand side. The terms of a free asset are the solutions for one part of
/// it each: ``Source/risk`` for the budget alone (the portfolio of least variance of the free assets),
/// ``Source/views`` for g alone (it sums to zero under a budget), ``Source/costs`` for the slopes of
/// trading costs in place of g, ``Source/uncertainty`` for what the worst expected returns have beside the estimate, and a constraint's for its limit or its pinned weight. An asset that a bound pins is explained by the same system with the asset free; what
/// separates that wanted weight from the actual one is the term of the bound:
///
/// ```text
/// w_j = Σ terms that would make the weight without its bound + f_j / curvature_j
/// ```
///
/// See <doc:Explanations>.
public struct PortfolioExplanation: Hashable, Sendable {
  /// Where a part of a weight comes from.
  @nonexhaustive
  public enum Source: Hashable, Sendable {
    /// The least variance for the budget.
    case risk

    /// The expected returns.
    case views

    /// What the worst expected returns of a set have beside the estimate.
    case uncertainty

    /// The costs of trading: what they save of a trade, or prevent of it.
    case costs

    /// The benchmark's own weights.
    case benchmark

    /// The wanted share of the risk: it keeps every weight above zero.
    case riskBudget

    /// A constraint that is active, by its name; an asset's name for its bounds.
    case constraint(String)

    /// What neither risk nor an active constraint determines: one of several optima was chosen.
    case undetermined
  }

  /// A part of each weight.
  public struct Term: Hashable, Sendable {
    /// Where it comes from.
    public let source: Source

    /// The part of each weight.
    public let weights: Weights
  }

  /// What a limit costs.
  public struct ShadowPrice: Hashable, Sendable {
    /// The name of the constraint; an asset's name for its bounds.
    public let constraint: String

    /// The limit that is active.
    public let limit: Double

    /// The change of the objective per unit by which the limit grows.
    ///
    /// The objective and its unit are ``PortfolioExplanation/objective``. A lower limit that costs return
    /// has a negative price, an upper one a positive price; for a variance the signs are the other way.
    public let value: Double
  }

  /// What shadow prices are measured in.
  @nonexhaustive
  public enum Objective: Hashable, Sendable {
    /// The variance w'Σw per period, to be small.
    case variance

    /// The variance of the active weights per period, to be small.
    case trackingVariance

    /// The utility μ'w − (λ/2) w'Σw per period, to be large.
    case utility

    /// The expected return μ'w per period at the limit on risk, to be large.
    case expectedReturn

    /// The ratio of expected excess return to volatility, to be large.
    case sharpeRatio

    /// The ratio of the weighted volatilities to the volatility, to be large.
    case diversificationRatio

    /// The risk over scenarios in the unit of its measure, to be small.
    case risk

    /// The ratio of expected excess return to risk over scenarios, to be large.
    case returnOverRisk

    /// The expected logarithmic growth per period, to be large.
    case growth

    /// The risk less what its budgets earn, λ Σ b ln w over the risk, to be small.
    case riskBudgets
  }

  /// The weights that are explained.
  public let weights: Weights

  /// The parts of the weights: benchmark, risk, views, costs where there are any, then active constraints in
  /// the order of the constraints.
  public let terms: [Term]

  /// The price of each active limit, in the order of the constraints.
  public let shadowPrices: [ShadowPrice]

  /// What shadow prices are measured in.
  public let objective: Objective

  /// The largest difference between a weight and the sum of its terms.
  public let residual: Double

  /// The parts of one weight that are not zero.
  ///
  /// - Parameter asset: An asset of the universe.
  /// - Returns: Source and part, in the order of ``terms``; nil for an asset of another universe.
  public subscript(asset: AssetID) -> [(source: Source, part: Double)]? {
    guard let i = weights.universe.position(of: asset) else { return nil }
    return terms.map { ($0.source, $0.weights.values[i]) }.filter { $0.1 != 0 }
  }

  /// The shadow price of a constraint.
  ///
  /// - Parameter constraint: The name of a constraint, or of an asset for its bounds.
  /// - Returns: The change of the objective per unit by which the active limit grows; zero where the
  ///   constraint is not active.
  public func shadowPrice(of constraint: String) -> Double {
    shadowPrices.first { $0.constraint == constraint }?.value ?? 0
  }
}

extension PortfolioExplanation.Source: CustomStringConvertible {
  /// The source in a word, or the name of the constraint.
  public var description: String {
    switch self {
    case .risk: "risk"
    case .views: "views"
    case .uncertainty: "uncertainty"
    case .costs: "costs"
    case .benchmark: "benchmark"
    case .riskBudget: "risk budget"
    case .constraint(let name): name
    case .undetermined: "undetermined"
    }
  }
}
