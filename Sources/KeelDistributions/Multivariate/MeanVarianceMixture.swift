// The parts that all normal mean-variance mixtures share: x = μ + γW + √W L z, Σ = LL'.

import KeelData
import KeelNumerics

/// A normal law of many returns whose variance, and mean in proportion, is multiplied by one random number.
struct MeanVarianceMixture: Hashable, Sendable {
  let location: [Double]
  let drift: [Double]
  let dispersion: Covariance

  var universe: Universe { dispersion.universe }

  init(
    universe: Universe,
    location: [Double],
    drift: [Double],
    dispersion: SymmetricMatrix
  ) throws(DistributionsError) {
    for (name, values) in [("location", location), ("drift", drift)] {
      guard values.count == universe.count else {
        throw .shapeMismatch(argument: name, got: values.count, required: universe.count)
      }
      for value in values { try requireFinite(value, name) }
    }
    self.location = location
    self.drift = drift
    do throws(DataError) {
      self.dispersion = try Covariance(universe: universe, dense: dispersion)
    } catch {
      throw DistributionsError(error)
    }
  }

  /// The means for a mixing number of a given mean.
  func expectedReturns(mixingMean: Double) throws(DistributionsError) -> ExpectedReturns {
    do throws(DataError) {
      return try ExpectedReturns(
        universe: universe,
        values: location.indices.map { location[$0] + mixingMean * drift[$0] })
    } catch {
      throw DistributionsError(error)
    }
  }

  /// E[W] Σ + Var[W] γγ'.
  func covariance(mixingMean: Double, mixingVariance: Double) throws(DistributionsError)
    -> Covariance
  {
    var matrix = dispersion.matrix
    for j in drift.indices {
      for i in 0...j {
        matrix[i, j] = mixingMean * matrix[i, j] + mixingVariance * drift[i] * drift[j]
      }
    }
    do throws(DataError) {
      return try Covariance(universe: universe, dense: matrix)
    } catch {
      throw DistributionsError(error)
    }
  }

  /// w'μ, w'γ and √(w'Σw).
  func projection(
    _ weights: Weights
  ) throws(DistributionsError) -> (location: Double, drift: Double, deviation: Double) {
    let deviation = try VolatilityGradient(weights: weights, covariance: dispersion).volatility
    try requirePositive(deviation, "portfolio volatility")
    let values = weights.values
    return (
      zip(values, location).reduce(0.0) { $0 + $1.0 * $1.1 },
      zip(values, drift).reduce(0.0) { $0 + $1.0 * $1.1 }, deviation
    )
  }

  /// The logarithm of the density at each row.
  func logPDF(_ points: Matrix, _ mixing: MixingShape) throws(DistributionsError) -> [Double] {
    let d = universe.count
    return try logPDF(points) { rows, i in
      mixing.logDensity(rows.point(i, mixing), driftSquare: rows.driftSquare, dimensionCount: d)
    }
  }

  /// The logarithm of the density at each row, from what it is but for `−d/2 ln 2π − ½ ln|Σ|`.
  func logPDF(
    _ points: Matrix,
    _ logPart: (WhitenedRows, Int) -> Double
  ) throws(DistributionsError) -> [Double] {
    let d = universe.count
    guard points.columnCount == d else {
      throw .shapeMismatch(argument: "points", got: points.columnCount, required: d)
    }
    // Rows that are not finite would be refused below.
    var finite = points
    var bad = [Bool](repeating: false, count: points.rowCount)
    var isFar = bad
    for j in 0..<d {
      for i in 0..<points.rowCount where !(points[i, j].magnitude <= Self.largestReturn) {
        bad[i] = bad[i] || !points[i, j].isFinite
        isFar[i] = true
        finite[i, j] = 0
      }
    }
    guard
      let rows = WhitenedRows(
        finite, location: location, drift: drift, dispersion: dispersion.matrix)
    else { throw .notRepresentable(result: "logPDF") }
    let farRows = isFar.indices.filter { !bad[$0] && (isFar[$0] || rows.isFar($0)) }
    guard let farPart = farRows.isEmpty ? rows : scaled(points, farRows) else {
      throw .notRepresentable(result: "logPDF")
    }
    let constant = -Double(d) * halfLogTwoPi - 0.5 * rows.logDeterminant
    var result = bad.indices.map { i in
      if bad[i] { return points.row(i).contains { $0.isNaN } ? Double.nan : -.infinity }
      return isFar[i] ? 0 : constant + logPart(rows, i)
    }
    for (place, i) in farRows.enumerated() { result[i] = constant + logPart(farPart, place) }
    return result
  }

  /// Larger returns may overflow in units of the dispersion.
  private static let largestReturn = 1e100

  /// Some rows, each in a unit of its own.
  private func scaled(_ points: Matrix, _ places: [Int]) -> WhitenedRows? {
    let d = universe.count
    let units = places.map { i in
      let largest = (0..<d).reduce(Double.leastNormalMagnitude) {
        max($0, points[i, $1].magnitude, location[$1].magnitude)
      }
      return Double(
        sign: .plus, exponent: min(Int(largest.exponent), Self.largestExponent), significand: 1)
    }
    let differences = [Double](capacity: places.count * d) { output in
      for j in 0..<d {
        for (place, i) in places.enumerated() {
          output.append(points[i, j] / units[place] - location[j] / units[place])
        }
      }
    }
    return WhitenedRows(
      Matrix(uncheckedRowCount: places.count, columnCount: d, storage: differences),
      location: [Double](repeating: 0, count: d), drift: drift, dispersion: dispersion.matrix,
      units: units)
  }

  /// The exponent of a power of two of which the inverse is normal.
  private static let largestExponent = 1020
}
