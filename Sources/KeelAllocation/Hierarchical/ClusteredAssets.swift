import KeelData
import KeelNumerics

/// Assets in clusters of correlated ones, with the tree that says which clusters are near each other.
struct ClusteredAssets {
  let tree: MergeTree
  /// The numbers of the clusters in the tree, from left to right.
  let clusters: [Int]
  /// The positions in the universe of each cluster's assets.
  let members: [[Int]]
  let dendrogram: Dendrogram

  /// Clusters the assets of a covariance with positive variances.
  init(
    _ covariance: Covariance,
    distance: CorrelationDistance,
    linkage: Linkage,
    count: ClusterCount
  ) throws(AllocationError) {
    let universe = covariance.universe
    let positions = universe.positionsByName
    let scaled = ScaledCovariance(covariance.matrix)
    switch count {
    case .atMost(let most):
      try Translation.require(
        Double(most), "count of clusters", in: 1...Double(max(universe.count, 1)))
      tree = MergeTree(scaled, at: positions, distance: distance, linkage: linkage)
      clusters = tree.clusters(atMost: most)
    case .byDispersion:
      let distances = Correlations(covariance.matrix, at: positions).distances(distance)
      tree = MergeTree(distances: distances, linkage: linkage)
      clusters = tree.clusters(atMost: tree.countByDispersion(distances))
    }
    let tree = tree
    members = clusters.map { tree.items(of: $0).map { positions[$0] } }
    dendrogram = Dendrogram(
      tree, leafOrder: tree.leafOrder, assets: positions.map { universe.assets[$0] })
  }
}
