/// A point in time in UTC, in whole nanoseconds since 1970-01-01T00:00:00Z.
///
/// The range is 1677 to 2262. Leap seconds are not counted, as in POSIX time. Keel never reads a
/// clock: every timestamp comes from the caller.
public struct Timestamp: Hashable, Sendable, Codable, Comparable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public let nanosecondsSinceEpoch: Int64

  /// Creates a timestamp from nanoseconds since 1970-01-01T00:00:00Z.
  ///
  /// - Parameter nanosecondsSinceEpoch: The nanoseconds; negative before 1970.
  public init(nanosecondsSinceEpoch: Int64) {
    self.nanosecondsSinceEpoch = nanosecondsSinceEpoch
  }

  /// Orders timestamps by time.
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
  }
}
