/// Says in which order the leaves of a tree stand, each cluster together.
@nonexhaustive
public enum LeafOrder: Hashable, Sendable, CaseIterable {
  /// As the merges stand: smaller names and earlier merges left.
  case merges

  /// The order with the least sum of distances of neighbors, which takes O(N³) operations.
  ///
  /// It and its reverse have one sum; the left side of the last merge stands left. Of other orders with equal sums the one
  /// counts whose ends, and then the ends of its parts, are nearest to where the merges put them. Reference: Bar-Joseph, Gifford
  /// and Jaakkola, Fast optimal leaf ordering for hierarchical clustering, Bioinformatics 17 (2001).
  case optimal
}
