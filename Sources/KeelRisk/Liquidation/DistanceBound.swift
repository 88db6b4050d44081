// A distance below that of every point of a box that meets some linear conditions.
//
//   minimize ½ x'Σ⁻¹x   subject to   c_j'x ≥ b_j:   any μ ≥ 0 proves   √(x'Σ⁻¹x) ≥ Σ μ_j b_j / √(y'Σy),   y = Σ μ_j c_j
//
// for b_j ≤ c_j'x and y'x ≤ √(y'Σy) √(x'Σ⁻¹x). The multipliers are found by coordinate ascent on the dual, which needs products with Σ only, so
// that it may be singular; however far it came, the bound holds. C. Hildreth, "A quadratic programming procedure", Naval Research
// Logistics Quarterly 4 (1957).

/// The dual of the nearest point of a box under linear conditions.
struct DistanceBound {
  /// A condition `normal'x ≥ offset`, with its image Σ normal and its square normal'Σ normal.
  private struct Condition {
    var normal: [Double]
    var image: [Double]
    var square: Double
    var offset: Double
    var multiplier = 0.0
  }

  /// The columns of Σ.
  private let columns: [[Double]]
  private var conditions: [Condition] = []

  /// Σy: the nearest point once the ascent has ended.
  private(set) var point: [Double]

  /// y, and √(y'Σy): the distance of ``point``.
  private(set) var normal: [Double]
  private(set) var length = 0.0

  /// The distance that is proven.
  private(set) var distance = 0.0

  /// The most passes over the conditions.
  private static let passLimit = 400

  /// The passes after which the bound is looked at.
  private static let passesPerLook = 8

  /// The relative gain between two looks below which the ascent ends.
  private static let leastGain = 1e-7

  /// A box that does not hold zero asks for its nearer ends.
  init(columns: [[Double]], lowest: [Double], highest: [Double]) {
    self.columns = columns
    point = [Double](repeating: 0, count: columns.count)
    normal = point
    for a in columns.indices where columns[a][a] > 0 {
      var unit = [Double](repeating: 0, count: columns.count)
      unit[a] = 1
      add(unit, atLeast: lowest[a])
      unit[a] = -1
      add(unit, atLeast: -highest[a])
    }
  }

  /// Adds a condition `normal'x ≥ offset`; one that no move changes is left out.
  mutating func add(_ normal: [Double], atLeast offset: Double) {
    var image = [Double](repeating: 0, count: normal.count)
    for (a, weight) in normal.enumerated() where weight != 0 {
      for b in image.indices { image[b] += weight * columns[a][b] }
    }
    let square = Self.dot(normal, image)
    guard square > 0, square.isFinite else { return }
    conditions.append(
      Condition(normal: normal, image: image, square: square, offset: offset))
  }

  /// Raises the bound until it stands or has reached a target.
  mutating func raise(to target: Double) {
    var best = distance
    for pass in 1...Self.passLimit {
      for j in conditions.indices {
        let missing = conditions[j].offset - Self.dot(conditions[j].normal, point)
        let step = max(missing / conditions[j].square, -conditions[j].multiplier)
        guard step != 0 else { continue }
        conditions[j].multiplier += step
        for b in point.indices { point[b] += step * conditions[j].image[b] }
      }
      guard pass % Self.passesPerLook == 0 else { continue }
      let proven = provenDistance()
      if proven >= target || proven <= best * (1 + Self.leastGain) {
        best = max(best, proven)
        break
      }
      best = proven
    }
    distance = max(best, provenDistance())
  }

  /// The bound of the multipliers as they are, summed anew.
  private mutating func provenDistance() -> Double {
    normal = [Double](repeating: 0, count: columns.count)
    var image = normal
    var sum = 0.0
    for condition in conditions where condition.multiplier > 0 {
      sum += condition.multiplier * condition.offset
      for b in normal.indices {
        normal[b] += condition.multiplier * condition.normal[b]
        image[b] += condition.multiplier * condition.image[b]
      }
    }
    let square = Self.dot(normal, image)
    length = max(square, 0).squareRoot()
    guard sum > 0 else { return 0 }
    return square > 0 ? sum / square.squareRoot() : .infinity
  }

  private static func dot(_ x: [Double], _ y: [Double]) -> Double {
    var sum = 0.0
    for i in x.indices { sum += x[i] * y[i] }
    return sum
  }
}
