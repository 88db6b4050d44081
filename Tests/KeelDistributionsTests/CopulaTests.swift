import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct CopulaTests {
  struct File: Decodable {
    struct Row: Decodable {
      let u: Double
      let v: Double
      let logDensity: Double
      let cdf: Double
      let conditional: Double
    }
    struct Case: Decodable {
      let family: String
      let parameters: [Double]
      let tau: Double
      let rows: [Row]
      let tail: Double?
    }
    struct StrongRow: Decodable {
      let family: String
      let parameters: [Double]
      let u: Double
      let v: Double
      let logDensity: Double
      let conditional: Double
    }
    struct Kendall: Decodable {
      let parameter: Double
      let tau: Double
    }
    let cases: [Case]
    let strong: [StrongRow]
    let frankKendall: [Kendall]
  }

  static func copula(_ family: String, _ p: [Double]) throws -> any BivariateCopula {
    switch family {
    case "clayton": try ClaytonCopula(parameter: p[0])
    case "gumbel": try GumbelCopula(parameter: p[0])
    case "frank": try FrankCopula(parameter: p[0])
    case "gaussian": try GaussianCopula(correlation: p[0])
    default: try StudentTCopula(correlation: p[0], degreesOfFreedom: p[1])
    }
  }

  @Test func matchesReferences() throws {
    for item in try Reference.load(File.self, "copulas").cases {
      let copula = try Self.copula(item.family, item.parameters)
      for row in item.rows {
        let label = "\(item.family) \(item.parameters) \(row.u) \(row.v)"
        expectClose(
          copula.logDensity(row.u, row.v), row.logDensity,
          absolute: 1e-12 * max(1, row.logDensity.magnitude), "density \(label)")
        expectClose(copula.cdf(row.u, row.v), row.cdf, absolute: 2e-14, "cdf \(label)")
        // Conditional probabilities follow small differences of ranks: 1e-12 for the usual ones.
        expectClose(
          copula.conditionalCDF(row.u, given: row.v), row.conditional, absolute: 1e-12,
          "conditional \(label)")
      }
      expectClose(copula.kendallCorrelation, item.tau, absolute: 1e-13, "\(item.family)")
      if let tail = item.tail {
        for corner in [CopulaCorner.lowerLower, .upperUpper] {
          expectClose(copula.tailDependence(corner), tail, absolute: 1e-13)
        }
      }
    }
  }

  /// The quantiles behind the normal and the Student-t copula.
  static func scores(_ family: String, _ p: [Double]) throws -> ((Double) -> Double)? {
    if family == "gaussian" { return { StandardNormal.quantile($0) } }
    guard family == "studentT" else { return nil }
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: p[1])
    return { law.quantile($0) }
  }

  /// Near perfect dependence, where the plain formulas cancel.
  @Test func keepsDigitsOfStrongDependence() throws {
    for row in try Reference.load(File.self, "copulas").strong {
      let copula = try Self.copula(row.family, row.parameters)
      let label = "\(row.family) \(row.parameters) \(row.u) \(row.v)"
      // The rounding of the scores moves what is divided by 1 − ρ², as documented.
      let score = try Self.scores(row.family, row.parameters)
      var scores = 0.0
      if let score, row.parameters[0].magnitude > 0.999 {
        let (x, y, rho) = (score(row.u), score(row.v), row.parameters[0])
        let near = rho < 0 ? x + y : x - y
        scores =
          5e-16 * max(x.magnitude, y.magnitude) * near.magnitude / ((1 - rho) * (1 + rho))
      }
      expectClose(
        copula.logDensity(row.u, row.v), row.logDensity,
        absolute: 1e-12 * max(1, row.logDensity.magnitude) + scores, "density \(label)")
      if row.parameters[0].magnitude < 0.999 || row.family == "clayton" || row.family == "gumbel" {
        expectClose(
          copula.conditionalCDF(row.u, given: row.v), row.conditional, absolute: 1e-12, label)
      }
    }
  }

  @Test func kendallCorrelationOfFrankNearIndependence() throws {
    for row in try Reference.load(File.self, "copulas").frankKendall {
      expectClose(
        try FrankCopula(parameter: row.parameter).kendallCorrelation, row.tau,
        relative: row.parameter.magnitude < 1 ? 1e-15 : 1e-14, "\(row.parameter)")
    }
  }

  /// One less a rank of 1e-17 rounds to one: it counts as 1.1e-16.
  @Test func turnsRanksNearZero() throws {
    let gumbel = try GumbelCopula(parameter: 2)
    for rotation in RotatedCopula<GumbelCopula>.Rotation.allCases {
      let turned = RotatedCopula(gumbel, by: rotation)
      for (u, v) in [(1e-17, 0.5), (0.5, 1e-17), (.leastNonzeroMagnitude, 0.5), (1e-17, 1e-300)] {
        let density = turned.logDensity(u, v)
        #expect(density.isFinite, "\(rotation) \(u) \(v)")
        if rotation == .half {
          #expect(density == turned.logDensity(max(u, 0x1p-53), max(v, 0x1p-53)))
        }
        let given = turned.conditionalCDF(u, given: v)
        #expect(given >= 0 && given <= 1)
        let quantile = turned.conditionalQuantile(u, given: v)
        #expect(quantile >= 0 && quantile <= 1)
      }
    }
    let u = (0..<12).map { $0 == 3 ? 1e-17 : Double($0 + 1) / 13 }
    let v = (0..<12).map { Double(($0 * 5) % 12 + 1) / 13 }
    let fit = try CopulaFit.rotated(by: .half, u, v, CopulaFit.gumbel)
    #expect(fit.logLikelihood.isFinite)
    #expect(throws: DistributionsError.self) {
      try CopulaFit.rotated(by: .half, u.map { $0 == 1e-17 ? 0 : $0 }, v, CopulaFit.gumbel)
    }
  }

  /// Quantiles beyond the largest number count as that.
  @Test func studentRanksBeyondTheLargestQuantile() throws {
    let law = try StudentTCopula(correlation: 0.5, degreesOfFreedom: 0.1)
    for (u, v) in [
      (1e-40, 0.5), (0.5, 1e-40), (1e-40, 1e-60), (1e-300, 0.99),
      (.leastNonzeroMagnitude, .leastNonzeroMagnitude),
    ] {
      #expect(law.logDensity(u, v).isFinite, "\(u) \(v)")
      let given = law.conditionalCDF(u, given: v)
      #expect(given >= 0 && given <= 1, "\(u) \(v)")
      let quantile = law.conditionalQuantile(u, given: v)
      #expect(quantile >= 0 && quantile <= 1, "\(u) \(v)")
      let probability = law.cdf(u, v)
      #expect(probability >= 0 && probability <= min(u, v), "\(u) \(v)")
    }
  }

  /// Every copula of the tests, turned in every way too.
  static func all() throws -> [any BivariateCopula] {
    let clayton = try ClaytonCopula(parameter: 2)
    let student = try StudentTCopula(correlation: 0.6, degreesOfFreedom: 3)
    return [
      try GaussianCopula(correlation: -0.7), student, clayton, try GumbelCopula(parameter: 1.8),
      try FrankCopula(parameter: 6), try FrankCopula(parameter: -6), try FrankCopula(parameter: 0),
      RotatedCopula(clayton, by: .quarter), RotatedCopula(clayton, by: .half),
      RotatedCopula(clayton, by: .threeQuarters), RotatedCopula(student, by: .quarter),
      RotatedCopula(try GumbelCopula(parameter: 3), by: .half),
    ]
  }

  /// ∂C/∂v is the conditional probability, ∂²C/∂u∂v the density; the quantile inverts.
  @Test func formulasAgreeWithEachOther() throws {
    for copula in try Self.all() {
      for u in [0.05, 0.3, 0.5, 0.88] {
        for v in [0.1, 0.5, 0.93] {
          let h = 1e-5
          let slope = (copula.cdf(u, v + h) - copula.cdf(u, v - h)) / (2 * h)
          let given = copula.conditionalCDF(u, given: v)
          expectClose(given, slope, absolute: 1e-8, "\(copula) \(u) \(v)")
          let density =
            (copula.conditionalCDF(u + h, given: v) - copula.conditionalCDF(u - h, given: v))
            / (2 * h)
          expectClose(exp(copula.logDensity(u, v)), density, relative: 1e-6, "\(copula)")
          expectClose(copula.conditionalQuantile(given, given: v), u, relative: 1e-9, "\(copula)")
        }
      }
    }
  }

  @Test func edges() throws {
    for copula in try Self.all() {
      for x in [0.0, 0.3, 1] {
        #expect(copula.cdf(x, 0) == 0 && copula.cdf(0, x) == 0)
        expectClose(copula.cdf(x, 1), x, absolute: 1e-16)
        expectClose(copula.cdf(1, x), x, absolute: 1e-16)
        #expect(copula.cdf(-1, x) == 0 && copula.cdf(2, x) == x)
      }
      #expect(
        copula.conditionalCDF(0, given: 0.5) == 0 && copula.conditionalCDF(1, given: 0.5) == 1)
      for bad in [0, 1, -0.5, 2, Double.nan] {
        #expect(copula.logDensity(bad, 0.5).isNaN && copula.logDensity(0.5, bad).isNaN)
        #expect(copula.conditionalCDF(0.5, given: bad).isNaN)
        #expect(copula.conditionalQuantile(0.5, given: bad).isNaN)
      }
      #expect(copula.cdf(.nan, 0.5).isNaN && copula.cdf(0.5, .nan).isNaN)
    }
  }

  /// Draws have the rank correlation and the tails that are claimed.
  @Test func samples() throws {
    let count = 4000
    for (place, copula) in try Self.all().enumerated() {
      var random = RandomSequence(RandomStream(seed: 4, stream: UInt64(place)))
      let pairs = (0..<count).map { _ in copula.sample(from: &random) }
      var agreement = 0
      for k in stride(from: 0, to: count - 1, by: 2) {
        let (a, b) = (pairs[k], pairs[k + 1])
        agreement += (a.u - b.u) * (a.v - b.v) > 0 ? 1 : -1
      }
      let tau = Double(agreement) / Double(count / 2)
      expectClose(tau, copula.kendallCorrelation, absolute: 4 / Double(count / 2).squareRoot())
      let both = pairs.filter { $0.u < 0.2 && $0.v < 0.3 }.count
      expectClose(
        Double(both) / Double(count), copula.cdf(0.2, 0.3),
        absolute: 4 * 0.3 / Double(count).squareRoot())
      #expect(pairs.allSatisfy { $0.u > 0 && $0.u < 1 })
    }
  }

  @Test func tailsByCorner() throws {
    let clayton = try ClaytonCopula(parameter: 2)
    expectClose(clayton.tailDependence(.lowerLower), 0.5.squareRoot(), absolute: 1e-15)
    #expect(clayton.tailDependence(.upperUpper) == 0)
    #expect(
      RotatedCopula(clayton, by: .half).tailDependence(.upperUpper)
        == clayton.tailDependence(.lowerLower))
    // A quarter turn: 1 − u falls with v, so that u rises while v falls.
    #expect(
      RotatedCopula(clayton, by: .quarter).tailDependence(.upperLower)
        == clayton.tailDependence(.lowerLower))
    #expect(
      RotatedCopula(clayton, by: .threeQuarters).tailDependence(.lowerUpper)
        == clayton.tailDependence(.lowerLower))
    let gumbel = try GumbelCopula(parameter: 2)
    expectClose(gumbel.tailDependence(.upperUpper), 2 - 2.0.squareRoot(), absolute: 1e-15)
    let student = try StudentTCopula(correlation: 0.6, degreesOfFreedom: 3)
    let opposite = try StudentTCopula(correlation: -0.6, degreesOfFreedom: 3)
    #expect(student.tailDependence(.lowerUpper) == opposite.tailDependence(.lowerLower))
    // The limit by the copula itself.
    for copula in [clayton as any BivariateCopula, student] {
      expectClose(
        copula.cdf(1e-7, 1e-7) / 1e-7, copula.tailDependence(.lowerLower), relative: 1e-2)
    }
  }

  /// Student's law with many degrees of freedom is normal; a turn by a quarter has the opposite correlation.
  @Test func limits() throws {
    let normal = try GaussianCopula(correlation: 0.4)
    let student = try StudentTCopula(correlation: 0.4, degreesOfFreedom: 1e6)
    let turned = RotatedCopula(
      try StudentTCopula(correlation: -0.4, degreesOfFreedom: 4), by: .quarter)
    let plain = try StudentTCopula(correlation: 0.4, degreesOfFreedom: 4)
    for (u, v) in [(0.2, 0.7), (0.9, 0.95), (0.01, 0.01)] {
      expectClose(student.logDensity(u, v), normal.logDensity(u, v), absolute: 1e-4)
      expectClose(student.cdf(u, v), normal.cdf(u, v), absolute: 1e-6)
      expectClose(turned.logDensity(u, v), plain.logDensity(u, v), absolute: 1e-12)
      expectClose(turned.cdf(u, v), plain.cdf(u, v), absolute: 1e-12)
    }
  }

  /// Parameters come back from draws of every family within four standard errors, and the family has the best criterion.
  @Test func fitsRecoverTheParameters() throws {
    let count = 1500
    func draw(_ copula: some BivariateCopula, _ stream: UInt64) throws -> ([Double], [Double]) {
      var random = RandomSequence(RandomStream(seed: 8, stream: stream))
      let pairs = (0..<count).map { _ in copula.sample(from: &random) }
      return (try CopulaFit.ranks(of: pairs.map(\.u)), try CopulaFit.ranks(of: pairs.map(\.v)))
    }
    func expect<Law>(_ fit: DistributionFit<Law>, _ name: String, _ value: Double) {
      #expect(fit.status == .converged)
      let parameter = fit[name]
      expectClose(
        parameter?.value ?? .nan, value, absolute: 4 * (parameter?.standardError ?? 0), name)
      #expect(parameter?.standardError ?? 0 > 0)
    }
    let (gu, gv) = try draw(GaussianCopula(correlation: -0.5), 0)
    expect(try CopulaFit.gaussian(gu, gv), "correlation", -0.5)
    let clayton = try ClaytonCopula(parameter: 1.5)
    let (cu, cv) = try draw(clayton, 1)
    let fit = try CopulaFit.clayton(cu, cv)
    expect(fit, "parameter", 1.5)
    #expect(fit.akaikeCriterion < (try CopulaFit.gumbel(cu, cv)).akaikeCriterion)
    #expect(fit.akaikeCriterion < (try CopulaFit.frank(cu, cv)).akaikeCriterion)
    let (uu, uv) = try draw(GumbelCopula(parameter: 2), 2)
    expect(try CopulaFit.gumbel(uu, uv), "parameter", 2)
    let (fu, fv) = try draw(FrankCopula(parameter: -4), 3)
    expect(try CopulaFit.frank(fu, fv), "parameter", -4)
    let (ru, rv) = try draw(RotatedCopula(clayton, by: .quarter), 4)
    let rotated = try CopulaFit.rotated(by: .quarter, ru, rv, CopulaFit.clayton)
    expect(rotated, "parameter", 1.5)
    #expect(rotated.law.kendallCorrelation < 0)
    // Negative dependence is not Clayton's: the bound is said.
    #expect(try CopulaFit.clayton(ru, rv).status == .lowerBound)
  }

  @Test func fitsStudent() throws {
    let count = 600
    let law = try StudentTCopula(correlation: 0.5, degreesOfFreedom: 4)
    var random = RandomSequence(RandomStream(seed: 12))
    let pairs = (0..<count).map { _ in law.sample(from: &random) }
    let (u, v) = (try CopulaFit.ranks(of: pairs.map(\.u)), try CopulaFit.ranks(of: pairs.map(\.v)))
    let fit = try CopulaFit.studentT(u, v)
    #expect(fit.status == .converged)
    for (name, value) in [("correlation", 0.5), ("degreesOfFreedom", 4)] {
      let parameter = fit[name]
      expectClose(parameter?.value ?? .nan, value, absolute: 4 * (parameter?.standardError ?? 0))
    }
    #expect(fit.akaikeCriterion < (try CopulaFit.gaussian(u, v)).akaikeCriterion)
  }

  /// Near equal ranks drive the correlation to its bound, normal ones the degrees of freedom to theirs.
  @Test func fitsStudentAtBounds() throws {
    let count = 40
    let u = (1...count).map { Double($0) / Double(count + 1) }
    let equal = try CopulaFit.studentT(u, u)
    #expect(equal.status != .converged)
    #expect(equal["correlation"]?.standardError.isNaN == true)
    expectClose(equal["correlation"]?.value ?? .nan, 0.999999, absolute: 1e-7)
    let opposite = try CopulaFit.studentT(u, u.reversed())
    #expect(opposite.status != .converged)
    #expect(opposite["correlation"]?.standardError.isNaN == true)
    // The correlation alone is at its bound.
    let near = try StudentTCopula(correlation: 1 - 6e-7, degreesOfFreedom: 4)
    var random = RandomSequence(RandomStream(seed: 5))
    let pairs = (0..<200).map { _ in near.sample(from: &random) }
    let bound = try CopulaFit.studentT(pairs.map(\.u), pairs.map(\.v))
    #expect(bound.status == .upperBound)
    #expect(bound["correlation"]?.standardError.isNaN == true)
    let degreesError = bound["degreesOfFreedom"]?.standardError ?? .nan
    #expect(degreesError > 0 && degreesError < bound.law.degreesOfFreedom)
    #expect(bound.law.degreesOfFreedom > 1 && bound.law.degreesOfFreedom < 100)
    // A normal copula's ranks by a lattice: no tails beyond the normal ones.
    let normal = try GaussianCopula(correlation: 0.5)
    let second = (0..<count).map {
      ((Double($0) + 0.5) * 0.6180339887498949).truncatingRemainder(dividingBy: 1)
    }
    let first = zip(u, second).map { normal.conditionalQuantile($0, given: $1) }
    let fit = try CopulaFit.studentT(first, second)
    #expect(fit.status == .upperBound)
    #expect(fit["degreesOfFreedom"]?.standardError.isNaN == true)
    // The likelihood of the correlation alone, with the degrees of freedom held.
    let (rho, degrees) = (fit.law.correlation, fit.law.degreesOfFreedom)
    let h = 1e-3 * (1 - rho.magnitude)
    let values = try [-h, 0, h].map { step in
      let law = try StudentTCopula(correlation: rho + step, degreesOfFreedom: degrees)
      return zip(first, second).reduce(0.0) { $0 + law.logDensity($1.0, $1.1) }
    }
    let curvature = (2 * values[1] - values[0] - values[2]) / (h * h)
    expectClose(
      fit["correlation"]?.standardError ?? .nan, 1 / curvature.squareRoot(), relative: 1e-4)
  }

  @Test func ranks() throws {
    #expect(try CopulaFit.ranks(of: [3, 1, 2]) == [0.75, 0.25, 0.5])
    #expect(try CopulaFit.ranks(of: [5, 5, 1, 9]) == [0.5, 0.5, 0.2, 0.8])
    #expect(throws: DistributionsError.self) { try CopulaFit.ranks(of: []) }
    #expect(throws: DistributionsError.self) { try CopulaFit.ranks(of: [1, .nan]) }
    let inside = [Double](repeating: 0.5, count: 12)
    #expect(throws: DistributionsError.self) { try CopulaFit.gaussian(inside, [0.5]) }
    #expect(throws: DistributionsError.self) { try CopulaFit.gaussian([0.5], [0.5]) }
    #expect(throws: DistributionsError.self) {
      try CopulaFit.frank(inside, inside.dropLast() + [1])
    }
  }

  @Test func refusesParameters() {
    for value in [1, -1, 2, Double.nan] {
      #expect(throws: DistributionsError.self) { try GaussianCopula(correlation: value) }
      #expect(throws: DistributionsError.self) {
        try StudentTCopula(correlation: value, degreesOfFreedom: 4)
      }
    }
    for value in [0, -1, Double.infinity, .nan] {
      #expect(throws: DistributionsError.self) {
        try StudentTCopula(correlation: 0, degreesOfFreedom: value)
      }
      #expect(throws: DistributionsError.self) { try ClaytonCopula(parameter: value) }
      #expect(throws: DistributionsError.self) { try GumbelCopula(parameter: value) }
    }
    #expect(throws: DistributionsError.self) { try FrankCopula(parameter: .infinity) }
  }
}
