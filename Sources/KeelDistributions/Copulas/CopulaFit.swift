// The likelihood of one parameter is searched on a grid over all of its range first and then by Brent's method between the
// neighbors of the best point; the degrees of freedom of Student's copula likewise, each with its best correlation.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Fits copulas to ranks by maximum likelihood.
///
/// ```swift
/// let u = try CopulaFit.ranks(of: bitcoin), v = try CopulaFit.ranks(of: ether)
/// let fit = try CopulaFit.studentT(u, v)
/// print(fit.law.correlation, fit.law.degreesOfFreedom, fit.akaikeCriterion)
/// ```
///
/// With ranks in place of known margins this is the canonical (semiparametric) estimate of C. Genest, K. Ghoudi and
/// L.-P. Rivest, Biometrika 82 (1995): consistent. The standard errors are those of known margins and a little too
/// small. Compare families by ``DistributionFit/akaikeCriterion``.
public enum CopulaFit {
  /// The least number of pairs.
  public static let minimumObservationCount = 10

  /// Returns the ranks of a sample over its size plus one; equal values share the mean of their ranks.
  ///
  /// - Parameter sample: T finite numbers.
  /// - Returns: T numbers inside (0, 1).
  /// - Throws: `DistributionsError.invalidObservation`, `DistributionsError.tooFewObservations`.
  /// - Complexity: O(T log T).
  public static func ranks(of sample: [Double]) throws(DistributionsError) -> [Double] {
    guard !sample.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    if let bad = sample.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "sample", index: bad, got: sample[bad])
    }
    let order = sample.indices.sorted { sample[$0] < sample[$1] }
    var ranks = [Double](repeating: 0, count: sample.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, sample[order[end]] == sample[order[start]] { end += 1 }
      // Ranks start + 1 to end.
      let mean = Double(start + 1 + end) / 2 / Double(sample.count + 1)
      for k in start..<end { ranks[order[k]] = mean }
      start = end
    }
    return ranks
  }

  /// Fits a normal copula.
  ///
  /// - Parameters:
  ///   - u: T first ranks, inside (0, 1).
  ///   - v: T second ranks.
  /// - Returns: The fit, with the parameter `correlation`.
  /// - Throws: `DistributionsError.shapeMismatch`, `.tooFewObservations`, `.invalidObservation`.
  public static func gaussian(
    _ u: [Double],
    _ v: [Double]
  ) throws(DistributionsError) -> DistributionFit<GaussianCopula> {
    try require(u, v)
    let (x, y) = (StandardNormal.quantile(u), StandardNormal.quantile(v))
    let squares = zip(x, y).reduce(0.0) { $0 + $1.0 * $1.0 + $1.1 * $1.1 }
    // Squares of x − y and of x + y, which keep the digits near perfect correlation.
    let differences = zip(x, y).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let sums = zip(x, y).reduce(0.0) { $0 + ($1.0 + $1.1) * ($1.0 + $1.1) }
    let count = Double(u.count)
    let search = ParameterSearch(
      name: "correlation", range: -0.999999...0.999999, scale: .correlation
    ) { r in
      let rest = (1 - r) * (1 + r)
      let form = (r < 0 ? sums : differences) / rest - squares / (1 + r.magnitude)
      return -0.5 * (count * log(rest) + r.magnitude * form)
    }
    return try search.fit(count: u.count) { (r) throws(DistributionsError) in
      try GaussianCopula(correlation: r)
    }
  }

  /// Fits Clayton's copula.
  ///
  /// - Parameters:
  ///   - u: T first ranks, inside (0, 1).
  ///   - v: T second ranks.
  /// - Returns: The fit, with the parameter `parameter`; at its lower bound where returns do not fall together.
  /// - Throws: As ``gaussian(_:_:)``.
  public static func clayton(
    _ u: [Double],
    _ v: [Double]
  ) throws(DistributionsError) -> DistributionFit<ClaytonCopula> {
    try fit(u, v, range: 1e-4...1000, scale: .logarithm(above: 0)) {
      (p) throws(DistributionsError) in
      try ClaytonCopula(parameter: p)
    }
  }

  /// Fits Gumbel's copula.
  ///
  /// - Parameters:
  ///   - u: T first ranks, inside (0, 1).
  ///   - v: T second ranks.
  /// - Returns: The fit, with the parameter `parameter`; at its lower bound where returns do not rise together.
  /// - Throws: As ``gaussian(_:_:)``.
  public static func gumbel(
    _ u: [Double],
    _ v: [Double]
  ) throws(DistributionsError) -> DistributionFit<GumbelCopula> {
    try fit(u, v, range: 1.0001...1000, scale: .logarithm(above: 1)) {
      (p) throws(DistributionsError) in
      try GumbelCopula(parameter: p)
    }
  }

  /// Fits Frank's copula.
  ///
  /// - Parameters:
  ///   - u: T first ranks, inside (0, 1).
  ///   - v: T second ranks.
  /// - Returns: The fit, with the parameter `parameter`.
  /// - Throws: As ``gaussian(_:_:)``.
  public static func frank(
    _ u: [Double],
    _ v: [Double]
  ) throws(DistributionsError) -> DistributionFit<FrankCopula> {
    try fit(u, v, range: -1000...1000, scale: .signedRoot) { (p) throws(DistributionsError) in
      try FrankCopula(parameter: p)
    }
  }

  /// Fits a copula with ranks turned round.
  ///
  /// - Parameters:
  ///   - rotation: How the copula is turned.
  ///   - u: T first ranks, inside (0, 1).
  ///   - v: T second ranks.
  ///   - fit: The fit of the copula that is turned, for example `CopulaFit.clayton`.
  /// - Returns: The fit, with the parameters of the copula that is turned.
  /// - Throws: What the fit throws.
  public static func rotated<Base>(
    by rotation: RotatedCopula<Base>.Rotation,
    _ u: [Double],
    _ v: [Double],
    _ fit: ([Double], [Double]) throws(DistributionsError) -> DistributionFit<Base>
  ) throws(DistributionsError) -> DistributionFit<RotatedCopula<Base>> {
    let base = try fit(
      rotation == .threeQuarters ? u : u.map(CopulaArguments.turned),
      rotation == .quarter ? v : v.map(CopulaArguments.turned))
    return DistributionFit(
      law: RotatedCopula(base.law, by: rotation), logLikelihood: base.logLikelihood,
      parameters: base.parameters, observationCount: base.observationCount,
      iterations: base.iterations, status: base.status)
  }

  /// Fits Student's copula.
  ///
  /// - Parameters:
  ///   - u: T first ranks, inside (0, 1).
  ///   - v: T second ranks.
  /// - Returns: The fit, with the parameters `correlation` and `degreesOfFreedom`, the latter from 0.5 to 1000: at the
  ///   upper bound the normal copula fits as well. The status is that of the degrees of freedom, or of the correlation
  ///   (at most 0.999999 in magnitude) where that alone is at a bound. A parameter at a bound has no standard error, and
  ///   counts as known in that of the other.
  /// - Throws: As ``gaussian(_:_:)``.
  /// - Complexity: O(T) for each of some 40 correlations with each of some 40 degrees of freedom, and 2 T quantiles for
  ///   each of these.
  public static func studentT(
    _ u: [Double],
    _ v: [Double]
  ) throws(DistributionsError) -> DistributionFit<StudentTCopula> {
    try require(u, v)
    let outer = ParameterSearch(
      name: "degreesOfFreedom", range: 0.5...1000, scale: .logarithm(above: 0)
    ) { degrees in StudentScores(u, v, degrees).best().value }
    let degrees = outer.maximum()
    let correlation = StudentScores(u, v, degrees.argument).best()
    let errors = StudentScores.errors(u, v, correlation, degrees)
    return DistributionFit(
      law: StudentTCopula(unchecked: correlation.argument, degrees.argument),
      logLikelihood: correlation.value,
      parameters: [
        FittedParameter(
          name: "correlation", value: correlation.argument, standardError: errors.correlation),
        FittedParameter(
          name: "degreesOfFreedom", value: degrees.argument,
          standardError: errors.degreesOfFreedom),
      ],
      observationCount: u.count, iterations: degrees.evaluationCount,
      status: degrees.status == .converged ? correlation.status : degrees.status)
  }

  private static func fit<Law: BivariateCopula>(
    _ u: [Double],
    _ v: [Double],
    range: ClosedRange<Double>,
    scale: ParameterSearch.Scale,
    _ law: @escaping (Double) throws(DistributionsError) -> Law
  ) throws(DistributionsError) -> DistributionFit<Law> {
    try require(u, v)
    let search = ParameterSearch(name: "parameter", range: range, scale: scale) { p in
      guard let law = try? law(p) else { return -.infinity }
      var sum = 0.0
      for i in u.indices { sum += law.logDensity(u[i], v[i]) }
      return sum
    }
    return try search.fit(count: u.count, law)
  }

  private static func require(_ u: [Double], _ v: [Double]) throws(DistributionsError) {
    guard u.count == v.count else {
      throw .shapeMismatch(argument: "v", got: v.count, required: u.count)
    }
    guard u.count >= minimumObservationCount else {
      throw .tooFewObservations(got: u.count, required: minimumObservationCount)
    }
    for (name, ranks) in [("u", u), ("v", v)] {
      if let bad = ranks.firstIndex(where: { !CopulaArguments.isInside($0) }) {
        throw .invalidObservation(argument: name, index: bad, got: ranks[bad])
      }
    }
  }
}

/// The largest value of a function of one parameter over a range.
struct ParameterSearch {
  /// The coordinate in which a parameter is searched.
  enum Scale {
    /// artanh.
    case correlation
    /// ln(p − c).
    case logarithm(above: Double)
    /// √|p| with the sign of p.
    case signedRoot

    func coordinate(_ p: Double) -> Double {
      switch self {
      case .correlation: atanh(p)
      case .logarithm(let low): log(p - low)
      case .signedRoot: p < 0 ? -(-p).squareRoot() : p.squareRoot()
      }
    }

    func parameter(_ s: Double) -> Double {
      switch self {
      case .correlation: tanh(s)
      case .logarithm(let low): low + exp(s)
      case .signedRoot: s * s.magnitude
      }
    }
  }

  struct Maximum {
    let argument: Double
    let value: Double
    let evaluationCount: Int
    let status: FitStatus
  }

  let name: String
  let range: ClosedRange<Double>
  let scale: Scale
  let function: (Double) -> Double

  private static let gridCount = 24

  func maximum() -> Maximum {
    let (low, high) = (scale.coordinate(range.lowerBound), scale.coordinate(range.upperBound))
    let step = (high - low) / Double(Self.gridCount)
    let value: (Double) -> Double = { s in
      let result = function(min(max(scale.parameter(s), range.lowerBound), range.upperBound))
      return result.isNaN ? -.infinity : result
    }
    let values = (0...Self.gridCount).map { value(low + Double($0) * step) }
    var best = 0
    for k in values.indices where values[k] > values[best] { best = k }
    let bracket = max(low, low + Double(best - 1) * step)...min(high, low + Double(best + 1) * step)
    let point = try? Brent.minimum(of: { -value($0) }, in: bracket)
    var argument = low + Double(best) * step
    var largest = values[best]
    if let point, -point.value > largest { (argument, largest) = (point.argument, -point.value) }
    let nearness = 1e-6 * (high - low)
    let status: FitStatus =
      argument - low < nearness
      ? .lowerBound : high - argument < nearness ? .upperBound : .converged
    return Maximum(
      argument: min(max(scale.parameter(argument), range.lowerBound), range.upperBound),
      value: largest, evaluationCount: values.count + (point?.evaluationCount ?? 0),
      status: status)
  }

  /// The fit of a law of this parameter alone.
  func fit<Law: Hashable & Sendable>(
    count: Int,
    furtherParameterCount: Int = 0,
    _ law: (Double) throws(DistributionsError) -> Law
  ) throws(DistributionsError) -> DistributionFit<Law> {
    let best = maximum()
    let p = best.argument
    let step =
      1e-3 * max(min(p - range.lowerBound, range.upperBound - p, max(p.magnitude, 1)), 1e-9)
    let curvature = (2 * best.value - function(p + step) - function(p - step)) / (step * step)
    let error = best.status == .converged && curvature > 0 ? 1 / curvature.squareRoot() : .nan
    return DistributionFit(
      law: try law(p), logLikelihood: best.value,
      parameters: [FittedParameter(name: name, value: p, standardError: error)],
      furtherParameterCount: furtherParameterCount, observationCount: count,
      iterations: best.evaluationCount, status: best.status)
  }
}

/// The quantiles of ranks under one number of degrees of freedom.
private struct StudentScores {
  private let degrees: Double
  private let x: [Double]
  private let y: [Double]

  init(_ u: [Double], _ v: [Double], _ degrees: Double) {
    self.degrees = degrees
    let law = StandardStudentT(degreesOfFreedom: degrees)
    x = u.map { StudentTCopula.quantile($0, law) }
    y = v.map { StudentTCopula.quantile($0, law) }
  }

  func logLikelihood(_ correlation: Double) -> Double {
    let law = StudentTCopula(unchecked: correlation, degrees)
    var sum = 0.0
    for i in x.indices { sum += law.logDensity(scores: x[i], y[i]) }
    return sum
  }

  /// The best correlation.
  func best() -> ParameterSearch.Maximum {
    ParameterSearch(
      name: "correlation", range: -0.999999...0.999999, scale: .correlation,
      function: logLikelihood
    ).maximum()
  }

  /// Standard errors from second differences; NaN where the likelihood has no maximum there.
  ///
  /// A parameter at a bound is held.
  static func errors(
    _ u: [Double],
    _ v: [Double],
    _ bestCorrelation: ParameterSearch.Maximum,
    _ bestDegrees: ParameterSearch.Maximum
  ) -> (correlation: Double, degreesOfFreedom: Double) {
    let (correlation, degrees) = (bestCorrelation.argument, bestDegrees.argument)
    let (h, k) = (1e-3 * (1 - correlation.magnitude), 1e-2 * degrees)
    let table = [-1.0, 0, 1].map { i in
      let scores = StudentScores(u, v, degrees + i * k)
      return [-1.0, 0, 1].map { scores.logLikelihood(correlation + $0 * h) }
    }
    let rr = (2 * table[1][1] - table[1][0] - table[1][2]) / (h * h)
    let dd = (2 * table[1][1] - table[0][1] - table[2][1]) / (k * k)
    let isCorrelationFree = bestCorrelation.status == .converged
    let isDegreesFree = bestDegrees.status == .converged
    guard isCorrelationFree, isDegreesFree else {
      return (
        isCorrelationFree && rr > 0 ? 1 / rr.squareRoot() : .nan,
        isDegreesFree && dd > 0 ? 1 / dd.squareRoot() : .nan
      )
    }
    let rd = -(table[2][2] - table[2][0] - table[0][2] + table[0][0]) / (4 * h * k)
    let determinant = rr * dd - rd * rd
    guard rr > 0, dd > 0, determinant > 0 else {
      return (rr > 0 ? 1 / rr.squareRoot() : .nan, .nan)
    }
    return ((dd / determinant).squareRoot(), (rr / determinant).squareRoot())
  }
}
