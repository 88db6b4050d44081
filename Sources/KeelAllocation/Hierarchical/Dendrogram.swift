public import KeelData
public import KeelNumerics

/// A tree of clusters: which assets, and then groups of assets, are closest to each other.
///
/// The tree does not depend on the order of the universe: assets are taken in the order of their
/// names. Ties: single linkage merges the closest pair of assets in different clusters first, of
/// equally close pairs the one whose first name, then second name, is smallest. The other linkages
/// follow a chain of nearest clusters, from the cluster with the smallest name; of equally near
/// clusters the chain prefers the one that it came from, then the one with the smallest name; merges
/// of equal height keep the order in which the chain found them.
public struct Dendrogram: Hashable, Sendable {
  /// A part of the tree.
  public enum Cluster: Hashable, Sendable {
    /// A single asset.
    case asset(AssetID)

    /// The cluster that a merge made, by its position in ``Dendrogram/merges``.
    case merge(Int)
  }

  /// Two clusters that become one.
  public struct Merge: Hashable, Sendable {
    /// The left cluster: an asset before a merge, smaller names and earlier merges first.
    public let first: Cluster

    /// The right cluster.
    public let second: Cluster

    /// The distance of the two clusters, in the unit of the distances.
    public let height: Double

    /// The number of assets in the new cluster.
    public let count: Int
  }

  /// The N − 1 merges in increasing order of height: the rows of SciPy's linkage matrix.
  public let merges: [Merge]

  /// The assets from left to right, so that each cluster is contiguous (quasi-diagonalization).
  ///
  /// The sides of a merge stand as in ``merges`` unless the optimal order was asked for.
  public let leafOrder: [AssetID]

  /// Builds the tree of given distances.
  ///
  /// Single linkage is exact. The heights of the others have a relative error of some ulp for each
  /// level of the tree. Methods: minimum spanning tree [Gower and Ross 1969], nearest-neighbor chain
  /// [Murtagh 1983, Müllner 2011].
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - distances: N × N numbers, finite and not negative; the diagonal is not read.
  ///   - linkage: How far apart two clusters are.
  ///   - order: The order of the leaves.
  /// - Throws: ``AllocationError/invalidValue(argument:asset:got:allowed:)`` for a wrong order, an element
  ///   outside its range, or a height that is not representable.
  /// - Complexity: O(N²), and O(N³) for the optimal order.
  public init(
    universe: Universe,
    distances: SymmetricMatrix,
    linkage: Linkage,
    order: LeafOrder = .merges
  ) throws(AllocationError) {
    let n = universe.count
    guard distances.order == n else {
      throw .invalidValue(
        argument: "order of distances", asset: nil, got: Double(distances.order),
        allowed: Double(n)...Double(n))
    }
    for j in 0..<n {
      let column = distances.column(j)
      for i in 0..<j where !(column[i] >= 0 && column[i].isFinite) {
        throw .invalidValue(
          argument: "distances", asset: universe.assets[j], got: column[i], allowed: .nonnegative)
      }
    }
    let positions = universe.positionsByName
    var sorted = distances.submatrix(at: positions)
    for i in 0..<n { sorted[i, i] = 0 }
    let tree = MergeTree(distances: sorted, linkage: linkage)
    guard tree.nodes.last?.height.isFinite ?? true else {
      throw .invalidValue(
        argument: "distances", asset: nil, got: .infinity, allowed: .nonnegative)
    }
    self.init(
      tree, leafOrder: tree.leaves(in: order, sorted),
      assets: positions.map { universe.assets[$0] })
  }

  /// Puts labels on a tree; `assets` are in the order of their names.
  init(_ tree: MergeTree, leafOrder: [Int], assets: [AssetID]) {
    let cluster = { (index: Int) -> Cluster in
      index < assets.count ? .asset(assets[index]) : .merge(index - assets.count)
    }
    merges = tree.nodes.map {
      Merge(
        first: cluster($0.first), second: cluster($0.second), height: $0.height, count: $0.count)
    }
    self.leafOrder = leafOrder.map { assets[$0] }
  }
}

extension MergeTree {
  /// Clusters items by distances that are known to be finite and not negative, zero on the diagonal.
  init(distances: SymmetricMatrix, linkage: Linkage) {
    let joins =
      linkage == .single
      ? SpanningTree.joins(distances) : NearestNeighborChain.joins(distances, linkage)
    self.init(leafCount: distances.order, sorted: joins)
  }

  /// The items from left to right, given their distances.
  func leaves(in order: LeafOrder, _ distances: SymmetricMatrix) -> [Int] {
    switch order {
    case .merges: leafOrder
    case .optimal: OptimalLeafOrder.leaves(self, distances)
    }
  }
}
