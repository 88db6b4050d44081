// Goals: (1) the units of the caller out of the way, also along chains of rows; (2) a few passes over
// the coefficients; (3) memory that is kept.
//
// Least-squares scaling of Curtis and Reid, IMA Journal of Applied Mathematics 10 (1972): minimize
// Σ (log₂|a| + ρ row + γ column)² over the coefficients, by conjugate gradients on the columns.

/// Factors of variables that make the coefficients of rows alike in size.
struct CurtisReidScaling: Sendable {
  /// Conjugate-gradient steps at most: a chain of so many rows is still scaled exactly.
  private static let maximumSteps = 60

  /// Factors are rounded to powers of two, so that exponents need not be better than this.
  private static let exponentTolerance = 0.05

  /// The largest exponent of a factor.
  private static let exponentLimit = 900.0

  /// Powers of two by which to multiply the columns; 1 for a variable in no row.
  private(set) var columnFactors: [Double] = []

  private var exponents: [Double] = []
  private var residual: [Double] = []
  private var direction: [Double] = []
  private var image: [Double] = []
  /// A number for each coefficient.
  private var values: [Double] = []

  init() {}

  /// Takes memory for rows with a number of coefficients in a number of variables.
  mutating func reserve(count: Int, entryCount: Int) {
    columnFactors.reserveCapacity(count)
    exponents.reserveCapacity(count)
    residual.reserveCapacity(count)
    direction.reserveCapacity(count)
    image.reserveCapacity(count)
    values.reserveCapacity(entryCount)
  }

  /// Chooses the factors for rows of a number of variables.
  mutating func restart(_ rows: CoreRows, count: Int) {
    values.refill(rows.indices.count, with: 0)
    for e in values.indices where rows.coefficients[e].isNormal {
      values[e] = -Double(rows.coefficients[e].exponent)
    }
    Self.center(values, of: rows, count: count, into: &residual)
    direction.copyElements(of: residual)
    exponents.refill(count, with: 0)
    var size = dot(residual, residual)
    for _ in 0..<Self.maximumSteps where largestMagnitude(residual) > Self.exponentTolerance {
      for e in values.indices { values[e] = direction[rows.indices[e]] }
      Self.center(values, of: rows, count: count, into: &image)
      let curvature = dot(direction, image)
      guard curvature > 0 else { break }
      let step = size / curvature
      for i in exponents.indices {
        exponents[i] += step * direction[i]
        residual[i] -= step * image[i]
      }
      let next = dot(residual, residual)
      for i in direction.indices { direction[i] = residual[i] + next / size * direction[i] }
      size = next
    }
    columnFactors.refill(count, with: 1)
    let limit = Self.exponentLimit
    for i in exponents.indices {
      let exponent = Int(min(max(exponents[i], -limit), limit).rounded())
      columnFactors[i] = Double(sign: .plus, exponent: exponent, significand: 1)
    }
  }

  /// The columns' sums of (value − mean of its row).
  private static func center(
    _ values: [Double],
    of rows: CoreRows,
    count: Int,
    into result: inout [Double]
  ) {
    result.refill(count, with: 0)
    for k in 0..<rows.count where !rows.entries(k).isEmpty {
      var mean = 0.0
      for e in rows.entries(k) { mean += values[e] }
      mean /= Double(rows.entries(k).count)
      for e in rows.entries(k) { result[rows.indices[e]] += values[e] - mean }
    }
  }
}
