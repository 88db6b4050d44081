public import KeelData
public import KeelDistributions
import KeelNumerics

/// Weights that are split top-down over a tree of correlated assets, without inverting a covariance.
///
/// The assets are clustered by their correlations and put in the order of the tree's leaves. The list
/// is halved again and again; each half gets weight in inverse proportion to the variance of its
/// inverse-variance portfolio.
///
/// ```text
/// share of the left half = 1 − V_left / (V_left + V_right),   V = w'Σw,   w_i ∝ 1 / Σ_ii
/// ```
///
/// Weights are not negative and add to one. The relative error of a weight is some ulp times the
/// number of assets unless clusters are nearly without risk. Weights and tree have the same bits for
/// every order of the assets. Reference: López de Prado, Building diversified portfolios that
/// outperform out of sample, Journal of Portfolio Management 42 (2016).
public struct HierarchicalRiskParity: Hashable, Sendable {
  /// A portfolio with the tree that it was read from.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The clusters, and the order of the assets that was halved.
    public let tree: Dendrogram

    /// What each asset contributes to the volatility.
    public let contributions: RiskContributions
  }

  /// The distance that the assets are clustered by.
  public var distance: CorrelationDistance

  /// The linkage of the clusters.
  public var linkage: Linkage

  /// The order of the leaves.
  public var order: LeafOrder

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - distance: The distance. It has no default because libraries differ: the original article
  ///     takes the distance of distances, PyPortfolioOpt and Riskfolio-Lib the direct one.
  ///   - linkage: The linkage; single in the original article.
  ///   - order: The order of the leaves; as merges stand in the original article.
  public init(
    distance: CorrelationDistance,
    linkage: Linkage = .single,
    order: LeafOrder = .merges
  ) {
    self.distance = distance
    self.linkage = linkage
    self.order = order
  }

  /// Chooses the weights.
  ///
  /// Of two halves without risk each gets half of the weight; a half without risk beside one with
  /// risk gets all. A covariance that is not positive semidefinite is refused where a cluster has a
  /// negative variance, and not looked at elsewhere.
  ///
  /// - Parameter covariance: The covariance of N assets per period; it may be singular.
  /// - Returns: The weights with the tree and the attained risk contributions.
  /// - Throws: ``AllocationError/invalidValue(argument:asset:got:allowed:)`` for an asset without variance or
  ///   a volatility that is not representable, ``AllocationError/covarianceNotPositiveSemidefinite``,
  ///   ``AllocationError/infeasible(constraints:contradiction:)`` without assets.
  /// - Complexity: O(N²), and O(N³) for the distance of distances or the optimal order.
  public func weights(covariance: Covariance) throws(AllocationError) -> Portfolio {
    let universe = covariance.universe
    guard universe.count > 0 else {
      throw .infeasible(constraints: [PortfolioConstraints.budgetName], contradiction: 1)
    }
    let matrix = covariance.matrix
    try Translation.requireVariances(covariance)
    let positions = universe.positionsByName
    let scaled = ScaledCovariance(matrix)
    let (tree, leaves) = MergeTree.ordered(
      scaled, at: positions, distance: distance, linkage: linkage, order: order)
    let values = try RecursiveBisection(scaled, order: leaves.map { positions[$0] }).weights()
    let weights = try Translation.weights(values, over: universe)
    return Portfolio(
      weights: weights,
      tree: Dendrogram(tree, leafOrder: leaves, assets: positions.map { universe.assets[$0] }),
      contributions: try Translation.contributions(weights, covariance))
  }
}

extension MergeTree {
  /// Clusters assets by their correlations.
  ///
  /// - Parameters:
  ///   - covariance: The covariance.
  ///   - positions: The assets in the order of their names; the items of the tree.
  ///   - distance: The distance of two assets.
  ///   - linkage: The distance of two clusters.
  init(
    _ covariance: ScaledCovariance,
    at positions: [Int],
    distance: CorrelationDistance,
    linkage: Linkage
  ) {
    switch (distance, linkage) {
    case (.direct, .single):
      self.init(
        leafCount: positions.count,
        sorted: CorrelationSpanningTree.joins(covariance, positions: positions))
    case (.direct, _):
      var distances = CorrelationDistances(covariance, at: positions)
      self.init(
        leafCount: positions.count,
        sorted: NearestNeighborChain.joins(
          distances.elements(squared: linkage == .ward), order: positions.count, linkage))
    case (.distanceOfDistances, _):
      var distances = CorrelationDistances(covariance, at: positions)
      self.init(distances: distances.matrix(distance), linkage: linkage)
    }
  }

  /// Clusters assets by their correlations, and puts them in order.
  ///
  /// - Parameters:
  ///   - covariance: The covariance.
  ///   - positions: The assets in the order of their names; the items of the tree.
  ///   - distance: The distance of two assets.
  ///   - linkage: The distance of two clusters.
  ///   - order: The order of the leaves.
  /// - Returns: The tree, and its items from left to right.
  static func ordered(
    _ covariance: ScaledCovariance,
    at positions: [Int],
    distance: CorrelationDistance,
    linkage: Linkage,
    order: LeafOrder
  ) -> (tree: MergeTree, leaves: [Int]) {
    switch order {
    case .merges:
      let tree = MergeTree(covariance, at: positions, distance: distance, linkage: linkage)
      return (tree, tree.leafOrder)
    case .optimal:
      var columns = CorrelationDistances(covariance, at: positions)
      let distances = columns.matrix(distance)
      let tree =
        distance == .direct
        ? MergeTree(covariance, at: positions, distance: distance, linkage: linkage)
        : MergeTree(distances: distances, linkage: linkage)
      return (tree, tree.leaves(in: .optimal, distances))
    }
  }
}

extension Translation {
  /// Requires that every asset has a variance.
  static func requireVariances(_ covariance: Covariance) throws(AllocationError) {
    let matrix = covariance.matrix
    for (i, asset) in covariance.universe.assets.enumerated() where !(matrix[i, i] > 0) {
      throw .invalidValue(
        argument: "covariance", asset: asset, got: matrix[i, i], allowed: .positive)
    }
  }
}
