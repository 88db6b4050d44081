public import KeelNumerics

/// The covariance of a factor model, in its parts.
///
/// ```text
/// Σ = B Ω B' + diag(d)
/// ```
public struct FactorCovariance: Hashable, Sendable {
  /// The N × K exposures B of the assets to the factors.
  public let loadings: Matrix

  /// The K × K covariance Ω of the factors, per period.
  public let factorCovariance: SymmetricMatrix

  /// The N variances d that the factors do not explain, per period.
  public let specificVariances: [Double]

  /// Collects the parts; `Covariance` checks them.
  ///
  /// - Parameters:
  ///   - loadings: The N × K exposures.
  ///   - factorCovariance: The K × K covariance of the factors, per period; positive semidefinite.
  ///   - specificVariances: The N specific variances, per period; not negative.
  public init(
    loadings: Matrix,
    factorCovariance: SymmetricMatrix,
    specificVariances: [Double]
  ) {
    self.loadings = loadings
    self.factorCovariance = factorCovariance
    self.specificVariances = specificVariances
  }

  /// The variance of each asset.
  var variances: [Double] {
    let products = loadingsTimesCovariance
    var result = specificVariances
    for k in 0..<loadings.columnCount {
      let column = loadings.column(k)
      let product = products.column(k)
      for i in result.indices { result[i] += column[i] * product[i] }
    }
    return result
  }

  /// B Ω.
  private var loadingsTimesCovariance: Matrix {
    let n = loadings.rowCount
    let factorCount = loadings.columnCount
    var storage = [Double](repeating: 0, count: n * factorCount)
    var output = storage.mutableSpan
    for k in 0..<factorCount {
      for l in 0..<factorCount {
        let weight = factorCovariance[l, k]
        if weight == 0 { continue }
        let column = loadings.column(l)
        for i in 0..<n { output[i &+ k &* n] += column[i] * weight }
      }
    }
    return Matrix(uncheckedRowCount: n, columnCount: factorCount, storage: storage)
  }

  /// The full matrix.
  package var matrix: SymmetricMatrix {
    let n = loadings.rowCount
    let products = loadingsTimesCovariance
    var storage = [Double](repeating: 0, count: n * n)
    var output = storage.mutableSpan
    for k in 0..<loadings.columnCount {
      let column = loadings.column(k)
      let product = products.column(k)
      for j in 0..<n {
        let factor = column[j]
        for i in j..<n { output[i &+ j &* n] += product[i] * factor }
      }
    }
    for i in 0..<n { output[i &* (n &+ 1)] += specificVariances[i] }
    return SymmetricMatrix(lowerTriangleOf: storage, order: n)
  }

  /// The matrix, over the square of a scale, times a vector.
  func product(with vector: [Double], scale: Double) -> [Double] {
    let inverse = 1 / scale
    let factorCount = loadings.columnCount
    var exposures = [Double](repeating: 0, count: factorCount)
    for k in 0..<factorCount {
      let column = loadings.column(k)
      var sum = 0.0
      for i in vector.indices { sum += column[i] * inverse * vector[i] }
      exposures[k] = sum
    }
    var result = vector.indices.map { specificVariances[$0] * inverse * inverse * vector[$0] }
    for k in 0..<factorCount {
      var weight = 0.0
      for l in 0..<factorCount { weight += factorCovariance[k, l] * exposures[l] }
      let column = loadings.column(k)
      for i in vector.indices { result[i] += column[i] * inverse * weight }
    }
    return result
  }
}
