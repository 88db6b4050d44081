public import KeelData
import KeelNumerics
import KeelOptimization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Probabilities of scenarios that obey views and are otherwise as close to the prior as can be.
//
//   minimize  Σ p ln(p/q)  subject to  E_p[z_k] = b_k or ≥ b_k,  Σ p = 1
//
// Goals in order: the proved minimum, views that clash are named, few passes over the scenarios.
//
// The dual has one variable a view. With p(η) ∝ q exp(z'η) it minimizes ln Σ q exp(z'η) − b'η, free for equations and
// η ≥ 0 for inequalities; gradient E_p[z] − b, Hessian Cov_p(z). Projected Newton steps with a line search reach rounding in
// some ten passes over the S × V numbers. Functions z are scaled by their prior deviation. Where no η gets there, a
// quadratic program over the probabilities proves that the views clash.
//
// Reference: A. Meucci, "Fully flexible views: theory and practice", Risk 21 (2008).

/// A view on the distribution of scenarios: an expectation that is wanted.
public struct ScenarioView: Hashable, Sendable {
  /// How the expectation stands to the wanted number.
  public enum Relation: Hashable, Sendable {
    /// It is the number.
    case equal
    /// It is the number or more.
    case atLeast
    /// It is the number or less.
    case atMost
  }

  /// Of what the expectation is taken.
  @nonexhaustive
  public enum Quantity: Hashable, Sendable {
    /// The outcome of a portfolio, a weight an asset.
    case outcome([AssetID: Double])
    /// The squared distance of an asset's outcome from its prior mean.
    case squaredDistance(AssetID)
    /// The product of the distances of two assets' outcomes from their prior means.
    case coDistance(AssetID, AssetID)
    /// One where an asset's outcome is at most a level, zero elsewhere: the expectation is a probability.
    case isAtMost(AssetID, level: Double)
  }

  /// The name, by which results speak of the view.
  public let name: String

  /// Of what the expectation is taken.
  public let quantity: Quantity

  /// How the expectation stands to the wanted number.
  public let relation: Relation

  /// The wanted number.
  public let value: Double

  /// Creates a view.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - quantity: Of what the expectation is taken.
  ///   - relation: How the expectation stands to the wanted number.
  ///   - value: The wanted number.
  public init(_ name: String, _ quantity: Quantity, _ relation: Relation, _ value: Double) {
    self.name = name
    self.quantity = quantity
    self.relation = relation
    self.value = value
  }
}

/// Reweights scenarios so that they obey views, with the least information added.
///
/// ```swift
/// let pooled = try EntropyPooling(
///   EntropyPooling.ranking(["ETH", "BTC"])
///     + [ScenarioView("BTC falls", .outcome(["BTC": 1]), .atMost, -0.01)]
/// ).pooled(scenarios)
/// ```
public struct EntropyPooling: Hashable, Sendable {
  /// The views.
  public var views: [ScenarioView]

  /// Creates the pooling.
  ///
  /// - Parameter views: The views, each with a name of its own.
  public init(_ views: [ScenarioView]) { self.views = views }

  /// Views that order expected outcomes.
  ///
  /// - Parameter assets: The assets, the best first.
  /// - Returns: One view for each pair of neighbours.
  public static func ranking(_ assets: [AssetID]) -> [ScenarioView] {
    zip(assets, assets.dropFirst()).map { better, worse in
      ScenarioView(
        "\(better) above \(worse)", .outcome(better == worse ? [:] : [better: 1, worse: -1]),
        .atLeast, 0)
    }
  }

  /// Views that set the correlation of two assets and keep their means and volatilities.
  ///
  /// - Parameters:
  ///   - first: An asset.
  ///   - second: Another.
  ///   - correlation: The correlation, −1 to 1.
  ///   - scenarios: The scenarios that will be reweighted.
  /// - Returns: Five views.
  /// - Throws: ``AllocationError`` for an asset that is not there.
  public static func correlation(
    _ first: AssetID,
    _ second: AssetID,
    _ correlation: Double,
    in scenarios: ScenarioSet
  ) throws(AllocationError) -> [ScenarioView] {
    let prior = PooledFunctions(scenarios)
    let (a, b) = (try prior.moments(first), try prior.moments(second))
    return [
      ScenarioView("mean of \(first)", .outcome([first: 1]), .equal, a.mean),
      ScenarioView("mean of \(second)", .outcome([second: 1]), .equal, b.mean),
      ScenarioView("variance of \(first)", .squaredDistance(first), .equal, a.variance),
      ScenarioView("variance of \(second)", .squaredDistance(second), .equal, b.variance),
      ScenarioView(
        "correlation of \(first) and \(second)", .coDistance(first, second), .equal,
        correlation * (a.variance * b.variance).squareRoot()),
    ]
  }

  /// Scenarios with the probabilities that the views ask for.
  public struct Pooled: Hashable, Sendable {
    /// The scenarios with their new probabilities.
    public let scenarios: ScenarioSet

    /// The relative entropy to the prior: the information that the views add, in nats.
    public let relativeEntropy: Double

    /// The exponential of the entropy of the probabilities: the number of scenarios that still count.
    public let effectiveScenarioCount: Double

    /// The multiplier of each view by name, per unit of its quantity: what a unit more of the wanted number costs in relative
    /// entropy.
    public let multipliers: [String: Double]

    /// By how much a view is missed at most, in units of its quantity's prior standard deviation.
    public let largestViolation: Double

    /// The relative entropy less the value of the dual: no probabilities that obey the views are closer by more than this.
    public let dualityGap: Double
  }

  /// Finds the probabilities.
  ///
  /// - Parameter scenarios: S scenarios of N assets; their own probabilities are the prior.
  /// - Returns: The scenarios with new probabilities and a certificate.
  /// - Throws: ``AllocationError``: views that no probabilities obey are named by `.infeasible`. Views at the very edge, which
  ///   only zero probabilities obey, are infeasible with a contradiction of zero.
  /// - Complexity: O(S V²) a pass for V views, some ten passes.
  public func pooled(_ scenarios: ScenarioSet) throws(AllocationError) -> Pooled {
    var names: Set<String> = []
    for view in views where !names.insert(view.name).inserted {
      throw .invalidValue(argument: "views named \(view.name)", asset: nil, got: 2, allowed: 0...1)
    }
    let functions = PooledFunctions(scenarios)
    var columns: [PooledFunctions.Column] = []
    for view in views { columns.append(try functions.column(view)) }
    guard let found = DualSearch(columns, prior: functions.prior).run() else {
      throw try clash(columns, functions.prior)
    }
    return try result(scenarios, functions.prior, columns, found)
  }

  private func result(
    _ scenarios: ScenarioSet,
    _ prior: [Double],
    _ columns: [PooledFunctions.Column],
    _ found: DualSearch.Point
  ) throws(AllocationError) -> Pooled {
    var entropy = 0.0
    var divergence = 0.0
    for (p, q) in zip(found.probabilities, prior) where p > 0 {
      entropy -= p * log(p)
      divergence += p * log(p / q)
    }
    var multipliers: [String: Double] = [:]
    var (violation, gap) = (0.0, 0.0)
    for (k, column) in columns.enumerated() {
      multipliers[column.name] = column.sign * found.multipliers[k] / column.scale
      let miss = found.gradient[k]
      violation = max(violation, column.isEquation ? miss.magnitude : -miss)
      gap += found.multipliers[k] * miss
    }
    let pooled: ScenarioSet
    do throws(DataError) {
      pooled = try ScenarioSet(
        universe: scenarios.universe, outcomes: scenarios.outcomes,
        probabilities: found.probabilities)
    } catch {
      throw .invalidValue(argument: "probabilities", asset: nil, got: .nan, allowed: 0...1)
    }
    return Pooled(
      scenarios: pooled, relativeEntropy: max(divergence, 0), effectiveScenarioCount: exp(entropy),
      multipliers: multipliers, largestViolation: violation, dualityGap: max(gap, 0))
  }

  /// The error that names the views which cannot hold together.
  private func clash(
    _ columns: [PooledFunctions.Column],
    _ prior: [Double]
  ) throws(AllocationError) -> AllocationError {
    let edge = AllocationError.infeasible(
      constraints: columns.map(\.name), contradiction: 0)
    do throws(OptimizationError) {
      let count = prior.count
      let ones = [Double](repeating: 1, count: count)
      let rows =
        [LinearRow("probabilities", coefficients: ones, lower: 1, upper: 1)]
        + columns.map {
          LinearRow(
            $0.name, coefficients: $0.values, lower: $0.bound,
            upper: $0.isEquation ? $0.bound : .infinity)
        }
      let program = try QuadraticProgram(
        quadratic: .diagonal(ones), linear: nil,
        lowerBounds: [Double](repeating: 0, count: count), rows: rows)
      guard case .primalInfeasible(let proof) = try QuadraticSolver().solve(program).status else {
        return edge
      }
      let named = Set(columns.map(\.name))
      return .infeasible(
        constraints: proof.constraints.filter { named.contains($0) },
        contradiction: proof.contradiction)
    } catch {
      return edge
    }
  }
}
