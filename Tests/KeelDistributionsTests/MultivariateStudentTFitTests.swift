import KeelData
import KeelDistributions
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct MultivariateStudentTFitTests {
  struct File: Decodable {
    struct Student: Decodable {
      let name: String
      let rows: [[Double]]
      let observed: [[Bool]]
      let givenDegrees: Double?
      let location: [Double]
      let scatter: [[Double]]
      let degreesOfFreedom: Double
      let logLikelihood: Double
    }
    let students: [Student]
  }

  private func sample(_ rows: Int, _ columns: Int, degrees: Double, seed: UInt64) throws -> Matrix {
    var random = RandomSequence(RandomStream(seed: seed))
    var matrix = try Matrix(rowCount: rows, columnCount: columns)
    for i in 0..<rows {
      let size = (degrees / (2 * random.gamma(shape: degrees / 2))).squareRoot()
      let common = random.normal()
      for j in 0..<columns {
        matrix[i, j] = 0.01 * size * (common + random.normal() * Double(j + 1)) + 0.001
      }
    }
    return matrix
  }

  @Test func isALawOverAssets() throws {
    let matrix = try sample(400, 3, degrees: 5, seed: 8)
    let fit = try MultivariateStudentT.unlabeledFit(matrix)
    let universe = try Universe(["BTC", "ETH", "SOL"])
    let law = try fit.law(universe)
    #expect(law.expectedReturns.values == fit.location)
    #expect(law.degreesOfFreedom == fit.degreesOfFreedom)
    let weights = try Weights(universe: universe, values: [0.5, 0.3, 0.2])
    let covariance = try #require(fit.covariance)
    var variance = 0.0
    for i in 0..<3 {
      for j in 0..<3 { variance += weights.values[i] * covariance[i, j] * weights.values[j] }
    }
    expectClose(
      try law.portfolioLaw(weights).standardDeviation, variance.squareRoot(), relative: 1e-12)
    // Given one of them the others are expected to follow.
    let given = try law.conditional(on: ["BTC": -0.3])
    #expect(given.expectedReturns.universe.assets == ["ETH", "SOL"])
    #expect(given.expectedReturns.values.allSatisfy { $0 < 0 })
    #expect(throws: DistributionsError.shapeMismatch(argument: "universe", got: 2, required: 3)) {
      try fit.law(Universe(["BTC", "ETH"]))
    }
    var settings = MultivariateStudentT.FitSettings()
    (settings.lowestDegreesOfFreedom, settings.degreesOfFreedom) = (1, 1.5)
    let wild = try MultivariateStudentT.unlabeledFit(matrix, settings: settings)
    #expect(throws: DistributionsError.self) { try wild.law(universe) }
  }

  @Test func agreesWithAGeneralOptimizer() throws {
    for reference in try Reference.load(File.self, "robust_covariance").students {
      var settings = MultivariateStudentT.FitSettings()
      settings.degreesOfFreedom = reference.givenDegrees
      let columns = reference.rows[0].count
      let fit = try MultivariateStudentT.unlabeledFit(
        Matrix(rows: reference.rows),
        observed: (0..<columns).flatMap { j in reference.observed.map { $0[j] } },
        settings: settings)
      #expect(fit.status == .converged && fit.iterations < 500, "\(reference.name)")
      // The optimizer ends where differences of the likelihood are rounding.
      expectClose(
        fit.degreesOfFreedom, reference.degreesOfFreedom, relative: 1e-4, reference.name)
      expectClose(fit.logLikelihood, reference.logLikelihood, relative: 1e-9, reference.name)
      #expect(fit.logLikelihood >= reference.logLikelihood - 1e-8, "\(reference.name)")
      let size = reference.scatter.joined().reduce(0) { max($0, $1.magnitude) }
      for i in 0..<columns {
        expectClose(
          fit.location[i], reference.location[i], absolute: 1e-5 * size.squareRoot(),
          reference.name)
        for j in 0..<columns {
          expectClose(
            fit.scatter[i, j], reference.scatter[i][j], absolute: 1e-4 * size, reference.name)
        }
      }
    }
  }

  /// The likelihood's equations at the fit: weighted mean zero, weighted scatter the scatter, mean weight one.
  @Test func equationsHold() throws {
    for (seed, degrees) in [3.0, 5, 12].enumerated() {
      let matrix = try sample(200, 4, degrees: degrees, seed: UInt64(seed) + 3)
      let fit = try MultivariateStudentT.unlabeledFit(matrix)
      let size = fit.scatter[3, 3]
      expectClose(fit.weights.reduce(0, +), 200, relative: 1e-9)
      for i in 0..<4 {
        for j in 0..<4 {
          var sum = 0.0
          var mean = 0.0
          for t in 0..<200 {
            let y = matrix[t, i] - fit.location[i]
            mean += fit.weights[t] * y
            sum += fit.weights[t] * y * (matrix[t, j] - fit.location[j])
          }
          expectClose(mean / 200, 0, absolute: 1e-10 * size.squareRoot())
          expectClose(sum / 200, fit.scatter[i, j], absolute: 1e-10 * size)
        }
      }
    }
  }

  /// In one dimension it is the univariate fit.
  @Test func oneColumn() throws {
    let matrix = try sample(300, 1, degrees: 4, seed: 9)
    let fit = try MultivariateStudentT.unlabeledFit(matrix)
    let law = try StudentT.fit(matrix.columnMajorElements).law
    expectClose(fit.degreesOfFreedom, law.degreesOfFreedom, relative: 1e-7)
    expectClose(fit.location[0], law.location, relative: 1e-7)
    expectClose(fit.scatter[0, 0].squareRoot(), law.scale, relative: 1e-8)
  }

  @Test func scales() throws {
    let matrix = try sample(100, 3, degrees: 4, seed: 2)
    let one = try MultivariateStudentT.unlabeledFit(matrix)
    for factor in [0x1p-500, 1e-8, 1e6, 0x1p500] {
      let other = try MultivariateStudentT.unlabeledFit(
        Matrix(
          rowCount: 100, columnCount: 3,
          columnMajor: matrix.columnMajorElements.map { $0 * factor }))
      expectClose(other.degreesOfFreedom, one.degreesOfFreedom, relative: 1e-9)
      expectClose(other.location[1] / factor, one.location[1], relative: 1e-9)
      expectClose(other.scatter[0, 1] / factor / factor, one.scatter[0, 1], relative: 1e-9)
    }
  }

  @Test func boundsAreSaid() throws {
    var settings = MultivariateStudentT.FitSettings()
    settings.lowestDegreesOfFreedom = 20
    let low = try MultivariateStudentT.unlabeledFit(
      sample(200, 3, degrees: 3, seed: 1), settings: settings)
    #expect(low.status == .lowerBound && low.degreesOfFreedom == 20)
    var thin = try Matrix(rowCount: 64, columnCount: 2)
    for i in 0..<64 {
      thin[i, 0] = Double(i) / 1000
      thin[i, 1] = Double(3 * i % 64) / 1000
    }
    let high = try MultivariateStudentT.unlabeledFit(thin)
    #expect(high.status == .upperBound && high.degreesOfFreedom == 1000)
    settings = .init()
    settings.maximumIterations = 2
    let early = try MultivariateStudentT.unlabeledFit(
      sample(200, 3, degrees: 3, seed: 1), settings: settings)
    #expect(early.status == .iterationLimit && early.iterations == 2)
  }

  /// What is missing is not read, and rows without entries count for nothing.
  @Test func missingEntriesAreNotRead() throws {
    var matrix = try sample(80, 3, degrees: 4, seed: 6)
    var observed = [Bool](repeating: true, count: 240)
    for i in stride(from: 0, to: 240, by: 7) { observed[i] = false }
    for j in 0..<3 { observed[5 + 80 * j] = false }
    let one = try MultivariateStudentT.unlabeledFit(matrix, observed: observed)
    #expect(one.observationCount == 79 && one.weights[5] == 0)
    for i in 0..<80 {
      for j in 0..<3 where !observed[i + 80 * j] { matrix[i, j] = i % 2 == 0 ? .nan : 1e300 }
    }
    #expect(try MultivariateStudentT.unlabeledFit(matrix, observed: observed) == one)
  }

  @Test func badSamples() throws {
    let matrix = try sample(30, 2, degrees: 4, seed: 6)
    #expect(throws: DistributionsError.tooFewObservations(got: 3, required: 4)) {
      try MultivariateStudentT.unlabeledFit(sample(3, 3, degrees: 4, seed: 6))
    }
    var bad = matrix
    bad[4, 1] = .nan
    #expect(throws: DistributionsError.self) { try MultivariateStudentT.unlabeledFit(bad) }
    #expect(throws: DistributionsError.shapeMismatch(argument: "observed", got: 1, required: 60)) {
      try MultivariateStudentT.unlabeledFit(matrix, observed: [true])
    }
    var copied = matrix
    for i in 0..<30 { copied[i, 1] = copied[i, 0] }
    #expect(throws: DistributionsError.notRepresentable(result: "logLikelihood")) {
      try MultivariateStudentT.unlabeledFit(copied)
    }
    for i in 0..<30 { copied[i, 1] = 7 }
    #expect(throws: DistributionsError.repeatedValue(value: 7, count: 30, observationCount: 30)) {
      try MultivariateStudentT.unlabeledFit(copied)
    }
    #expect(throws: DistributionsError.self) {
      try MultivariateStudentT.unlabeledFit(Matrix(rowCount: 4, columnCount: 0))
    }
    for value in [0, -1, .nan, .infinity] {
      var settings = MultivariateStudentT.FitSettings()
      settings.degreesOfFreedom = value
      #expect(throws: DistributionsError.self) {
        try MultivariateStudentT.unlabeledFit(matrix, settings: settings)
      }
      settings = .init()
      settings.relativeTolerance = value
      #expect(throws: DistributionsError.self) {
        try MultivariateStudentT.unlabeledFit(matrix, settings: settings)
      }
    }
  }
}
