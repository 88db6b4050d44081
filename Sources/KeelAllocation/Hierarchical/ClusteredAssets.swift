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
      var columns = CorrelationDistances(scaled, at: positions)
      let most: Int
      switch distance {
      case .direct:
        // Distances are computed twice: to store them takes longer.
        tree = MergeTree(scaled, at: positions, distance: distance, linkage: linkage)
        let leaves = tree.leafOrder.map { positions[$0] }
        most = tree.countByDispersion { item, count, distances in
          columns.write(item, from: leaves.span.extracting(0..<count), into: &distances)
        }
      case .distanceOfDistances:
        let matrix = columns.matrix(distance)
        tree = MergeTree(distances: matrix, linkage: linkage)
        let leaves = tree.leafOrder
        most = tree.countByDispersion { item, count, distances in
          let column = matrix.column(item)
          for k in 0..<count { distances[k] = column[leaves[k]] }
        }
      }
      clusters = tree.clusters(atMost: most)
    }
    let tree = tree
    members = clusters.map { tree.items(of: $0).map { positions[$0] } }
    dendrogram = Dendrogram(
      tree, leafOrder: tree.leafOrder, assets: positions.map { universe.assets[$0] })
  }
}
