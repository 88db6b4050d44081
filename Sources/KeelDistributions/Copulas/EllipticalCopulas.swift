// Scores x = F⁻¹(u) of the margins of the elliptical law, its density over theirs.

public import KeelNumerics
import KeelLinearAlgebra
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A correlation matrix with its factor.
struct CorrelationFactor: Hashable, Sendable {
  let correlation: SymmetricMatrix
  let lower: [Double]
  let logDeterminant: Double

  var order: Int { correlation.order }

  init(_ correlation: SymmetricMatrix) throws(DistributionsError) {
    guard correlation.order >= 1 else {
      throw .shapeMismatch(argument: "correlation", got: 0, required: 1)
    }
    for (i, value) in correlation.diagonal.enumerated() where value != 1 {
      throw .invalidObservation(argument: "correlation", index: i, got: value)
    }
    guard let factor = try? Cholesky(correlation),
      factor.reciprocalCondition > Double(correlation.order) * Double.ulpOfOne
    else { throw .notRepresentable(result: "factor of the correlation") }
    self.correlation = correlation
    lower = factor.lower.columnMajorElements
    logDeterminant = factor.logDeterminant
  }

  /// x' R⁻¹ x by forward substitution.
  func form(_ x: [Double]) -> Double {
    let n = order
    var y = x
    var sum = 0.0
    for j in 0..<n {
      y[j] /= lower[j + j * n]
      sum += y[j] * y[j]
      for i in (j + 1)..<max(n, j + 1) { y[i] -= lower[i + j * n] * y[j] }
    }
    return sum
  }

  /// Normal scores of some paths, column after column.
  func scores(_ seed: UInt64, _ paths: Range<Int>) -> [Double] {
    let (n, count) = (order, paths.count)
    var values = [Double](repeating: 0, count: count * n)
    var span = values.mutableSpan
    for j in 0..<n {
      var column = span._mutatingExtracting((j * count)..<((j + 1) * count))
      RandomStream(seed: seed, stream: UInt64(j)).fillNormal(
        &column, from: UInt64(paths.lowerBound))
    }
    PanelProducts.multiply(&values, rowCount: count, byTransposeOfLower: lower, order: n)
    return values
  }
}

/// The dependence of many returns that are jointly normal.
///
/// ```text
/// ln c(u) = −½ ln|R| − ½ x'(R⁻¹ − I)x,   x(i) = Φ⁻¹(u(i))
/// ```
///
/// Extremes are independent in the limit: for markets that crash together take ``MultivariateStudentTCopula``.
public struct MultivariateGaussianCopula: MultivariateCopula {
  private let factor: CorrelationFactor

  /// R, the correlation of the normal scores.
  public var correlation: SymmetricMatrix { factor.correlation }

  /// The number of returns.
  public var dimensionCount: Int { factor.order }

  /// Creates the copula.
  ///
  /// - Parameter correlation: R, positive definite with a diagonal of ones.
  /// - Throws: `DistributionsError.invalidObservation` for the diagonal, `DistributionsError.notRepresentable` where R
  ///   is not positive definite to rounding, `DistributionsError.shapeMismatch` for order zero.
  public init(correlation: SymmetricMatrix) throws(DistributionsError) {
    factor = try CorrelationFactor(correlation)
  }

  /// The dependence of two of the returns.
  ///
  /// - Parameters:
  ///   - i: The first.
  ///   - j: The second.
  /// - Returns: The copula of the two.
  /// - Throws: `DistributionsError.invalidValue` where both are one.
  public func pair(_ i: Int, _ j: Int) throws(DistributionsError) -> GaussianCopula {
    try GaussianCopula(correlation: correlation[i, j])
  }

  /// The logarithm of the density, within 1e-12 times its size or one where R is well conditioned.
  public func logDensity(_ ranks: [Double]) -> Double {
    logDensity(ranks, complements: complements(ranks))
  }

  /// The logarithm of the density, with all digits of ranks next to one.
  public func logDensity(_ ranks: [Double], complements: [Double]) -> Double {
    guard isLegal(ranks, complements) else { return .nan }
    let x = ranks.indices.map {
      ranks[$0] <= 0.5
        ? StandardNormal.quantile(ranks[$0]) : -StandardNormal.quantile(complements[$0])
    }
    let squares = x.reduce(0) { $0 + $1 * $1 }
    return -0.5 * (factor.logDeterminant + factor.form(x) - squares)
  }

  /// Draws ranks.
  public func ranks(
    paths: Range<Int>,
    from stream: RandomStream
  ) throws(DistributionsError) -> [Double] {
    try requireDraws(paths)
    return factor.scores(Self.seed(stream), paths).map { Self.inside(StandardNormal.cdf($0)) }
  }
}

/// The dependence of many returns whose joint law is Student-t: extremes come together.
///
/// ```text
/// c(u) = f(x; R, ν) / Π f(x(i); ν),   x(i) = T⁻¹(u(i); ν)
/// ```
///
/// Source: S. Demarta and A. McNeil, "The t copula and related copulas", International Statistical Review 73 (2005).
public struct MultivariateStudentTCopula: MultivariateCopula {
  private let factor: CorrelationFactor
  private let law: StandardStudentT

  /// ln Γ((ν+d)/2)/Γ(ν/2) of the joint law less d times ln Γ((ν+1)/2)/Γ(ν/2) of the margins.
  private let logConstant: Double

  /// R, the correlation parameters.
  public var correlation: SymmetricMatrix { factor.correlation }

  /// ν: the fewer, the more extremes come together.
  public let degreesOfFreedom: Double

  /// The number of returns.
  public var dimensionCount: Int { factor.order }

  /// The allowed degrees of freedom.
  public static let allowedDegreesOfFreedom = 0.5...1000.0

  /// Creates the copula.
  ///
  /// - Parameters:
  ///   - correlation: R, positive definite with a diagonal of ones.
  ///   - degreesOfFreedom: ν, in ``allowedDegreesOfFreedom``; with more, take ``MultivariateGaussianCopula``.
  /// - Throws: As ``MultivariateGaussianCopula/init(correlation:)``, `DistributionsError.invalidValue`.
  public init(
    correlation: SymmetricMatrix,
    degreesOfFreedom: Double
  ) throws(DistributionsError) {
    try requireInside(degreesOfFreedom, Self.allowedDegreesOfFreedom, "degreesOfFreedom")
    self.init(factor: try CorrelationFactor(correlation), degreesOfFreedom)
  }

  init(factor: CorrelationFactor, _ degreesOfFreedom: Double) {
    self.factor = factor
    self.degreesOfFreedom = degreesOfFreedom
    law = StandardStudentT(degreesOfFreedom: degreesOfFreedom)
    logConstant = Self.logConstant(degreesOfFreedom, factor.order)
  }

  /// The sum over k < d of s(ν+k) − s(ν) with s(ν) = ln Γ((ν+1)/2)/Γ(ν/2) = c(ν) + ½ ln νπ, c that of the density.
  ///
  /// Differences of log-gammas themselves would lose ln ν and d digits.
  private static func logConstant(_ degrees: Double, _ dimensionCount: Int) -> Double {
    let first = StudentTNormalizer(degreesOfFreedom: degrees).value
    var sum = 0.0
    for k in 1..<max(dimensionCount, 1) {
      let next = StudentTNormalizer(degreesOfFreedom: degrees + Double(k)).value
      sum += (next - first) + 0.5 * log1p(Double(k) / degrees)
    }
    return sum
  }

  /// The dependence of two of the returns, with its tail dependence.
  ///
  /// - Parameters:
  ///   - i: The first.
  ///   - j: The second.
  /// - Returns: The copula of the two.
  /// - Throws: `DistributionsError.invalidValue` where both are one.
  public func pair(_ i: Int, _ j: Int) throws(DistributionsError) -> StudentTCopula {
    try StudentTCopula(correlation: correlation[i, j], degreesOfFreedom: degreesOfFreedom)
  }

  /// The logarithm of the density, within 1e-11 times its size or one where R is well conditioned.
  public func logDensity(_ ranks: [Double]) -> Double {
    logDensity(ranks, complements: complements(ranks))
  }

  /// The logarithm of the density, with all digits of ranks next to one.
  public func logDensity(_ ranks: [Double], complements: [Double]) -> Double {
    guard isLegal(ranks, complements) else { return .nan }
    let x = ranks.indices.map {
      ranks[$0] <= 0.5
        ? StudentTCopula.quantile(ranks[$0], law) : -StudentTCopula.quantile(complements[$0], law)
    }
    let (degrees, d) = (degreesOfFreedom, Double(dimensionCount))
    // Scores beyond the root of the largest number are scaled; one is nothing beside their squares.
    let largest = x.reduce(0) { max($0, $1.magnitude) }
    let scale = largest > Self.farScore ? largest : 1
    let ratio = factor.form(x.map { $0 / scale }) / degrees
    let joint = scale > 1 ? log(ratio) + 2 * log(scale) : log1p(ratio)
    var margins = 0.0
    for score in x { margins += law.logOnePlusRatio(score) }
    let half = 0.5 * degrees
    return logConstant - 0.5 * factor.logDeterminant - (half + 0.5 * d) * joint
      + (half + 0.5) * margins
  }

  private static let farScore = 1e100

  /// Draws ranks.
  public func ranks(
    paths: Range<Int>,
    from stream: RandomStream
  ) throws(DistributionsError) -> [Double] {
    try requireDraws(paths)
    let (seed, count) = (Self.seed(stream), paths.count)
    var values = factor.scores(seed, paths)
    let half = 0.5 * degreesOfFreedom
    let roots = Self.uniforms(seed, dimensionCount, paths).map {
      (half / SpecialFunctions.inverseRegularizedGammaP(half, $0)).squareRoot()
    }
    for place in values.indices {
      values[place] = Self.inside(law.survival(-values[place] * roots[place % count]))
    }
    return values
  }
}
