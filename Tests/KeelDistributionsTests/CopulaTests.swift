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
    let cases: [Case]
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
