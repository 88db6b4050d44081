import KeelData
import KeelNumerics

/// Returns with gaps as an estimator reads them: in asset order, scaled by a power of two.
struct GapMatrix {
  let universe: Universe

  /// The column of the data at each position.
  let order: [Int]

  /// T × N, zero where there is no return, times ``scale``.
  private(set) var values: Matrix

  /// T × N, one where there is a return and zero elsewhere.
  private(set) var presence: Matrix

  /// A power of two that keeps fourth powers representable.
  let scale: Double

  var rowCount: Int { values.rowCount }
  var columnCount: Int { values.columnCount }

  init(_ returns: IncompleteReturns) throws(EstimationError) {
    let assets = returns.universe.assets
    guard ReturnsMatrix.allowedAssetCount.contains(assets.count) else {
      throw .assetCountOutOfRange(got: assets.count, allowed: ReturnsMatrix.allowedAssetCount)
    }
    universe = returns.universe
    let order = assets.indices.sorted { assets[$0] < assets[$1] }
    self.order = order
    let rows = returns.rowCount
    let largest = (0..<assets.count).reduce(0) {
      max($0, returns.storage.column($1).largestMagnitude)
    }
    let scale = ReturnsMatrix.scale(for: largest)
    self.scale = scale
    let storage = [Double](capacity: rows * order.count) { output in
      for j in order {
        let column = returns.storage.column(j)
        for i in 0..<rows { output.append(column[i] * scale) }
      }
    }
    values = Matrix(uncheckedRowCount: rows, columnCount: order.count, storage: storage)
    let marks = [Double](capacity: rows * order.count) { output in
      for j in order {
        for i in 0..<rows { output.append(returns.presence[i + j * rows] ? 1 : 0) }
      }
    }
    presence = Matrix(uncheckedRowCount: rows, columnCount: order.count, storage: marks)
  }

  /// The asset at a position.
  func asset(_ position: Int) -> AssetID { universe.assets[order[position]] }

  /// The number of returns at a position.
  func count(_ position: Int) -> Int {
    let column = presence.column(position)
    return column.indices.reduce(0) { $0 + (column[$1] == 1 ? 1 : 0) }
  }

  /// The mean of the returns at a position that exist, scaled.
  func mean(_ position: Int) -> Double {
    let (column, marks) = (values.column(position), presence.column(position))
    guard let first = column.indices.first(where: { marks[$0] == 1 }) else { return 0 }
    let origin = column[first]
    var (sum, count) = (0.0, 0.0)
    for i in column.indices where marks[i] == 1 {
      sum += column[i] - origin
      count += 1
    }
    return origin + sum / count
  }

  /// A matrix by position in scaled units, as a covariance in the order of the universe.
  func covariance(
    _ matrix: SymmetricMatrix,
    isSemidefinite: Bool,
    _ diagnostics: CovarianceDiagnostics = CovarianceDiagnostics()
  ) throws(EstimationError) -> Covariance {
    var positions = order
    for (position, column) in order.enumerated() { positions[column] = position }
    let inverse = 1 / scale
    let selected = matrix.submatrix(at: positions)
    let elements = selected.matrix.columnMajorElements.map { $0 * inverse * inverse }
    do throws(DataError) {
      return try Covariance(
        universe: universe,
        dense: SymmetricMatrix(lowerTriangleOf: elements, order: columnCount),
        definiteness: isSemidefinite ? .byConstruction : .unproved, diagnostics: diagnostics)
    } catch {
      throw .notRepresentable(result: "covariance")
    }
  }

  /// Numbers by position in scaled units, as expected returns in the order of the universe.
  func expectedReturns(_ means: [Double]) throws(EstimationError) -> ExpectedReturns {
    var values = means
    for (position, column) in order.enumerated() { values[column] = means[position] / scale }
    do throws(DataError) {
      return try ExpectedReturns(universe: universe, values: values)
    } catch {
      throw .notRepresentable(result: "expectedReturns")
    }
  }
}
