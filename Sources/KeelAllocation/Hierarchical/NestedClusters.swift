public import KeelData
public import KeelDistributions
import KeelNumerics
public import KeelOptimization

/// Weights chosen inside clusters of correlated assets, and then between the clusters as if each were one asset.
///
/// Noise in the correlations of a cluster stays inside it. The tree of the assets is cut into clusters; a portfolio of each
/// is chosen from its own block of the covariance, and the portfolios are weighted by their covariance among each other.
/// Reference: López de Prado, A robust estimator of the efficient frontier (2019).
public struct NestedClusters: Hashable, Sendable {
  /// How weights are chosen from a covariance: long only, summing to one.
  @nonexhaustive
  public enum Choice: Hashable, Sendable, CaseIterable {
    /// The least variance.
    case minimumVariance

    /// Weights in inverse proportion to the volatilities.
    case inverseVolatility

    /// Equal contributions to the volatility.
    case equalRisk
  }

  /// A portfolio with its clusters.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The tree.
    public let tree: Dendrogram

    /// The assets of each cluster, from left to right in the tree.
    public let clusters: [[AssetID]]

    /// The weight of each cluster.
    public let clusterWeights: [Double]

    /// What each asset contributes to the volatility.
    public let contributions: RiskContributions
  }

  /// The choice inside a cluster.
  public var inside: Choice

  /// The choice between clusters.
  public var between: Choice

  /// The distance that the assets are clustered by.
  public var distance: CorrelationDistance

  /// The linkage of the clusters.
  public var linkage: Linkage

  /// The number of clusters.
  public var clusters: ClusterCount

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - inside: The choice inside a cluster.
  ///   - between: The choice between clusters.
  ///   - distance: The distance that the assets are clustered by.
  ///   - linkage: The linkage of the clusters.
  ///   - clusters: The number of clusters.
  ///   - settings: The limits of the solver.
  public init(
    inside: Choice = .minimumVariance,
    between: Choice = .minimumVariance,
    distance: CorrelationDistance,
    linkage: Linkage = .ward,
    clusters: ClusterCount = .byDispersion,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.inside = inside
    self.between = between
    self.distance = distance
    self.linkage = linkage
    self.clusters = clusters
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameter covariance: The covariance of N assets per period; it may be singular.
  /// - Returns: The weights with tree, clusters, and the attained risk contributions.
  /// - Throws: ``AllocationError``: what the choices throw, and
  ///   ``AllocationError/invalidValue(argument:asset:got:allowed:)`` for an asset without variance or a count of clusters outside
  ///   1 to N.
  /// - Complexity: O(N²) and that of the choices.
  public func weights(covariance: Covariance) throws(AllocationError) -> Portfolio {
    let universe = covariance.universe
    guard universe.count > 0 else {
      throw .infeasible(constraints: [PortfolioConstraints.budgetName], contradiction: 1)
    }
    try Translation.requireVariances(covariance)
    let assets = try ClusteredAssets(
      covariance, distance: distance, linkage: linkage, count: clusters)
    var values = [Double](repeating: 0, count: universe.count)
    for members in assets.members {
      let block = try Self.covariance(
        covariance.matrix.submatrix(at: members), members.map { universe.assets[$0] })
      for (i, share) in zip(members, try shares(inside, block)) { values[i] = share }
    }
    let reduced = try Self.covariance(
      reduced(covariance.matrix, assets.members, values),
      assets.members.map { universe.assets[$0[0]] })
    let clusterWeights = try shares(between, reduced)
    for (members, share) in zip(assets.members, clusterWeights) {
      for i in members { values[i] *= share }
    }
    let weights = try Translation.weights(values, over: universe)
    return Portfolio(
      weights: weights, tree: assets.dendrogram,
      clusters: assets.members.map { $0.map { universe.assets[$0] } },
      clusterWeights: clusterWeights,
      contributions: try Translation.contributions(weights, covariance))
  }

  /// The covariance of the clusters' portfolios.
  private func reduced(
    _ matrix: SymmetricMatrix,
    _ members: [[Int]],
    _ weights: [Double]
  ) -> SymmetricMatrix {
    let k = members.count
    var elements = [Double](repeating: 0, count: k * k)
    for b in 0..<k {
      // Σ times the portfolio of one cluster.
      var product = [Double](repeating: 0, count: weights.count)
      for j in members[b] where weights[j] != 0 {
        let column = matrix.column(j)
        for i in column.indices { product[i] += weights[j] * column[i] }
      }
      for a in b..<k {
        for i in members[a] { elements[a + b * k] += weights[i] * product[i] }
      }
    }
    return SymmetricMatrix(lowerTriangleOf: elements, order: k)
  }

  private static func covariance(
    _ matrix: SymmetricMatrix,
    _ assets: [AssetID]
  ) throws(AllocationError) -> Covariance {
    do throws(DataError) {
      return try Covariance(universe: Universe(assets), dense: matrix)
    } catch {
      throw .invalidValue(argument: "covariance", asset: nil, got: .nan, allowed: .finite)
    }
  }

  private func shares(
    _ choice: Choice,
    _ covariance: Covariance
  ) throws(AllocationError) -> [Double] {
    switch choice {
    case .minimumVariance:
      try MinimumVariance(settings: settings).weights(covariance: covariance).value.values
    case .inverseVolatility:
      try InverseVolatility().weights(covariance: covariance).values
    case .equalRisk:
      try RiskBudgeting.equal.weights(covariance: covariance).value.weights.values
    }
  }
}
