// Correlations from Kendall's τ, sin(πτ/2), which is exact for every elliptical law (F. Lindskog, A. McNeil, U. Schmock,
// "Kendall's tau for elliptical distributions", 2003); the degrees of freedom by the likelihood of the ranks with these
// (S. Demarta, A. McNeil, International Statistical Review 73, 2005, section 4). Matrices of pairs need not be positive
// definite: eigenvalues below a floor are raised to it and the diagonal is made one again (P. Rousseeuw, G. Molenberghs,
// "Transformation of non positive semidefinite correlation matrices", Communications in Statistics 22, 1993).

import KeelLinearAlgebra
public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Correlations of an elliptical law from the order of a sample alone.
public struct RankCorrelation: Hashable, Sendable {
  /// The N × N correlations, positive definite.
  public let correlation: SymmetricMatrix

  /// The Frobenius norm of what was added to make them positive definite; zero where they were.
  public let repairNorm: Double

  /// The least eigenvalue after a repair, before the diagonal is made one again.
  public static let eigenvalueFloor = 1e-6

  /// Computes `sin(πτ/2)` of every two columns, τ Kendall's correlation with ties (τ_b).
  ///
  /// - Parameter sample: T × N finite numbers, T at least ``CopulaFit/minimumObservationCount``.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation` with the place in the
  ///   column-major elements, `DistributionsError.repeatedValue` for a column that does not vary.
  /// - Complexity: O(N² T log T + N³).
  public init(_ sample: Matrix) throws(DistributionsError) {
    let (t, n) = (sample.rowCount, sample.columnCount)
    guard n >= 1 else { throw .shapeMismatch(argument: "sample", got: 0, required: 1) }
    guard t >= CopulaFit.minimumObservationCount else {
      throw .tooFewObservations(got: t, required: CopulaFit.minimumObservationCount)
    }
    let elements = sample.columnMajorElements
    if let bad = elements.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "sample", index: bad, got: elements[bad])
    }
    let columns = (0..<n).map { j in (0..<t).map { sample[$0, j] } }
    for column in columns where column.allSatisfy({ $0 == column[0] }) {
      throw .repeatedValue(value: column[0], count: t, observationCount: t)
    }
    var raw = try Self.unit(n)
    for j in 0..<n {
      for i in 0..<j {
        raw[i, j] = sin(0.5 * Double.pi * KendallCount.correlation(columns[i], columns[j]))
      }
    }
    (correlation, repairNorm) = try Self.repaired(raw)
  }

  private static func unit(_ n: Int) throws(DistributionsError) -> SymmetricMatrix {
    do throws(NumericsError) {
      return try SymmetricMatrix(diagonal: [Double](repeating: 1, count: n))
    } catch {
      throw .notRepresentable(result: "correlation")
    }
  }

  private static func repaired(
    _ raw: SymmetricMatrix
  ) throws(DistributionsError) -> (SymmetricMatrix, Double) {
    let n = raw.order
    guard let spectrum = try? SymmetricEigen(raw) else {
      throw .notRepresentable(result: "correlation")
    }
    if spectrum.values.allSatisfy({ $0 >= eigenvalueFloor }) { return (raw, 0) }
    let raised = spectrum.values.map { max($0, eigenvalueFloor) }
    func entry(_ i: Int, _ j: Int) -> Double {
      (0..<n).reduce(0.0) {
        $0 + spectrum.vectors[i, $1] * raised[$1] * spectrum.vectors[j, $1]
      }
    }
    let roots = (0..<n).map { entry($0, $0).squareRoot() }
    var result = raw
    var squares = 0.0
    for j in 0..<n {
      for i in 0..<j {
        result[i, j] = entry(i, j) / (roots[i] * roots[j])
        let change = result[i, j] - raw[i, j]
        squares += 2 * change * change
      }
    }
    return (result, squares.squareRoot())
  }
}

/// Kendall's τ_b by sorting.
///
/// Source: W. Knight, "A computer method for calculating Kendall's tau", JASA 61 (1966).
private enum KendallCount {
  static func correlation(_ x: [Double], _ y: [Double]) -> Double {
    let order = x.indices.sorted { (x[$0], y[$0]) < (x[$1], y[$1]) }
    let pairs = { (count: Int) -> Int in count * (count - 1) / 2 }
    func ties(_ isSame: (Int, Int) -> Bool) -> Int {
      var (sum, run) = (0, 1)
      for k in 1..<order.count {
        if isSame(order[k - 1], order[k]) {
          run += 1
        } else {
          sum += pairs(run)
          run = 1
        }
      }
      return sum + pairs(run)
    }
    let tiedX = ties { x[$0] == x[$1] }
    let tiedBoth = ties { x[$0] == x[$1] && y[$0] == y[$1] }
    var values = order.map { y[$0] }
    var buffer = values
    let swaps = mergeSort(&values, &buffer, 0..<values.count)
    var (tiedY, run) = (0, 1)
    for k in 1..<values.count {
      if values[k] == values[k - 1] {
        run += 1
      } else {
        tiedY += pairs(run)
        run = 1
      }
    }
    tiedY += pairs(run)
    let all = pairs(x.count)
    let difference = Double(all - tiedX - tiedY + tiedBoth - 2 * swaps)
    return difference / (Double(all - tiedX).squareRoot() * Double(all - tiedY).squareRoot())
  }

  /// Sorts and counts the pairs out of order.
  private static func mergeSort(
    _ values: inout [Double],
    _ buffer: inout [Double],
    _ range: Range<Int>
  ) -> Int {
    guard range.count > 1 else { return 0 }
    let middle = range.lowerBound + range.count / 2
    var swaps =
      mergeSort(&values, &buffer, range.lowerBound..<middle)
      + mergeSort(&values, &buffer, middle..<range.upperBound)
    var (i, j) = (range.lowerBound, middle)
    for k in range {
      if j >= range.upperBound || (i < middle && values[i] <= values[j]) {
        buffer[k] = values[i]
        i += 1
      } else {
        buffer[k] = values[j]
        swaps += middle - i
        j += 1
      }
    }
    for k in range { values[k] = buffer[k] }
    return swaps
  }
}

extension CopulaFit {
  /// Returns the ranks of each column of a sample over its size plus one.
  ///
  /// - Parameter sample: T × N finite numbers.
  /// - Returns: T × N numbers inside (0, 1); equal values share the mean of their ranks.
  /// - Throws: As ``ranks(of:)-([Double])``.
  public static func ranks(of sample: Matrix) throws(DistributionsError) -> Matrix {
    var storage: [Double] = []
    for j in 0..<sample.columnCount {
      storage += try ranks(of: (0..<sample.rowCount).map { sample[$0, j] })
    }
    return Matrix(
      uncheckedRowCount: sample.rowCount, columnCount: sample.columnCount, storage: storage)
  }

  /// Fits a normal copula of many returns: the correlations of ``RankCorrelation``.
  ///
  /// - Parameter ranks: T × N ranks, inside (0, 1).
  /// - Returns: The fit, without standard errors; ``DistributionFit/parameterCount`` counts N(N − 1)/2 correlations.
  /// - Throws: As ``RankCorrelation/init(_:)``, `DistributionsError.notRepresentable`.
  public static func gaussian(
    _ ranks: Matrix
  ) throws(DistributionsError) -> DistributionFit<MultivariateGaussianCopula> {
    let rows = try rows(of: ranks)
    let law = try MultivariateGaussianCopula(correlation: RankCorrelation(ranks).correlation)
    return DistributionFit(
      law: law, logLikelihood: rows.reduce(0) { $0 + law.logDensity($1) }, parameters: [],
      furtherParameterCount: pairCount(ranks), observationCount: rows.count, iterations: 1,
      status: .converged)
  }

  /// Fits Student's copula of many returns: the correlations of ``RankCorrelation``, the degrees of freedom by the
  /// likelihood of the ranks.
  ///
  /// - Parameter ranks: T × N ranks, inside (0, 1).
  /// - Returns: The fit, with the parameter `degreesOfFreedom`, from 0.5 to 1000: at the upper bound the normal copula
  ///   fits as well. ``DistributionFit/parameterCount`` counts the N(N − 1)/2 correlations too.
  /// - Throws: As ``gaussian(_:)``.
  /// - Complexity: O(T N²) for each of some 40 degrees of freedom, with T N quantiles.
  public static func studentT(
    _ ranks: Matrix
  ) throws(DistributionsError) -> DistributionFit<MultivariateStudentTCopula> {
    let rows = try rows(of: ranks)
    let factor = try CorrelationFactor(RankCorrelation(ranks).correlation)
    let search = ParameterSearch(
      name: "degreesOfFreedom", range: MultivariateStudentTCopula.allowedDegreesOfFreedom,
      scale: .logarithm(above: 0)
    ) { degrees in
      let law = MultivariateStudentTCopula(factor: factor, degrees)
      return rows.reduce(0) { $0 + law.logDensity($1) }
    }
    return try search.fit(
      count: rows.count, furtherParameterCount: pairCount(ranks)
    ) { (degrees) throws(DistributionsError) in
      MultivariateStudentTCopula(factor: factor, degrees)
    }
  }

  /// Fits an Archimedean copula of many returns by the likelihood of the ranks.
  ///
  /// - Parameters:
  ///   - family: The family.
  ///   - ranks: T × N ranks, inside (0, 1).
  /// - Returns: The fit, with the parameter `parameter`; at its lower bound where returns do not move together.
  /// - Throws: As ``gaussian(_:)``, `DistributionsError.invalidValue` for the number of columns.
  /// - Complexity: O(T N) for each of some 40 parameters.
  public static func archimedean(
    _ family: ArchimedeanCopula.Family,
    _ ranks: Matrix
  ) throws(DistributionsError) -> DistributionFit<ArchimedeanCopula> {
    let rows = try rows(of: ranks)
    let range = family.allowedParameters
    _ = try ArchimedeanCopula(
      family: family, parameter: range.upperBound, dimensionCount: ranks.columnCount)
    let law: (Double) throws(DistributionsError) -> ArchimedeanCopula = {
      (p) throws(DistributionsError) in
      try ArchimedeanCopula(family: family, parameter: p, dimensionCount: ranks.columnCount)
    }
    let search = ParameterSearch(
      name: "parameter",
      range: family == .gumbel ? 1.0001...range.upperBound : range,
      scale: .logarithm(above: family == .gumbel ? 1 : 0)
    ) { p in
      guard let law = try? law(p) else { return -.infinity }
      return rows.reduce(0) { $0 + law.logDensity($1) }
    }
    return try search.fit(count: rows.count, law)
  }

  /// The number of correlations.
  private static func pairCount(_ ranks: Matrix) -> Int {
    ranks.columnCount * (ranks.columnCount - 1) / 2
  }

  private static func rows(of ranks: Matrix) throws(DistributionsError) -> [[Double]] {
    guard ranks.rowCount >= minimumObservationCount else {
      throw .tooFewObservations(got: ranks.rowCount, required: minimumObservationCount)
    }
    let elements = ranks.columnMajorElements
    if let bad = elements.firstIndex(where: { !CopulaArguments.isInside($0) }) {
      throw .invalidObservation(argument: "ranks", index: bad, got: elements[bad])
    }
    return (0..<ranks.rowCount).map { ranks.row($0) }
  }
}
