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

  /// Nil where the dispersion is not positive definite to rounding.
  init?(
    _ points: Matrix,
    location: [Double],
    drift: [Double],
    dispersion: SymmetricMatrix
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
    logDeterminant = factor.logDeterminant
    driftSquare = self.drift.reduce(0) { $0 + $1 * $1 }
  }

  var count: Int { rows.rowCount - 1 }

  /// |y|² of row i.
  func square(_ i: Int) -> Double {
    drift.indices.reduce(0.0) { $0 + rows[i, $1] * rows[i, $1] }
  }

  /// What a density under a mixing law needs of row i.
  func point(_ i: Int, _ mixing: MixingShape) -> MixingShape.Point {
    let (low, high) = (mixing.psi.squareRoot(), mixing.chi.squareRoot())
    var point = MixingShape.Point(square: 0, product: 0, gap: 0, determinant: 0)
    for k in drift.indices {
      let (y, v) = (rows[i, k], drift[k])
      point.square += y * y
      point.product += y * v
      let gap = low * y - high * v
      point.gap += gap * gap
    }
    guard driftSquare > 0 else { return point }
    let slope = point.product / driftSquare
    for k in drift.indices {
      let rest = rows[i, k] - slope * drift[k]
      point.determinant += rest * rest
    }
    point.determinant *= driftSquare
    return point
  }
}
