import KeelData

/// Equity over time in bounded memory: when there are too many points, every other one is dropped, and from then on as
/// many more are passed over.
struct EquityCurve: Sendable {
  private let limit: Int
  private var stride = 1
  private var count = 0
  private var times: [Timestamp] = []
  private var equities: [Double] = []

  /// The last point, whether it is kept or not.
  private(set) var last: (time: Timestamp, equity: Double)?

  /// Creates an empty curve that keeps at most twice so many points, at least one.
  init(limit: Int) { self.limit = max(limit, 1) }

  mutating func append(_ equity: Double, at time: Timestamp) {
    last = (time, equity)
    if count % stride == 0 {
      times.append(time)
      equities.append(equity)
      if times.count == 2 * limit {
        times = Self.thinned(times)
        equities = Self.thinned(equities)
        stride *= 2
      }
    }
    count += 1
  }

  /// The points that are kept, and the last.
  var points: (times: [Timestamp], equities: [Double]) {
    guard let last, times.last != last.time else { return (times, equities) }
    return (times + [last.time], equities + [last.equity])
  }

  private static func thinned<Value>(_ values: [Value]) -> [Value] {
    values.indices.filter { $0 % 2 == 0 }.map { values[$0] }
  }
}
