// Goals in order: the numbers of the batch, the same bits however the stream is cut, O(N²) a row.
//
// Sums and factor are kept as if the first row weighed one, so that a row costs one rank-one update of each; the weights
// grow instead of the sums shrinking, and a power of two is taken out before they leave the range.

public import KeelData
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The covariance with exponential weights and its Cholesky factor, updated with every row of returns.
///
/// Equal to ``EWMACovariance`` about zero within 1e-12 of the largest element. With ``Weighting/studentT(degreesOfFreedom:)``
/// a row far from the others, measured by the factor, weighs less.
///
/// The state can be compared, stored and read again; a stream that goes on from it has the bits of one that never
/// stopped.
public struct StreamingCovariance: Hashable, Sendable {
  /// How rows are weighed beside their age.
  @nonexhaustive
  public enum Weighting: Hashable, Sendable {
    /// All alike.
    case none

    /// By the law of Student with these degrees of freedom ν, more than 2: (ν + N) / (ν + d²) with the squared
    /// distance d² = x' S⁻¹ x from the scatter S = Σ (ν − 2)/ν of the rows before. The first 2 N rows weigh all alike.
    case studentT(degreesOfFreedom: Double)
  }

  /// The N assets.
  public let universe: Universe

  /// The age, in rows, at which a row weighs half as much as the last one.
  public let halfLife: Double

  /// How rows are weighed beside their age.
  public let weighting: Weighting

  /// The number of rows so far.
  public private(set) var observationCount = 0

  /// Σ w x x', the lower triangle.
  private var sums: [Double]

  /// Its Cholesky factor, the lower triangle.
  private var factor: [Double]

  /// The sum of the weights and the weight of the next row.
  private var weightSum = 0.0
  private var weight = 1.0

  private var row: [Double]

  /// The least and largest return that is taken.
  public static let allowedReturns = -1...1e100

  /// The largest number of rows of a stored state; a stream cannot live to see it.
  private static let largestCount = 1 << 53

  /// A power of two that weights stay below.
  private static let largestWeight = 0x1p200

  /// Starts a stream.
  ///
  /// - Parameters:
  ///   - universe: The N assets, at most 46 340.
  ///   - halfLife: The age, in rows, at which a row weighs half as much as the last one; at least 0.01.
  ///   - weighting: How rows are weighed beside their age.
  /// - Throws: `EstimationError.invalidValue`, `EstimationError.assetCountOutOfRange`.
  public init(
    universe: Universe,
    halfLife: Double,
    weighting: Weighting = .none
  ) throws(EstimationError) {
    // A shorter one would leave the range within one row.
    let shortest = 0.01
    guard halfLife >= shortest, halfLife.isFinite else {
      throw .invalidValue(
        argument: "halfLife", got: halfLife, lowest: shortest,
        highest: .greatestFiniteMagnitude)
    }
    if case .studentT(let degrees) = weighting, !(degrees > 2 && degrees <= 1e6) {
      throw .invalidValue(
        argument: "degreesOfFreedom", got: degrees, lowest: 2.0.nextUp, highest: 1e6)
    }
    let n = universe.count
    guard ReturnsMatrix.allowedAssetCount.contains(n) else {
      throw .assetCountOutOfRange(got: n, allowed: ReturnsMatrix.allowedAssetCount)
    }
    self.universe = universe
    self.halfLife = halfLife
    self.weighting = weighting
    sums = [Double](repeating: 0, count: n * n)
    factor = sums
    row = [Double](repeating: 0, count: n)
  }

  /// Takes the next row.
  ///
  /// - Parameter returns: One simple return of each asset, in the order of the universe.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidReturn` with the asset; the state is then as it
  ///   was.
  /// - Complexity: O(N²), no allocation.
  public mutating func update(_ returns: [Double]) throws(EstimationError) {
    let n = row.count
    guard returns.count == n else {
      throw .shapeMismatch(argument: "returns", got: returns.count, required: n)
    }
    for (i, value) in returns.enumerated() where !Self.allowedReturns.contains(value) {
      throw .invalidReturn(
        asset: universe.assets[i], column: i, row: observationCount, got: value)
    }
    let share = weight * outlyingness(of: returns)
    var sums = sums.mutableSpan
    for j in 0..<n where returns[j] != 0 {
      let scaled = share * returns[j]
      for i in j..<n { sums[i &+ j &* n] += scaled * returns[i] }
    }
    let root = share.squareRoot()
    for i in 0..<n { row[i] = root * returns[i] }
    Self.update(&factor, &row)
    weightSum += weight
    weight *= exp2(1 / halfLife)
    observationCount += 1
    if weight > Self.largestWeight { takeOutScale() }
  }

  /// The covariance of the rows so far, per period.
  ///
  /// - Returns: The covariance, positive semidefinite by construction.
  /// - Throws: `EstimationError.tooFewObservations` before the first row, `EstimationError.notRepresentable`.
  public func covariance() throws(EstimationError) -> Covariance {
    guard observationCount > 0 else { throw .tooFewObservations(got: 0, required: 1) }
    let n = row.count
    let scale = scatterFactor / weightSum
    return try Covariance(
      UnlabeledCovariance(
        form: .dense(SymmetricMatrix(lowerTriangleOf: sums.map { $0 * scale }, order: n)),
        diagnostics: CovarianceDiagnostics(observationCount: observationCount)),
      over: universe)
  }

  /// The squared distance x' Σ⁻¹ x of a row from the covariance: how unusual it is.
  ///
  /// For normal returns it is about N on average.
  ///
  /// - Parameter returns: One return of each asset, in the order of the universe.
  /// - Returns: The squared Mahalanobis distance.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidReturn`,
  ///   `EstimationError.notPositiveDefinite` while the rows so far leave a direction without variance.
  /// - Complexity: O(N²).
  public func squaredDistance(_ returns: [Double]) throws(EstimationError) -> Double {
    guard returns.count == row.count else {
      throw .shapeMismatch(argument: "returns", got: returns.count, required: row.count)
    }
    for (i, value) in returns.enumerated() where !Self.allowedReturns.contains(value) {
      throw .invalidReturn(
        asset: universe.assets[i], column: i, row: observationCount, got: value)
    }
    var work = returns
    let square = Self.square(factor, &work) * weightSum / scatterFactor
    guard square.isFinite else { throw .notPositiveDefinite }
    return square
  }

  /// By what the scatter of the law of Student is multiplied to be the covariance.
  private var scatterFactor: Double {
    guard case .studentT(let degrees) = weighting else { return 1 }
    return degrees / (degrees - 2)
  }

  /// The weight of a row beside its age.
  private mutating func outlyingness(of returns: [Double]) -> Double {
    guard case .studentT(let degrees) = weighting else { return 1 }
    let plain = (degrees - 2) / degrees
    if observationCount < 2 * returns.count { return plain }
    var work: [Double] = []
    swap(&work, &row)
    for i in returns.indices { work[i] = returns[i] }
    let square = Self.square(factor, &work) * weightSum
    swap(&work, &row)
    // Where a direction never moved nothing is known about distances.
    return square.isFinite ? (degrees + Double(returns.count)) / (degrees + square) : plain
  }

  /// ‖L⁻¹ x‖², infinite for a singular factor; x is overwritten.
  private static func square(_ factor: [Double], _ x: inout [Double]) -> Double {
    let n = x.count
    let elements = factor.span
    var work = x.mutableSpan
    var square = 0.0
    for k in 0..<n {
      let pivot = elements[k &* (n &+ 1)]
      guard pivot > 0 else { return .infinity }
      let solved = work[k] / pivot
      square += solved * solved
      for i in (k &+ 1)..<max(n, k &+ 1) { work[i] -= elements[i &+ k &* n] * solved }
    }
    return square
  }

  /// L L' + x x' by Givens rotations; a singular L stays a factor, x is overwritten.
  private static func update(_ factor: inout [Double], _ x: inout [Double]) {
    let n = x.count
    var elements = factor.mutableSpan
    var x = x.mutableSpan
    for k in 0..<n where x[k] != 0 {
      let start = k &* (n &+ 1)
      let pivot = elements[start]
      let length = hypot(pivot, x[k])
      let (cosine, sine) = (pivot / length, x[k] / length)
      elements[start] = length
      let count = n &- k &- 1
      var column = elements._mutatingExtracting((start &+ 1)..<(start &+ 1 &+ count))
      var rest = x._mutatingExtracting((k &+ 1)..<n)
      guard column.count == count, rest.count == count else { return }
      for i in 0..<count {
        let (a, b) = (column[i], rest[i])
        column[i] = cosine * a + sine * b
        rest[i] = cosine * b - sine * a
      }
    }
  }

  /// Multiplies everything by a power of two, exactly.
  private mutating func takeOutScale() {
    let root = Double(sign: .plus, exponent: -(weight.exponent / 2), significand: 1)
    let scale = root * root
    for i in sums.indices { sums[i] *= scale }
    for i in factor.indices { factor[i] *= root }
    weightSum *= scale
    weight *= scale
  }
}

// MARK: - Stored states

extension StreamingCovariance: Codable {
  /// Reads a state.
  ///
  /// - Parameter decoder: What ``encode(to:)`` wrote.
  /// - Throws: `DecodingError` for a state that no stream can have.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let degrees = try container.decodeIfPresent(Double.self, forKey: .degreesOfFreedom)
    func refuse(_ reason: String) -> DecodingError {
      .dataCorrupted(.init(codingPath: container.codingPath, debugDescription: reason))
    }
    let universe = try container.decode(Universe.self, forKey: .universe)
    let halfLife = try container.decode(Double.self, forKey: .halfLife)
    let triangle = try container.decode([Double].self, forKey: .sums)
    let factorTriangle = try container.decode([Double].self, forKey: .factor)
    let n = universe.count
    let (size, overflow) = n.multipliedReportingOverflow(by: n + 1)
    // Before memory is taken for what is announced.
    guard !overflow, triangle.count == size / 2, factorTriangle.count == size / 2 else {
      throw refuse("not a state of a stream")
    }
    do throws(EstimationError) {
      self = try StreamingCovariance(
        universe: universe, halfLife: halfLife,
        weighting: degrees.map { .studentT(degreesOfFreedom: $0) } ?? .none)
    } catch {
      throw refuse("\(error)")
    }
    observationCount = try container.decode(Int.self, forKey: .observationCount)
    weightSum = try container.decode(Double.self, forKey: .weightSum)
    weight = try container.decode(Double.self, forKey: .weight)
    guard (0...Self.largestCount).contains(observationCount), weight > 0,
      weight <= Self.largestWeight, weightSum >= 0, weightSum.isFinite,
      triangle.allSatisfy(\.isFinite), factorTriangle.allSatisfy(\.isFinite)
    else { throw refuse("not a state of a stream") }
    var place = 0
    for j in 0..<n {
      for i in j..<n {
        sums[i + j * n] = triangle[place]
        factor[i + j * n] = factorTriangle[place]
        place += 1
      }
    }
    guard isConsistent else { throw refuse("the factor is not that of the sums") }
  }

  /// Whether L L' has the diagonal of the sums, and their product with one vector.
  private var isConsistent: Bool {
    let n = row.count
    var (squares, half) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    let probe = (0..<n).map { $0 % 3 == 0 ? -1.0 : 1 }
    for k in 0..<n {
      for i in k..<n {
        squares[i] += factor[i + k * n] * factor[i + k * n]
        half[k] += factor[i + k * n] * probe[i]
      }
    }
    var (left, right) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    for k in 0..<n {
      for i in k..<n {
        left[i] += factor[i + k * n] * half[k]
        right[i] += sums[i + k * n] * probe[k]
        if i != k { right[k] += sums[i + k * n] * probe[i] }
      }
    }
    let share = 1e-9
    let roots = (0..<n).map { max(sums[$0 * (n + 1)], 0).squareRoot() }
    let reach = roots.reduce(0, +)
    return (0..<n).allSatisfy { i in
      sums[i * (n + 1)] >= 0 && factor[i * (n + 1)] >= 0
        && (squares[i] - sums[i * (n + 1)]).magnitude <= share * sums[i * (n + 1)]
        && (left[i] - right[i]).magnitude <= share * roots[i] * reach
    }
  }

  /// Writes the state; numbers that go through text need 17 digits to come back as the same bits.
  ///
  /// - Parameter encoder: Where to.
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(universe, forKey: .universe)
    try container.encode(halfLife, forKey: .halfLife)
    if case .studentT(let degrees) = weighting {
      try container.encode(degrees, forKey: .degreesOfFreedom)
    }
    try container.encode(observationCount, forKey: .observationCount)
    try container.encode(weightSum, forKey: .weightSum)
    try container.encode(weight, forKey: .weight)
    let n = row.count
    for (elements, key) in [(sums, CodingKeys.sums), (factor, .factor)] {
      let triangle = (0..<n).flatMap { j in elements[(j * n + j)..<((j + 1) * n)] }
      try container.encode(triangle, forKey: key)
    }
  }

  private enum CodingKeys: String, CodingKey {
    case universe, halfLife, degreesOfFreedom, observationCount, weightSum, weight, sums, factor
  }

  /// Compares settings and state.
  public static func == (left: Self, right: Self) -> Bool {
    left.universe == right.universe && left.halfLife == right.halfLife
      && left.weighting == right.weighting && left.observationCount == right.observationCount
      && left.weightSum == right.weightSum && left.weight == right.weight
      && left.sums == right.sums && left.factor == right.factor
  }

  /// Hashes settings and state.
  ///
  /// - Parameter hasher: The hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(universe)
    hasher.combine(halfLife)
    hasher.combine(weighting)
    hasher.combine(observationCount)
    hasher.combine(weightSum)
    hasher.combine(sums)
  }
}
