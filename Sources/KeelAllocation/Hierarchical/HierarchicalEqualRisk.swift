public import KeelData
public import KeelDistributions
import KeelNumerics

/// Weights that give clusters of correlated assets equal risk, from the top of their tree down.
///
/// The tree is cut into clusters. Inside a cluster weights are in inverse proportion to the risk of each asset; between the two
/// sides of every merge above the clusters the weight is split in inverse proportion to the sum of the risks of the clusters on
/// each side.
///
/// ```text
/// share of the left side = 1 − R_left / (R_left + R_right),   R = Σ risk of a cluster's inverse-risk portfolio
/// ```
///
/// Weights are not negative and add to one. The relative error of a weight is some ulp times the number of assets unless
/// clusters are nearly without risk. Reference: Raffinot, The hierarchical equal risk contribution portfolio (2018).
public struct HierarchicalEqualRisk: Hashable, Sendable {
  /// The risk that is made equal.
  @nonexhaustive
  public enum Risk: Hashable, Sendable, CaseIterable {
    /// The variance.
    case variance

    /// The standard deviation.
    case standardDeviation
  }

  /// A portfolio with its clusters.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The tree.
    public let tree: Dendrogram

    /// The assets of each cluster, from left to right in the tree.
    public let clusters: [[AssetID]]

    /// What each asset contributes to the volatility.
    public let contributions: RiskContributions
  }

  /// The risk that is made equal.
  public var risk: Risk

  /// The distance that the assets are clustered by.
  public var distance: CorrelationDistance

  /// The linkage of the clusters.
  public var linkage: Linkage

  /// The number of clusters.
  public var clusters: ClusterCount

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - risk: The risk that is made equal.
  ///   - distance: The distance that the assets are clustered by.
  ///   - linkage: The linkage of the clusters; Ward's in the original article.
  ///   - clusters: The number of clusters.
  public init(
    _ risk: Risk = .standardDeviation,
    distance: CorrelationDistance,
    linkage: Linkage = .ward,
    clusters: ClusterCount = .byDispersion
  ) {
    self.risk = risk
    self.distance = distance
    self.linkage = linkage
    self.clusters = clusters
  }

  /// Chooses the weights.
  ///
  /// Of two sides without risk each gets half of the weight; a side without risk beside one with risk gets all.
  ///
  /// - Parameter covariance: The covariance of N assets per period; it may be singular.
  /// - Returns: The weights with tree, clusters and the attained risk contributions.
  /// - Throws: ``AllocationError/invalidValue(argument:asset:got:allowed:)`` for an asset without variance or a count of clusters
  ///   outside 1 to N, ``AllocationError/covarianceNotPositiveSemidefinite``,
  ///   ``AllocationError/infeasible(constraints:contradiction:)`` without assets.
  /// - Complexity: O(N²), and O(N³) for the distance of distances.
  public func weights(covariance: Covariance) throws(AllocationError) -> Portfolio {
    let universe = covariance.universe
    guard universe.count > 0 else {
      throw .infeasible(constraints: [PortfolioConstraints.budgetName], contradiction: 1)
    }
    try Translation.requireVariances(covariance)
    let assets = try ClusteredAssets(
      covariance, distance: distance, linkage: linkage, count: clusters)
    var values = [Double](repeating: 0, count: universe.count)
    var risks: [Int: Double] = [:]
    for (cluster, members) in zip(assets.clusters, assets.members) {
      let (shares, risk) = try inverseRiskPortfolio(members, covariance.matrix)
      for (i, share) in zip(members, shares) { values[i] = share }
      risks[cluster] = risk
    }
    let shares = Self.split(assets.tree, risks)
    for (cluster, members) in zip(assets.clusters, assets.members) {
      for i in members { values[i] *= shares[cluster] ?? 0 }
    }
    let weights = try Translation.weights(values, over: universe)
    return Portfolio(
      weights: weights, tree: assets.dendrogram,
      clusters: assets.members.map { $0.map { universe.assets[$0] } },
      contributions: try Translation.contributions(weights, covariance))
  }

  /// The portfolio of a cluster in inverse proportion to the risks of its members, and its risk.
  private func inverseRiskPortfolio(
    _ members: [Int],
    _ matrix: SymmetricMatrix
  ) throws(AllocationError) -> (shares: [Double], risk: Double) {
    let variances = members.map { matrix[$0, $0] }
    let least = variances.reduce(.infinity, min)
    var shares = variances.map { variance in
      let ratio = least / variance
      return risk == .variance ? ratio : ratio.squareRoot()
    }
    let total = shares.reduce(0, +)
    for i in shares.indices { shares[i] /= total }
    // What is below the diagonal counts twice.
    var (variance, size) = (0.0, 0.0)
    for (a, j) in members.enumerated() {
      let own = shares[a] * shares[a] * matrix[j, j]
      let (sum, magnitudes) = Self.sums(matrix.column(j), at: members.span, shares.span, count: a)
      variance += own + 2 * shares[a] * sum
      size += own + 2 * shares[a] * magnitudes
    }
    let rounding = Double(members.count) * .ulpOfOne * size
    guard variance >= -rounding else { throw .covarianceNotPositiveSemidefinite }
    if variance <= rounding { return (shares, 0) }
    return (shares, risk == .variance ? variance : variance.squareRoot())
  }

  /// The sum of some elements of a column times their shares, and that of their magnitudes.
  private static func sums(
    _ column: Span<Double>,
    at items: Span<Int>,
    _ shares: Span<Double>,
    count: Int
  ) -> (Double, Double) {
    // Two sums at a time: additions wait for each other.
    var (sums, sizes) = (SIMD2<Double>.zero, SIMD2<Double>.zero)
    var i = 0
    while i + 2 <= count {
      let terms =
        SIMD2<Double>(column[items[i]], column[items[i + 1]])
        * SIMD2<Double>(shares[i], shares[i + 1])
      sums += terms
      sizes += SIMD2<Double>(terms.x.magnitude, terms.y.magnitude)
      i += 2
    }
    if i < count {
      let term = column[items[i]] * shares[i]
      return (sums.sum() + term, sizes.sum() + term.magnitude)
    }
    return (sums.sum(), sizes.sum())
  }

  /// The share of each cluster, from the top of the tree down.
  private static func split(_ tree: MergeTree, _ risks: [Int: Double]) -> [Int: Double] {
    let first = tree.leafCount
    // The sums of the risks of the clusters below each merge above them.
    var sums = risks
    func sum(_ cluster: Int) -> Double {
      if let known = sums[cluster] { return known }
      let node = tree.nodes[cluster - first]
      let total = sum(node.first) + sum(node.second)
      sums[cluster] = total
      return total
    }
    var shares: [Int: Double] = [:]
    var pending = [(cluster: max(first + tree.nodes.count - 1, 0), share: 1.0)]
    while let (cluster, share) = pending.popLast() {
      if risks[cluster] != nil {
        shares[cluster] = share
        continue
      }
      let node = tree.nodes[cluster - first]
      let (left, right) = (sum(node.first), sum(node.second))
      let part = left + right > 0 ? right / (left + right) : 0.5
      pending.append((node.first, share * part))
      pending.append((node.second, share * (1 - part)))
    }
    return shares
  }
}
