/// Says how far apart two clusters are, given the distances of their members.
@nonexhaustive
public enum Linkage: Hashable, Sendable, CaseIterable {
  /// The least distance of two members (nearest neighbor).
  case single

  /// The largest distance of two members (farthest neighbor).
  case complete

  /// The mean distance of two members (unweighted pair groups).
  case average

  /// What a merge adds to the sum of squares inside the clusters, as a distance (Ward 1963).
  ///
  /// ```text
  /// d(A, B) = √(2 |A| |B| / (|A| + |B|)) · |center of A − center of B|
  /// ```
  ///
  /// The identity holds for Euclidean distances; others go through the same recurrence.
  case ward
}
