import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct VarianceMixtureFitTests {
  struct File: Decodable {
    struct Fit: Decodable {
      let kind: String
      let order: Double?
      let rows: [[Double]]
      let observed: [[Bool]]
      let location: [Double]
      let drift: [Double]
      let dispersion: [[Double]]
      let shape: [Double]
      let logLikelihood: Double
    }
    let fits: [Fit]
  }

  /// What both fits have in common.
  struct Result {
    let location: [Double]
    let drift: [Double]
    let dispersion: SymmetricMatrix
    let shape: [Double]
    let logLikelihoods: [Double]
    let status: FitStatus

    init(_ fit: MultivariateGeneralizedHyperbolicFit) {
      (location, drift, dispersion) = (fit.location, fit.drift, fit.dispersion)
      (logLikelihoods, status) = (fit.logLikelihoods, fit.status)
      shape = [fit.order, fit.concentration]
    }

    init(_ fit: MultivariateHyperbolicSkewedTFit) {
      (location, drift, dispersion) = (fit.location, fit.drift, fit.dispersion)
      (logLikelihoods, status) = (fit.logLikelihoods, fit.status)
      shape = [fit.degreesOfFreedom]
    }
  }

  private func fit(
    _ kind: String, _ matrix: Matrix, _ observed: [Bool]? = nil, order: Double? = nil
  ) throws -> Result {
    if kind == "skewedT" {
      return Result(try MultivariateHyperbolicSkewedT.unlabeledFit(matrix, observed: observed))
    }
    var settings = MultivariateGeneralizedHyperbolic.FitSettings()
    settings.order = order
    return Result(
      try MultivariateGeneralizedHyperbolic.unlabeledFit(
        matrix, observed: observed, settings: settings))
  }

  @Test func agreesWithAGeneralOptimizer() throws {
    for item in try Reference.load(File.self, "variance_mixture_fits").fits {
      let n = item.rows[0].count
      let name = "\(item.kind) \(item.order ?? .nan) \(n)"
      let fit = try fit(
        item.kind, Matrix(rows: item.rows),
        (0..<n).flatMap { j in item.observed.map { $0[j] } }, order: item.order)
      #expect(
        fit.status == .converged && fit.logLikelihoods.count < 300,
        "\(name) \(fit.status) \(fit.logLikelihoods.count)")
      // The optimizer ends where differences of the likelihood are rounding.
      let logLikelihood = fit.logLikelihoods.last ?? .nan
      expectClose(logLikelihood, item.logLikelihood, relative: 1e-8, name)
      #expect(logLikelihood >= item.logLikelihood - 1e-6, "\(name)")
      let size = item.dispersion.joined().reduce(0) { max($0, $1.magnitude) }
      let isOrderFree = item.kind != "skewedT" && item.order == nil
      // The likelihood hardly tells the order from the concentration.
      let tolerance = isOrderFree ? 0.05 : 1e-3
      for (k, value) in item.shape.enumerated() {
        expectClose(
          fit.shape[k], value, relative: tolerance, absolute: tolerance, "\(name) shape \(k)")
      }
      for i in 0..<n {
        let unit = size.squareRoot()
        expectClose(fit.location[i], item.location[i], absolute: tolerance * unit, name)
        expectClose(fit.drift[i], item.drift[i], absolute: tolerance * unit, name)
        for j in 0..<n {
          expectClose(
            fit.dispersion[i, j], item.dispersion[i][j], absolute: tolerance * size, name)
        }
      }
    }
  }

  @Test func likelihoodNeverFalls() throws {
    for (seed, kind) in ["skewedT", "generalizedHyperbolic"].enumerated() {
      for (missing, order) in [(0, -0.5), (5, nil)] as [(Int, Double?)] {
        let matrix = try sample(100, 3, seed: UInt64(seed))
        let observed = missing == 0 ? nil : (0..<300).map { $0 % missing != 0 || $0 % 100 == 50 }
        let fit = try fit(kind, matrix, observed, order: order)
        #expect(fit.status != .iterationLimit, "\(kind) \(missing)")
        let path = fit.logLikelihoods
        #expect(path.count > 3)
        for (before, after) in zip(path, path.dropFirst()) {
          #expect(after >= before - 1e-9 * before.magnitude, "\(kind) \(missing)")
        }
      }
    }
  }

  private func sample(_ rows: Int, _ columns: Int, degrees: Double = 4, seed: UInt64) throws
    -> Matrix
  {
    var random = RandomSequence(RandomStream(seed: seed))
    var matrix = try Matrix(rowCount: rows, columnCount: columns)
    for i in 0..<rows {
      let mixing = degrees / (2 * random.gamma(shape: degrees / 2))
      let common = random.normal()
      for j in 0..<columns {
        matrix[i, j] =
          0.01 * mixing.squareRoot() * (common + random.normal() * Double(j + 1)) + 0.001
          - 0.004 * mixing
      }
    }
    return matrix
  }

  /// The drift held at zero is Student's law, fitted by another search.
  @Test func withoutDriftItIsTheFitOfStudentsLaw() throws {
    let matrix = try sample(120, 3, seed: 3)
    let observed = (0..<360).map { $0 % 7 != 0 }
    let student = try MultivariateStudentT.unlabeledFit(matrix, observed: observed)
    var settings = MultivariateHyperbolicSkewedT.FitSettings()
    settings.hasDrift = false
    let fit = try MultivariateHyperbolicSkewedT.unlabeledFit(
      matrix, observed: observed, settings: settings)
    #expect(fit.drift == [0, 0, 0])
    expectClose(fit.degreesOfFreedom, student.degreesOfFreedom, relative: 1e-6)
    expectClose(fit.logLikelihood, student.logLikelihood, relative: 1e-12)
    for i in 0..<3 {
      expectClose(fit.location[i], student.location[i], absolute: 1e-8)
      expectClose(fit.dispersion[i, i], student.scatter[i, i], relative: 1e-6)
    }
  }

  /// The likelihood is the sum of the logarithms of the fitted law's density.
  @Test func likelihoodIsThatOfTheLaw() throws {
    let matrix = try sample(80, 2, seed: 5)
    let universe = try VarianceMixtureTests.universe(2)
    let skewed = try MultivariateHyperbolicSkewedT.unlabeledFit(matrix)
    expectClose(
      try skewed.law(universe).logPDF(matrix).reduce(0, +), skewed.logLikelihood, relative: 1e-11)
    var settings = MultivariateGeneralizedHyperbolic.FitSettings()
    settings.order = 0.5
    let hyperbolic = try MultivariateGeneralizedHyperbolic.unlabeledFit(
      matrix, settings: settings)
    expectClose(
      try hyperbolic.law(universe).logPDF(matrix).reduce(0, +), hyperbolic.logLikelihood,
      relative: 1e-11)
  }

  @Test func scalesWithTheSample() throws {
    let matrix = try sample(80, 2, seed: 2)
    let one = try MultivariateHyperbolicSkewedT.unlabeledFit(matrix)
    for factor in [0x1p-300, 1e-5, 1e6] {
      let other = try MultivariateHyperbolicSkewedT.unlabeledFit(
        Matrix(
          rowCount: 80, columnCount: 2,
          columnMajor: matrix.columnMajorElements.map { $0 * factor }))
      expectClose(other.degreesOfFreedom, one.degreesOfFreedom, relative: 1e-8)
      expectClose(other.drift[1] / factor, one.drift[1], relative: 1e-8)
      expectClose(other.dispersion[0, 1] / factor / factor, one.dispersion[0, 1], relative: 1e-8)
    }
  }

  /// Samples from known laws: parameters come back within sampling errors.
  @Test func recoversParameters() throws {
    #if DEBUG
      let (count, slack) = (1500, 2.6)
    #else
      let (count, slack) = (10_000, 1.0)
    #endif
    let universe = try VarianceMixtureTests.universe(2)
    let dispersion = try SymmetricMatrix(rows: [[4e-4, 2e-4], [2e-4, 9e-4]])
    let skewed = try MultivariateHyperbolicSkewedT(
      universe: universe, location: [0.001, 0.002], drift: [-0.004, 0.006],
      dispersion: dispersion, degreesOfFreedom: 6)
    let fit = try MultivariateHyperbolicSkewedT.unlabeledFit(
      skewed.scenarios(count: count, from: RandomStream(seed: 4)).outcomes)
    expectClose(fit.degreesOfFreedom, 6, absolute: 0.8 * slack)
    expectClose(fit.drift[0], -0.004, absolute: 0.0015 * slack)
    expectClose(fit.drift[1], 0.006, absolute: 0.002 * slack)
    expectClose(fit.dispersion[0, 1], 2e-4, absolute: 3e-5 * slack)
    let inverse = try MultivariateGeneralizedHyperbolic(
      universe: universe, location: [0.001, 0.002], drift: [-0.004, 0.006],
      dispersion: dispersion, order: -0.5, concentration: 0.7)
    var settings = MultivariateGeneralizedHyperbolic.FitSettings()
    settings.order = -0.5
    let other = try MultivariateGeneralizedHyperbolic.unlabeledFit(
      inverse.scenarios(count: count, from: RandomStream(seed: 4)).outcomes, settings: settings)
    expectClose(other.concentration, 0.7, absolute: 0.1 * slack)
    expectClose(other.drift[1], 0.006, absolute: 0.0015 * slack)
    expectClose(other.dispersion[1, 1], 9e-4, absolute: 8e-5 * slack)
  }

  @Test func boundsAndDegenerateSamplesAreSaid() throws {
    let matrix = try sample(60, 2, seed: 6)
    var settings = MultivariateHyperbolicSkewedT.FitSettings()
    settings.degreesOfFreedomRange = 30...1000
    let low = try MultivariateHyperbolicSkewedT.unlabeledFit(matrix, settings: settings)
    #expect(low.status == .lowerBound && low.degreesOfFreedom == 30)
    settings = .init()
    settings.maximumIterations = 1
    let early = try MultivariateHyperbolicSkewedT.unlabeledFit(matrix, settings: settings)
    #expect(early.status == .iterationLimit && early.iterations == 1)
    var thin = try Matrix(rowCount: 64, columnCount: 2)
    for i in 0..<64 {
      thin[i, 0] = Double(i) / 1000
      thin[i, 1] = Double(3 * i % 64) / 1000
    }
    let high = try MultivariateHyperbolicSkewedT.unlabeledFit(thin)
    #expect(high.status == .upperBound && high.degreesOfFreedom == 1000)
    var copied = matrix
    for i in 0..<60 { copied[i, 1] = copied[i, 0] }
    #expect(throws: DistributionsError.notRepresentable(result: "logLikelihood")) {
      try MultivariateHyperbolicSkewedT.unlabeledFit(copied)
    }
    for i in 0..<60 { copied[i, 1] = 7 }
    #expect(throws: DistributionsError.repeatedValue(value: 7, count: 60, observationCount: 60)) {
      try MultivariateGeneralizedHyperbolic.unlabeledFit(copied)
    }
    #expect(throws: DistributionsError.tooFewObservations(got: 3, required: 4)) {
      try MultivariateGeneralizedHyperbolic.unlabeledFit(sample(3, 3, seed: 6))
    }
    for value in [0, -1, Double.nan, .infinity] {
      settings = .init()
      settings.degreesOfFreedom = value
      #expect(throws: DistributionsError.self) {
        try MultivariateHyperbolicSkewedT.unlabeledFit(matrix, settings: settings)
      }
      var other = MultivariateGeneralizedHyperbolic.FitSettings()
      other.relativeTolerance = value
      #expect(throws: DistributionsError.self) {
        try MultivariateGeneralizedHyperbolic.unlabeledFit(matrix, settings: other)
      }
    }
    var other = MultivariateGeneralizedHyperbolic.FitSettings()
    other.order = .nan
    #expect(throws: DistributionsError.self) {
      try MultivariateGeneralizedHyperbolic.unlabeledFit(matrix, settings: other)
    }
  }

  /// What is missing is not read, and rows without entries count for nothing.
  @Test func missingEntriesAreNotRead() throws {
    var matrix = try sample(60, 3, seed: 6)
    var observed = [Bool](repeating: true, count: 180)
    for i in stride(from: 0, to: 180, by: 7) { observed[i] = false }
    for j in 0..<3 { observed[5 + 60 * j] = false }
    let one = try MultivariateHyperbolicSkewedT.unlabeledFit(matrix, observed: observed)
    #expect(one.observationCount == 59)
    for i in 0..<60 {
      for j in 0..<3 where !observed[i + 60 * j] { matrix[i, j] = i % 2 == 0 ? .nan : 1e300 }
    }
    #expect(try MultivariateHyperbolicSkewedT.unlabeledFit(matrix, observed: observed) == one)
  }
}
