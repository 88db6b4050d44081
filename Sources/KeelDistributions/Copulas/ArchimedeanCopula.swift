// Densities from the derivatives of the generator as sums of positive terms (M. Hofert, M. Mächler, A. McNeil, "Likelihood
// inference for Archimedean copulas in high dimensions under known margins", Journal of Multivariate Analysis 110, 2012).
// With L = −ln u and M the largest L:
//   Clayton: Σ ln(1 + kθ) + Σ L + θ Σ (L − M) − M − (d + 1/θ) ln S, S = Σ exp(θ(L − M)) − (d−1) exp(−θM);
//   Gumbel: −x − d ln t + ln P(x) + …, t = Σ L^θ, x = t^α, α = 1/θ, with (−1)ⁿ ψ⁽ⁿ⁾ = exp(−x) t⁻ⁿ Pₙ(x) and
//     Pₙ₊₁ = αx Pₙ + n Pₙ − αx Pₙ′: coefficients α pₖ₋₁ + (n − αk) pₖ, none negative;
//   Frank: the polylogarithm of order 1 − d of z = Π(1 − exp(−θu))/(1 − exp(−θ))^(d−1), by Eulerian numbers.
//
// Draws: u = ψ(E/V), E exponential and V of the law whose Laplace transform is ψ (A. Marshall, I. Olkin, "Families of
// multivariate distributions", JASA 83, 1988): gamma; positive stable (M. Kanter, Annals of Probability 3, 1975);
// logarithmic series (A. Kemp, Applied Statistics 30, 1981).

public import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The dependence of many returns in which all are alike: one parameter, tails of one side.
///
/// ```text
/// C(u) = ψ(ψ⁻¹(u(1)) + … + ψ⁻¹(u(d)))
/// Clayton ψ(t) = (1 + t)^(−1/θ),   Gumbel ψ(t) = exp(−t^(1/θ)),   Frank ψ(t) = −ln(1 − (1 − exp(−θ)) exp(−t))/θ
/// ```
///
/// Every two of them have ``ClaytonCopula``, ``GumbelCopula`` or ``FrankCopula`` with the same parameter.
public struct ArchimedeanCopula: MultivariateCopula {
  /// The generator.
  @frozen
  public enum Family: String, Hashable, Sendable, CaseIterable, Codable {
    /// Returns fall together.
    case clayton
    /// Returns rise together.
    case gumbel
    /// Neither.
    case frank

    /// The parameters for which the formulas keep their digits.
    public var allowedParameters: ClosedRange<Double> {
      switch self {
      case .clayton: 1e-4...100
      case .gumbel: 1...100
      case .frank: 1e-4...100
      }
    }
  }

  /// The family.
  public let family: Family

  /// θ: the larger, the nearer to equal ranks.
  public let parameter: Double

  /// The number of returns.
  public let dimensionCount: Int

  /// Logarithms of the coefficients of the polynomial, of Gumbel's and Frank's; the first is that of x.
  private let logCoefficients: [Double]

  /// The allowed numbers of returns.
  public static let allowedDimensionCounts = 2...100

  /// Creates the copula.
  ///
  /// - Parameters:
  ///   - family: The family.
  ///   - parameter: θ, in ``Family/allowedParameters``.
  ///   - dimensionCount: The number of returns, in ``allowedDimensionCounts``.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(
    family: Family,
    parameter: Double,
    dimensionCount: Int
  ) throws(DistributionsError) {
    try requireParameter(parameter, in: family.allowedParameters)
    guard Self.allowedDimensionCounts.contains(dimensionCount) else {
      throw .invalidValue(
        argument: "dimensionCount", got: Double(dimensionCount),
        lowest: Double(Self.allowedDimensionCounts.lowerBound),
        highest: Double(Self.allowedDimensionCounts.upperBound))
    }
    self.family = family
    self.parameter = parameter
    self.dimensionCount = dimensionCount
    switch family {
    case .clayton: logCoefficients = []
    case .gumbel:
      logCoefficients = Self.gumbelCoefficients(1 / parameter, dimensionCount).map { log($0) }
    case .frank: logCoefficients = Self.eulerianNumbers(dimensionCount - 1).map { log($0) }
    }
  }

  // MARK: Dependence

  /// Kendall's rank correlation of every two returns.
  public var kendallCorrelation: Double { value { $0.kendallCorrelation } }

  /// Returns the probability that one rank is extreme given that another is, in the limit.
  ///
  /// - Parameter corner: Where both ranks are.
  /// - Returns: A number in 0 to 1.
  public func tailDependence(_ corner: CopulaCorner) -> Double {
    value { $0.tailDependence(corner) }
  }

  /// What a copula of two returns says.
  private func value(_ body: (any BivariateCopula) -> Double) -> Double {
    switch family {
    case .clayton: (try? ClaytonCopula(parameter: parameter)).map { body($0) } ?? .nan
    case .gumbel: (try? GumbelCopula(parameter: parameter)).map { body($0) } ?? .nan
    case .frank: (try? FrankCopula(parameter: parameter)).map { body($0) } ?? .nan
    }
  }

  // MARK: Density

  /// The logarithm of the density, within 1e-11 times its size or the number of returns.
  public func logDensity(_ ranks: [Double]) -> Double {
    logDensity(ranks, complements: complements(ranks))
  }

  /// The logarithm of the density, with all digits of ranks next to one.
  public func logDensity(_ ranks: [Double], complements: [Double]) -> Double {
    guard isLegal(ranks, complements) else { return .nan }
    if family == .frank { return frankDensity(ranks) }
    let depths = ranks.indices.map {
      ranks[$0] <= 0.5 ? -log(ranks[$0]) : -log1p(-complements[$0])
    }
    return family == .clayton ? claytonDensity(depths) : gumbelDensity(depths)
  }

  private func claytonDensity(_ depths: [Double]) -> Double {
    let (theta, d) = (parameter, Double(dimensionCount))
    let largest = depths.reduce(0) { max($0, $1) }
    var result = -largest
    for k in 0..<dimensionCount { result += log1p(Double(k) * theta) }
    var logSum: Double
    if theta * largest < 1 {
      logSum = log1p(depths.reduce(0) { $0 + expm1(theta * $1) }) - theta * largest
    } else {
      let sum = depths.reduce(0) { $0 + exp(theta * ($1 - largest)) }
      logSum = log(sum - (d - 1) * exp(-theta * largest))
    }
    for depth in depths { result += depth + theta * (depth - largest) }
    return result - (d + 1 / theta) * logSum
  }

  private func gumbelDensity(_ depths: [Double]) -> Double {
    let (theta, d) = (parameter, Double(dimensionCount))
    let largest = depths.reduce(0) { max($0, $1) }
    var (result, sum) = (d * log(theta) - d * log(largest), 0.0)
    for depth in depths {
      let ratio = CopulaArguments.logRatio(depth, largest)
      sum += exp(theta * ratio)
      result += (theta - 1) * ratio + depth
    }
    // x = M (Σ (L/M)^θ)^(1/θ).
    let logX = log(largest) + log(sum) / theta
    return result - exp(logX) - d * log(sum) + logPolynomial(logX)
  }

  private func frankDensity(_ ranks: [Double]) -> Double {
    let (theta, d) = (parameter, Double(dimensionCount))
    let logPart = logOfComplement(-theta)
    var logZ = -(d - 1) * logPart
    var result = (d - 1) * log(theta)
    for rank in ranks {
      let part = logOfComplement(-theta * rank)
      logZ += part
      result -= theta * rank + part
    }
    logZ = min(logZ, -Double.leastNormalMagnitude)
    return result + logPolynomial(logZ) - d * logOfComplement(logZ)
  }

  /// ln Σ p(k) xᵏ, k from 1.
  private func logPolynomial(_ logX: Double) -> Double {
    var largest = -Double.infinity
    for (k, term) in logCoefficients.enumerated() {
      largest = max(largest, term + Double(k + 1) * logX)
    }
    var sum = 0.0
    for (k, term) in logCoefficients.enumerated() {
      sum += exp(term + Double(k + 1) * logX - largest)
    }
    return largest + log(sum)
  }

  /// The coefficients of P of degree d.
  private static func gumbelCoefficients(_ alpha: Double, _ d: Int) -> [Double] {
    var p = [1.0]
    for n in 0..<d {
      var next = [Double](repeating: 0, count: n + 2)
      for k in 0...n {
        next[k + 1] += alpha * p[k]
        next[k] += max(0, Double(n) - alpha * Double(k)) * p[k]
      }
      p = next
    }
    return Array(p.dropFirst())
  }

  /// Permutations of n numbers by their ascents.
  private static func eulerianNumbers(_ n: Int) -> [Double] {
    var row = [1.0]
    for m in 2..<max(n + 1, 2) {
      row = (0..<m).map { k in
        (k < row.count ? Double(k + 1) * row[k] : 0) + (k > 0 ? Double(m - k) * row[k - 1] : 0)
      }
    }
    return row
  }

  // MARK: Draws

  /// Draws ranks.
  public func ranks(
    paths: Range<Int>,
    from stream: RandomStream
  ) throws(DistributionsError) -> [Double] {
    try requireDraws(paths)
    let (seed, count, d) = (Self.seed(stream), paths.count, dimensionCount)
    let first = Self.uniforms(seed, d, paths)
    let second = Self.uniforms(seed, d + 1, paths)
    let mixing = (0..<count).map { logMixing(first[$0], second[$0]) }
    var result: [Double] = []
    result.reserveCapacity(count * d)
    for j in 0..<d {
      let uniforms = Self.uniforms(seed, j, paths)
      for i in 0..<count {
        result.append(Self.inside(generator(logOf: log(-log(uniforms[i])) - mixing[i])))
      }
    }
    return result
  }

  /// ln V from two uniform draws.
  private func logMixing(_ u: Double, _ v: Double) -> Double {
    switch family {
    case .clayton:
      // A gamma draw of one more in shape, and the power that takes it down: no underflow.
      let shape = 1 / parameter
      return log(SpecialFunctions.inverseRegularizedGammaP(shape + 1, u)) + parameter * log(v)
    case .gumbel:
      let alpha = 1 / parameter
      if parameter == 1 { return 0 }
      let (angle, depth) = (Double.pi * u, log(-log(v)))
      return (parameter - 1) * (log(sin((1 - alpha) * angle)) - depth) + log(sin(alpha * angle))
        - parameter * log(sin(angle))
    case .frank:
      let limit = -expm1(-parameter)
      if v >= limit { return 0 }
      let q = -expm1(-parameter * u)
      if v <= q * q { return log(floor(1 + log(v) / logOfComplement(-parameter * u))) }
      return v > q ? 0 : logOfTwo
    }
  }

  /// ψ(t) from ln t.
  private func generator(logOf logT: Double) -> Double {
    switch family {
    case .clayton: return exp(-CopulaArguments.softplus(logT) / parameter)
    case .gumbel: return exp(-exp(logT / parameter))
    case .frank:
      let t = exp(logT)
      let change = expm1(-parameter) * exp(-t)
      if change > -0.5 { return -log1p(change) / parameter }
      // 1 − (1 − e^−θ) e^−t = −expm1(−t) + e^(−t−θ).
      return -log(-expm1(-t) + exp(-t - parameter)) / parameter
    }
  }
}
