import Foundation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct VarianceMixtureTests {
  struct File: Decodable {
    struct SkewedT: Decodable {
      let parameters: [Double]
      let points: [[Double]]
      let moments: [Double]
    }
    struct Many: Decodable {
      let kind: String
      let shape: [Double]
      let location: [Double]
      let drift: [Double]
      let dispersion: [[Double]]
      let points: [[Double]]
      let logPDF: [Double]
      let mixingMean: Double
      let mixingVariance: Double
    }
    let skewedTs: [SkewedT]
    let multivariate: [Many]
  }

  static let reference = Result { try Reference.load(File.self, "variance_mixtures") }

  static func universe(_ count: Int) throws -> Universe {
    try Universe((0..<count).map { AssetID("A\($0)") })
  }

  static func hyperbolic(_ item: File.Many) throws -> MultivariateGeneralizedHyperbolic {
    try MultivariateGeneralizedHyperbolic(
      universe: universe(item.location.count), location: item.location, drift: item.drift,
      dispersion: SymmetricMatrix(rows: item.dispersion), order: item.shape[0],
      concentration: item.shape[1])
  }

  static func skewedT(_ item: File.Many) throws -> MultivariateHyperbolicSkewedT {
    try MultivariateHyperbolicSkewedT(
      universe: universe(item.location.count), location: item.location, drift: item.drift,
      dispersion: SymmetricMatrix(rows: item.dispersion), degreesOfFreedom: item.shape[0])
  }

  static func forEachSkewedT(
    _ body: (HyperbolicSkewedT, File.SkewedT, String) throws -> Void
  ) throws {
    for item in try reference.get().skewedTs {
      let p = item.parameters
      let law = try HyperbolicSkewedT(
        location: 0, drift: p[0], scale: p[1], degreesOfFreedom: p[2])
      try body(law, item, "\(p)")
    }
  }

  @Test func densitiesAndTailsOfTheSkewedTAgreeWithQuadrature() throws {
    try Self.forEachSkewedT { law, item, name in
      let tolerance = law.degreesOfFreedom > 100 ? 1e-11 : 1e-12
      for row in item.points {
        expectDensityAndTails(law, row, tolerance: tolerance, name)
        expectComplements(law, at: row[0], name)
      }
    }
  }

  @Test func meansOfTailsOfTheSkewedTAgreeWithQuadrature() throws {
    try Self.forEachSkewedT { law, item, name in
      for row in item.points {
        expectMeansOfTails(
          law, row, unit: law.scale, tolerance: 1e-11, largestLogarithm: -1e-4, name)
      }
    }
  }

  @Test func momentsOfTheSkewedTAreThoseOfItsMixing() throws {
    try Self.forEachSkewedT { law, item, name in
      let values = [law.mean, law.variance, law.skewness, law.excessKurtosis]
      for (k, moment) in item.moments.enumerated() {
        expectClose(values[k], moment, relative: 1e-11, absolute: 1e-13, "moment \(k) \(name)")
      }
    }
  }

  @Test func quantilesOfTheSkewedTInvertItsTails() throws {
    try Self.forEachSkewedT { law, _, name in
      for p in [1e-300, 1e-40, 1e-9, 0.01, 0.2, 0.5, 0.7, 0.99] {
        expectQuantilesInvertTails(law, at: p, name)
      }
    }
  }

  @Test func withoutDriftItIsStudentsLaw() throws {
    for degrees in [2.1, 3.5, 30] {
      let law = try HyperbolicSkewedT(
        location: 0.1, drift: 0, scale: 2, degreesOfFreedom: degrees)
      let student = try StudentT(location: 0.1, scale: 2, degreesOfFreedom: degrees)
      for x in [-1e200, -1e6, -9, 0.1, 3, 1e12] {
        expectClose(law.logPDF(x), student.logPDF(x), relative: 1e-12, absolute: 1e-12)
        expectClose(law.logCDF(x), student.logCDF(x), relative: 1e-12, absolute: 1e-12)
        expectClose(law.logSurvival(x), student.logSurvival(x), relative: 1e-12, absolute: 1e-12)
      }
      for p in [1e-20, 0.025, 0.5] {
        expectClose(
          law.meanBelow(probability: p), student.meanBelow(probability: p), relative: 1e-11)
      }
    }
  }

  /// Across the point where sums over the mixing number give way to sums over the normal number.
  @Test func tailsAreSmoothAndMonotone() throws {
    for (drift, degrees) in [(0.7, 5.0), (-3, 12), (0.01, 2.1), (20, 40)] {
      let law = try HyperbolicSkewedT(
        location: 0, drift: drift, scale: 1, degreesOfFreedom: degrees)
      var before = (lower: -Double.infinity, upper: 0.0)
      for k in -80...400 {
        let x = sinh(Double(k) / 20) * (drift < 0 ? -1 : 1)
        let (lower, upper) =
          drift < 0 ? (law.logSurvival(x), law.logCDF(x)) : (law.logCDF(x), law.logSurvival(x))
        #expect(lower >= before.lower && upper <= before.upper, "\(drift) \(degrees) at \(x)")
        before = (lower, upper)
      }
    }
  }

  @Test func densitiesOfManyAgreeWithIntegralsOverTheMixing() throws {
    for item in try Self.reference.get().multivariate {
      let points = try Matrix(rows: item.points)
      let values =
        item.kind == "skewedT"
        ? try Self.skewedT(item).logPDF(points) : try Self.hyperbolic(item).logPDF(points)
      for (k, value) in item.logPDF.enumerated() {
        expectClose(
          values[k], value, absolute: 1e-11 * max(1, value.magnitude),
          "\(item.kind) \(item.shape) at \(item.points[k])")
      }
    }
  }

  /// Where squares of returns overflow.
  @Test func densitiesFarOutAreThoseOfTheFormula() throws {
    struct Far: Decodable {
      struct Case: Decodable {
        let kind: String
        let shape: [Double]
        let drift: [Double]
        let dispersion: [[Double]]
        let points: [[Double]]
        let logPDF: [Double]
      }
      let cases: [Case]
    }
    for item in try Reference.load(Far.self, "far_mixtures").cases {
      let universe = try Self.universe(item.drift.count)
      let zeros = [Double](repeating: 0, count: item.drift.count)
      let dispersion = try SymmetricMatrix(rows: item.dispersion)
      // Rows among others.
      let points = try Matrix(rows: [zeros] + item.points + [zeros.map { _ in .infinity }])
      let values =
        item.kind == "skewedT"
        ? try MultivariateHyperbolicSkewedT(
          universe: universe, location: zeros, drift: item.drift, dispersion: dispersion,
          degreesOfFreedom: item.shape[0]
        ).logPDF(points)
        : try MultivariateGeneralizedHyperbolic(
          universe: universe, location: zeros, drift: item.drift, dispersion: dispersion,
          order: item.shape[0], concentration: item.shape[1]
        ).logPDF(points)
      #expect(values[0].isFinite && values.last == -.infinity)
      func check(_ value: Double, _ k: Int) {
        let expected = item.logPDF[k]
        expectClose(
          value, expected, absolute: 1e-11 * max(1, expected.magnitude),
          "\(item.kind) \(item.shape) \(item.drift) at \(item.points[k])")
      }
      for k in item.logPDF.indices { check(values[k + 1], k) }
      if zeros.count == 1 {
        let law = try HyperbolicSkewedT(
          location: 0, drift: item.drift[0], scale: item.dispersion[0][0].squareRoot(),
          degreesOfFreedom: item.shape[0])
        for k in item.logPDF.indices { check(law.logPDF(item.points[k][0]), k) }
        #expect(law.logPDF(.infinity) == -.infinity)
      }
    }
  }

  /// Each asset alone has the law of its entries, and moments are those of the mixing.
  @Test func portfoliosHaveTheLawOfTheirFamily() throws {
    for item in try Self.reference.get().multivariate {
      let n = item.location.count
      let weights = try Weights(
        universe: Self.universe(n), values: [0.7, -0.4, 0.5].prefix(n).map { $0 })
      let w = weights.values
      let drift = zip(w, item.drift).reduce(0.0) { $0 + $1.0 * $1.1 }
      let location = zip(w, item.location).reduce(0.0) { $0 + $1.0 * $1.1 }
      var square = 0.0
      for i in 0..<n { for j in 0..<n { square += w[i] * w[j] * item.dispersion[i][j] } }
      let mean = location + item.mixingMean * drift
      let variance = item.mixingMean * square + item.mixingVariance * drift * drift
      let line = try Matrix(columns: [[-3, -0.5, 0.2, 4].map { mean + $0 * square.squareRoot() }])
      let one = try Self.universe(1)
      if item.kind == "skewedT" {
        let law = try Self.skewedT(item)
        let portfolio = try law.portfolioLaw(weights)
        expectClose(portfolio.mean, mean, relative: 1e-12, absolute: 1e-15)
        if item.shape[0] > 4 {
          expectClose(portfolio.variance, variance, relative: 1e-12)
          expectClose(
            try law.covariance().matrix[0, 1],
            item.mixingMean * item.dispersion[0][1]
              + item.mixingVariance * item.drift[0] * item.drift[1], relative: 1e-12)
        }
        let single = try MultivariateHyperbolicSkewedT(
          universe: one, location: [location], drift: [drift],
          dispersion: SymmetricMatrix(diagonal: [square]), degreesOfFreedom: item.shape[0])
        for (k, value) in try single.logPDF(line).enumerated() {
          expectClose(portfolio.logPDF(line[k, 0]), value, relative: 1e-11, absolute: 1e-11)
        }
      } else {
        let law = try Self.hyperbolic(item)
        let portfolio = try law.portfolioLaw(weights)
        expectClose(portfolio.mean, mean, relative: 1e-12, absolute: 1e-15)
        expectClose(portfolio.variance, variance, relative: 1e-11)
        expectClose(
          try law.expectedReturns().values[0], item.location[0] + item.drift[0], relative: 1e-14)
        let single = try MultivariateGeneralizedHyperbolic(
          universe: one, location: [location], drift: [drift],
          dispersion: SymmetricMatrix(diagonal: [square]), order: item.shape[0],
          concentration: item.shape[1])
        for (k, value) in try single.logPDF(line).enumerated() {
          expectClose(portfolio.logPDF(line[k, 0]), value, relative: 1e-11, absolute: 1e-11)
        }
      }
    }
  }

  @Test func refusesWhatIsNoLaw() throws {
    let universe = try Self.universe(2)
    let unit = try SymmetricMatrix(diagonal: [1, 1])
    func law(
      _ location: [Double] = [0, 0], _ drift: [Double] = [0, 0], _ matrix: SymmetricMatrix? = nil,
      order: Double = -0.5, concentration: Double = 1
    ) throws -> MultivariateGeneralizedHyperbolic {
      try MultivariateGeneralizedHyperbolic(
        universe: universe, location: location, drift: drift, dispersion: matrix ?? unit,
        order: order, concentration: concentration)
    }
    #expect(throws: DistributionsError.shapeMismatch(argument: "drift", got: 1, required: 2)) {
      try law([0, 0], [0])
    }
    for value in [Double.nan, .infinity] {
      #expect(throws: DistributionsError.self) { try law([0, value]) }
      #expect(throws: DistributionsError.self) { try law([0, 0], [value, 0]) }
      #expect(throws: DistributionsError.self) { try law(order: value) }
      #expect(throws: DistributionsError.self) { try law(concentration: value) }
      #expect(throws: DistributionsError.self) {
        try HyperbolicSkewedT(location: 0, drift: value, scale: 1, degreesOfFreedom: 5)
      }
      #expect(throws: DistributionsError.self) {
        try HyperbolicSkewedT(location: 0, drift: 0, scale: 1, degreesOfFreedom: value)
      }
    }
    #expect(throws: DistributionsError.notRepresentable(result: "logPDF")) {
      try law([0, 0], [0, 0], SymmetricMatrix(rows: [[1, 1], [1, 1]]))
        .logPDF(Matrix(rowCount: 1, columnCount: 2))
    }
    let values = try law().logPDF(Matrix(rows: [[.nan, 0], [.infinity, 0], [0, 0]]))
    #expect(values[0].isNaN && values[1] == -.infinity && values[2].isFinite)
    #expect(throws: DistributionsError.self) {
      try law().portfolioLaw(Weights(universe: universe, values: [0, 0]))
    }
    let heavy = try MultivariateHyperbolicSkewedT(
      universe: universe, location: [0, 0], drift: [0.1, 0], dispersion: unit, degreesOfFreedom: 4)
    #expect(throws: DistributionsError.self) { try heavy.covariance() }
  }

  /// A diagonal covariance gives products, a line of one asset the law of one variable, infinity the normal law.
  @Test func ellipticalDensitiesAreThoseOfTheirMargins() throws {
    let universe = try Self.universe(2)
    let means = try ExpectedReturns(universe: universe, values: [0.001, -0.002])
    let diagonal = try Covariance(
      universe: universe, dense: SymmetricMatrix(diagonal: [4e-4, 9e-4]))
    let points = try Matrix(rows: [[0, 0], [-0.1, 0.02], [0.5, 0.4], [1e3, -5]])
    let normal = try MultivariateNormal(expectedReturns: means, covariance: diagonal)
    let (first, second) = (
      try Normal(mean: 0.001, standardDeviation: 0.02),
      try Normal(mean: -0.002, standardDeviation: 0.03)
    )
    let endless = try MultivariateStudentT(
      expectedReturns: means, covariance: diagonal, degreesOfFreedom: .infinity)
    #expect(try endless.logPDF(points) == normal.logPDF(points))
    let far = try normal.logPDF(Matrix(rows: [[1e120, 0], [1e200, -1e200], [-1e308, 1e308]]))
    expectClose(far[0], -0.5e240 / 4e-4, relative: 1e-13)
    #expect(far[1] == -.infinity && far[2] == -.infinity)
    for (i, value) in try normal.logPDF(points).enumerated() {
      expectClose(
        value, first.logPDF(points[i, 0]) + second.logPDF(points[i, 1]), relative: 1e-13)
    }
    let dense = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[4e-4, 3e-4], [3e-4, 9e-4]]))
    let student = try MultivariateStudentT(
      expectedReturns: means, covariance: dense, degreesOfFreedom: 5)
    // The copula and the margins of the same law, in ranks of the lower half.
    let scale = 0.6.squareRoot()
    let margins = [
      try StudentT(location: 0.001, scale: 0.02 * scale, degreesOfFreedom: 5),
      try StudentT(location: -0.002, scale: 0.03 * scale, degreesOfFreedom: 5),
    ]
    let copula = try StudentTCopula(correlation: 0.5, degreesOfFreedom: 5)
    let below = try Matrix(rows: [[0, -0.01], [-0.1, -0.02], [-0.5, -0.4]])
    for (i, value) in try student.logPDF(below).enumerated() {
      let x = below.row(i)
      expectClose(
        value,
        margins[0].logPDF(x[0]) + margins[1].logPDF(x[1])
          + copula.logDensity(margins[0].cdf(x[0]), margins[1].cdf(x[1])),
        relative: 1e-11, absolute: 1e-11)
    }
    #expect(throws: DistributionsError.self) {
      try normal.logPDF(Matrix(rowCount: 1, columnCount: 3))
    }
  }
}
