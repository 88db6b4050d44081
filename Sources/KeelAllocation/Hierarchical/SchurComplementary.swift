public import KeelData
public import KeelDistributions
import KeelLinearAlgebra
import KeelNumerics

/// Weights between hierarchical risk parity and minimum variance, by halving a list of assets.
///
/// The list of ``HierarchicalRiskParity`` is halved again and again; before the halves get their weights, each is told how much
/// of its risk the other one hedges. With the blocks A, B, D of a cluster's covariance, γ in [0, 1] and a budget b of ones:
///
/// ```text
/// A' = A − γ B D⁻¹ Bᵀ        b' = b_A − γ B D⁻¹ b_D        (and the same for D)
/// ```
///
/// γ = 0 is hierarchical risk parity. With ``Augmentation/budget`` γ = 1 is the portfolio of least variance without bounds, since
/// Σ⁻¹b consists of A'⁻¹b' and D'⁻¹b'. Weights add to one and have the same bits for every order of the assets. Relative
/// error: some ulp times the condition of the covariance and the number of assets. Reference: Cotton, Schur complementary
/// allocation: a unification of hierarchical risk parity and minimum variance portfolios, arXiv 2411.05807 (2024).
public struct SchurComplementary: Hashable, Sendable {
  /// Says where a half keeps what it was told about the other one.
  @nonexhaustive
  public enum Augmentation: Hashable, Sendable, CaseIterable {
    /// In its covariance, R⁻¹A' made symmetric, with R 1 about b': weights are not negative. skfolio does this.
    ///
    /// Halves of one asset, and their neighbors, stay as they are; γ = 1 comes near the least variance.
    case covariance

    /// In its covariance and its budget: exact for γ = 1, where weights may be negative.
    ///
    /// Halves are weighed by the variance of the portfolio (diag + γ (A' − diag))⁻¹ b', which is that of hierarchical risk
    /// parity for γ = 0 and the least one for γ = 1.
    case budget
  }

  /// A portfolio with the tree that it was read from.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The γ that was used, at most the given one.
    public let gamma: Double

    /// The clusters, and the order of the assets that was halved.
    public let tree: Dendrogram

    /// What each asset contributes to the volatility.
    public let contributions: RiskContributions
  }

  /// How much of what the other half hedges counts, from 0 to 1.
  public var gamma: Double

  /// Where a half keeps what it was told about the other one.
  public var augmentation: Augmentation

  /// The distance that the assets are clustered by.
  public var distance: CorrelationDistance

  /// The linkage of the clusters.
  public var linkage: Linkage

  /// The order of the leaves.
  public var order: LeafOrder

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - gamma: How much of what the other half hedges counts, from 0 to 1.
  ///   - augmentation: Where a half keeps what it was told about the other one.
  ///   - distance: The distance that the assets are clustered by.
  ///   - linkage: The linkage of the clusters.
  ///   - order: The order of the leaves.
  public init(
    gamma: Double,
    augmentation: Augmentation = .covariance,
    distance: CorrelationDistance,
    linkage: Linkage = .ward,
    order: LeafOrder = .merges
  ) {
    self.gamma = gamma
    self.augmentation = augmentation
    self.distance = distance
    self.linkage = linkage
    self.order = order
  }

  /// Chooses the weights.
  ///
  /// A γ is usable where all augmented blocks are positive definite. With ``Augmentation/covariance`` γ ends where the variance of
  /// the portfolio stops falling: its first minimum is bracketed by steps of a tenth and found to 1e-6. With
  /// ``Augmentation/budget``, where every γ is usable unless the covariance is nearly singular or budgets cancel, γ ends where it
  /// stops to be usable. A singular covariance leaves hierarchical risk parity, with γ = 0.
  ///
  /// - Parameter covariance: The covariance of N assets per period.
  /// - Returns: The weights with γ, the tree and the attained risk contributions.
  /// - Throws: ``AllocationError/invalidValue(argument:asset:got:allowed:)`` for a γ outside [0, 1], an asset without variance or
  ///   a volatility that is not representable, ``AllocationError/covarianceNotPositiveSemidefinite``,
  ///   ``AllocationError/infeasible(constraints:contradiction:)`` without assets.
  /// - Complexity: O(N³) for each γ that is tried, some forty at most.
  public func weights(covariance: Covariance) throws(AllocationError) -> Portfolio {
    try Translation.require(gamma, "gamma", in: 0...1)
    let universe = covariance.universe
    guard universe.count > 0 else {
      throw .infeasible(constraints: [PortfolioConstraints.budgetName], contradiction: 1)
    }
    try Translation.requireVariances(covariance)
    let positions = universe.positionsByName
    let scaled = ScaledCovariance(covariance.matrix)
    let (tree, leaves) = MergeTree.ordered(
      scaled, at: positions, distance: distance, linkage: linkage, order: order)
    let places = leaves.map { positions[$0] }
    var values = try RecursiveBisection(scaled, order: places).weights()
    let search = GammaSearch(
      bisection: SchurBisection(covariance.matrix, at: places, augmentation),
      parity: places.map { values[$0] })
    let best = augmentation == .covariance ? search.turn(upTo: gamma) : search.last(upTo: gamma)
    for (place, weight) in zip(places, best.weights) { values[place] = weight }
    let weights = try Translation.weights(values, over: universe)
    return Portfolio(
      weights: weights, gamma: best.gamma,
      tree: Dendrogram(tree, leafOrder: leaves, assets: positions.map { universe.assets[$0] }),
      contributions: try Translation.contributions(weights, covariance))
  }
}

/// The search for the largest γ that serves.
private struct GammaSearch {
  let bisection: SchurBisection
  /// The weights for γ = 0.
  let parity: [Double]

  typealias Found = (gamma: Double, weights: [Double], variance: Double)

  /// The number of steps in which a minimum is looked for.
  private static let stepCount = 10

  /// How well γ is found; the variance is flat at its minimum, and known much better.
  private static let tolerance = 0x1p-20

  /// The weights for a γ; with an infinite variance where it is not usable.
  private func found(_ gamma: Double) -> Found {
    guard let weights = gamma == 0 ? parity : bisection.weights(gamma: gamma) else {
      return (gamma, parity, .infinity)
    }
    return (gamma, weights, bisection.variance(weights))
  }

  /// Whether a variance is larger by more than rounding.
  private func rises(_ variance: Double, from last: Double) -> Bool {
    !(variance <= last * (1 + Double(parity.count) * .ulpOfOne))
  }

  /// The given γ where it is usable, else the end of what is.
  func last(upTo gamma: Double) -> Found {
    let all = found(gamma)
    if all.variance.isFinite { return all }
    var best = found(0)
    var end = gamma
    while end - best.gamma > Self.tolerance {
      let middle = found((best.gamma + end) / 2)
      if middle.variance.isFinite { best = middle } else { end = middle.gamma }
    }
    return best
  }

  /// The given γ, or the first one where the variance stops falling if that is smaller.
  func turn(upTo gamma: Double) -> Found {
    var last = found(0)
    var before = last
    // Fixed steps, so that the place of the turn does not depend on the given γ.
    for k in 1...Self.stepCount where before.gamma < gamma {
      let next = found(Double(k) / Double(Self.stepCount))
      if rises(next.variance, from: last.variance) {
        return smaller(minimum(before, next.gamma), gamma)
      }
      (before, last) = (last, next)
    }
    // The turn may be inside of the last step.
    if before.gamma < gamma && rises(last.variance, from: found(1 - Self.tolerance).variance) {
      return smaller(minimum(before, 1), gamma)
    }
    return self.last(upTo: gamma)
  }

  private func smaller(_ turn: Found, _ gamma: Double) -> Found {
    turn.gamma < gamma ? turn : last(upTo: gamma)
  }

  /// The minimum of the variance in an interval, not above that of its lower end.
  private func minimum(_ lower: Found, _ highest: Double) -> Found {
    var settings = Brent.Settings()
    settings.absoluteTolerance = Self.tolerance
    do throws(NumericsError) {
      let point = try Brent.minimum(
        of: { found($0).variance }, in: lower.gamma...highest, settings: settings)
      let best = found(point.argument)
      return rises(best.variance, from: lower.variance) ? lower : best
    } catch {
      return lower
    }
  }
}
