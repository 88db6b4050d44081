import KeelLinearAlgebra
import KeelNumerics

/// Rows about a location and a drift, both in units of a dispersion: y = L⁻¹(x − μ), v = L⁻¹γ.
struct WhitenedRows {
  /// T × d.
  private let rows: Matrix
  private let drift: [Double]
  let logDeterminant: Double
  /// |v|².
  let driftSquare: Double
  /// The units of the rows, powers of two; empty where all are one.
  private let units: [Double]

  /// Nil where the dispersion is not positive definite to rounding.
  init?(
    _ points: Matrix,
    location: [Double],
    drift: [Double],
    dispersion: SymmetricMatrix,
    units: [Double] = []
  ) {
    let (t, d) = (points.rowCount, points.columnCount)
    guard let factor = try? Cholesky(dispersion),
      factor.reciprocalCondition > Double(d) * Double.ulpOfOne
    else { return nil }
    let storage = [Double](capacity: (t + 1) * d) { output in
      for j in 0..<d {
        let center = location[j]
        for i in 0..<t { output.append(points[i, j] - center) }
        output.append(drift[j])
      }
    }
    var all = Matrix(uncheckedRowCount: t + 1, columnCount: d, storage: storage)
    do throws(LinearAlgebraError) {
      try all.solveTriangular(
        factor.lower, TriangularForm(side: .right, transposition: .transposed))
    } catch {
      return nil
    }
    rows = all
    self.drift = all.row(t)
    self.units = units
    logDeterminant = factor.logDeterminant
    driftSquare = self.drift.reduce(0) { $0 + $1 * $1 }
  }

  var count: Int { rows.rowCount - 1 }

  /// Whether row i is too long for its squares, or overflowed.
  func isFar(_ i: Int) -> Bool {
    !drift.indices.allSatisfy { rows[i, $0].magnitude <= Self.largestDeviation }
  }

  /// Squares of it, and quotients of these, are far from overflow.
  private static let largestDeviation = 1e60

  /// The unit of row i in which it has the length one.
  private func unit(_ i: Int) -> MixingShape.FarUnit? {
    if units.isEmpty { return nil }
    let size = drift.indices.reduce(Double.leastNormalMagnitude) {
      max($0, rows[i, $1].magnitude)
    }
    return MixingShape.FarUnit(size: size, power: units[i])
  }

  /// |y|² of row i.
  func square(_ i: Int) -> Double {
    let sum = drift.indices.reduce(0.0) { $0 + rows[i, $1] * rows[i, $1] }
    return units.isEmpty ? sum : sum * units[i] * units[i]
  }

  /// What a density under a mixing law needs of row i.
  func point(_ i: Int, _ mixing: MixingShape) -> MixingShape.Point {
    let (low, high) = (mixing.psi.squareRoot(), mixing.chi.squareRoot())
    let unit = unit(i)
    let (size, inverse) = unit.map { ($0.size, 1 / $0.value) } ?? (1, 1)
    var point = MixingShape.Point(square: 0, product: 0, gap: 0, determinant: 0, unit: unit)
    for k in drift.indices {
      let (y, v) = (rows[i, k] / size, drift[k])
      point.square += y * y
      point.product += y * v
      let gap = low * y - high * (v * inverse)
      point.gap += gap * gap
    }
    // Of one dimension it is zero.
    guard driftSquare > 0, drift.count > 1 else { return point }
    let slope = point.product / driftSquare
    for k in drift.indices {
      let rest = rows[i, k] / size - slope * drift[k]
      point.determinant += rest * rest
    }
    point.determinant *= driftSquare
    return point
  }
}
