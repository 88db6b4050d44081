import KeelLinearAlgebra
import KeelNumerics

/// The eigenvalues and eigenvectors of a sample covariance, in scaled units.
struct SampleSpectrum {
  /// The eigenvalues, ascending, none below zero.
  let values: [Double]

  let vectors: Matrix

  /// The number of eigenvalues that are more than rounding.
  let rank: Int

  /// Whether the null space is the one that too few observations leave, T − 1 < N, and no more.
  let isSampleDeficient: Bool

  /// Decomposes a sample covariance with T − 1 degrees of freedom behind it.
  init(_ lowerTriangle: [Double], order: Int, freedom: Int) throws(EstimationError) {
    do throws(LinearAlgebraError) {
      let eigen = try SymmetricEigen(
        SymmetricMatrix(lowerTriangleOf: lowerTriangle, order: order))
      let largest = eigen.values.last ?? 0
      // What rounding leaves of a zero: the sum of T products, and the decomposition.
      let nothing = 4 * Double(order) * Double.ulpOfOne * largest
      let most = min(order, freedom)
      let above = eigen.values.reduce(0) { $0 + ($1 > nothing ? 1 : 0) }
      rank = min(above, most)
      isSampleDeficient = order > freedom && rank == freedom
      values = eigen.values.map { max($0, 0) }
      vectors = eigen.vectors
    } catch {
      throw EstimationError(error)
    }
  }

  /// V diag(λ) V' with other eigenvalues, the lower triangle.
  func withValues(_ newValues: [Double]) throws(EstimationError) -> [Double] {
    try SymmetricEigen.product(vectors, 0..<values.count) { newValues[$0] }
  }
}

extension SymmetricEigen {
  /// Σ f(k) u(k) u(k)' over some vectors, f not negative: the lower triangle.
  static func product(
    _ vectors: Matrix,
    _ range: Range<Int>,
    _ value: (Int) -> Double
  ) throws(EstimationError) -> [Double] {
    let n = vectors.rowCount
    let storage = [Double](capacity: n * range.count) { output in
      for k in range {
        let factor = max(value(k), 0).squareRoot()
        let vector = vectors.column(k)
        for i in 0..<n { output.append(factor * vector[i]) }
      }
    }
    do throws(LinearAlgebraError) {
      return try Matrix(uncheckedRowCount: n, columnCount: range.count, storage: storage)
        .outerGram().matrix.columnMajorElements
    } catch {
      throw EstimationError(error)
    }
  }
}

/// The eigenvalues that a nonlinear shrinkage replaces, in scaled units.
struct ShrinkageSample {
  /// The eigenvalues that are more than rounding, ascending; at least one.
  let eigenvalues: [Double]

  /// The number of eigenvalues that are rounding.
  let nullCount: Int

  /// Whether the null space is the one that too few observations leave, T − 1 < N, and no more.
  let isDeficient: Bool

  /// The number of directions N: asset copies count as one, the sample is that of the directions that vary.
  let size: Double

  /// T − 1.
  let freedom: Double

  /// c = N / (T − 1).
  var concentration: Double { size / freedom }
}

/// What a nonlinear shrinkage makes of eigenvalues.
struct ShrunkEigenvalues {
  /// The value of each direction of the null space.
  var null = 0.0

  /// Of the others, in their order.
  var values: [Double]
}

extension ReturnsMatrix {
  /// The estimate that keeps the eigenvectors of the sample covariance, with the divisor T − 1, and replaces its eigenvalues;
  /// assets that do not vary are left out and get zero.
  func shrunkEstimate(
    _ rule: (ShrinkageSample) -> ShrunkEigenvalues
  ) throws(EstimationError) -> UnlabeledCovariance {
    var elements = try shrunk { spectrum in
      if spectrum.rank == 0 { return spectrum.values }
      let order = spectrum.values.count
      let sample = ShrinkageSample(
        eigenvalues: Array(spectrum.values.suffix(spectrum.rank)), nullCount: order - spectrum.rank,
        isDeficient: spectrum.isSampleDeficient,
        size: Double(spectrum.isSampleDeficient ? order : spectrum.rank),
        freedom: Double(rowCount - 1))
      let result = rule(sample)
      return [Double](repeating: result.null, count: sample.nullCount) + result.values
    }
    try unscale(&elements)
    return UnlabeledCovariance(lowerTriangle: elements, order: columnCount)
  }

  /// The sample covariance with other eigenvalues, the lower triangle in scaled units.
  private func shrunk(
    _ newValues: (SampleSpectrum) -> [Double]
  ) throws(EstimationError) -> [Double] {
    var sample = try centeredProducts()
    let n = columnCount
    let inverse = 1 / Double(rowCount - 1)
    var elements = sample.mutableSpan
    for i in elements.indices { elements[i] *= inverse }
    let varying = (0..<n).filter { sample[$0 * (n + 1)] > 0 }
    if varying.isEmpty { return sample }
    let isWhole = varying.count == n
    let spectrum = try SampleSpectrum(
      isWhole ? sample : Self.part(of: sample, order: n, at: varying), order: varying.count,
      freedom: rowCount - 1)
    let shrunk = try spectrum.withValues(newValues(spectrum))
    if isWhole { return shrunk }
    for (k, j) in varying.enumerated() {
      for l in k..<varying.count { sample[varying[l] + j * n] = shrunk[l + k * varying.count] }
    }
    return sample
  }

  private static func part(of lowerTriangle: [Double], order: Int, at rows: [Int]) -> [Double] {
    [Double](capacity: rows.count * rows.count) { output in
      for j in rows {
        for i in rows { output.append(i < j ? 0 : lowerTriangle[i + j * order]) }
      }
    }
  }
}
