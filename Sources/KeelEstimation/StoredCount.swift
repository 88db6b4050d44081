/// Counts that a saved state holds.
enum StoredCount {
  /// The largest one: far beyond any series, and one more is representable.
  static let largest = 1 << 53

  static func require(_ argument: String, _ count: Int) throws(EstimationError) {
    guard (0...largest).contains(count) else {
      throw .invalid(argument, Double(count), lowest: 0, highest: Double(largest))
    }
  }
}
