import Foundation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct CopulasOfManyTests {
  struct File: Decodable {
    struct Archimedean: Decodable {
      let family: ArchimedeanCopula.Family
      let parameter: Double
      let ranks: [[Double]]
      let logDensity: [Double]
    }
    struct Elliptical: Decodable {
      let degreesOfFreedom: Double?
      let correlation: [[Double]]
      let ranks: [Double]
      let logDensity: Double
    }
    struct Wide: Decodable {
      let degreesOfFreedom: Double
      let correlation: Double
      let ranks: [Double]
      let logDensity: Double
    }
    let archimedean: [Archimedean]
    let wide: [Wide]
    let elliptical: [Elliptical]
  }

  static let reference = Swift.Result { try Reference.load(File.self, "copulas_of_many") }

  static func correlation() throws -> SymmetricMatrix {
    try SymmetricMatrix(rows: [[1, 0.5, -0.25], [0.5, 1, 0.125], [-0.25, 0.125, 1]])
  }

  @Test func densitiesOfGeneratorsAreTheirDerivatives() throws {
    for item in try Self.reference.get().archimedean {
      let copula = try ArchimedeanCopula(
        family: item.family, parameter: item.parameter, dimensionCount: item.ranks[0].count)
      for (ranks, value) in zip(item.ranks, item.logDensity) {
        expectClose(
          copula.logDensity(ranks), value,
          absolute: 1e-11 * max(Double(ranks.count), value.magnitude),
          "\(item.family) \(item.parameter) \(ranks)")
      }
    }
  }

  @Test func ellipticalDensitiesAreTheJointOnesOverTheMargins() throws {
    for item in try Self.reference.get().elliptical {
      let matrix = try SymmetricMatrix(rows: item.correlation)
      let value =
        if let degrees = item.degreesOfFreedom {
          try MultivariateStudentTCopula(correlation: matrix, degreesOfFreedom: degrees)
            .logDensity(item.ranks)
        } else { try MultivariateGaussianCopula(correlation: matrix).logDensity(item.ranks) }
      expectClose(
        value, item.logDensity, absolute: 1e-11 * max(1, item.logDensity.magnitude),
        "\(item.degreesOfFreedom ?? .infinity) \(item.ranks)")
    }
  }

  @Test func densitiesOfHundredsKeepTheirDigits() throws {
    for item in try Self.reference.get().wide {
      let d = item.ranks.count
      var matrix = try SymmetricMatrix(diagonal: [Double](repeating: 1, count: d))
      for i in 0..<d { for j in 0..<i { matrix[i, j] = item.correlation } }
      let copula = try MultivariateStudentTCopula(
        correlation: matrix, degreesOfFreedom: item.degreesOfFreedom)
      expectClose(
        copula.logDensity(item.ranks), item.logDensity,
        absolute: 2e-12 * max(1, item.logDensity.magnitude), "\(item.degreesOfFreedom) \(d)")
    }
  }

  /// Next to one as next to zero: by symmetry, and by the formula of two returns.
  @Test func ranksNextToOneKeepTheirDigits() throws {
    let (small, large) = ([1e-14, 0.3, 2e-20], [1 - 1e-14, 0.7, 1.0.nextDown])
    for copula in [
      try MultivariateGaussianCopula(correlation: Self.correlation()) as any MultivariateCopula,
      try MultivariateStudentTCopula(correlation: Self.correlation(), degreesOfFreedom: 4),
    ] {
      let far = copula.logDensity(large, complements: small)
      expectClose(far, copula.logDensity(small), relative: 1e-14)
      #expect(copula.logDensity(large, complements: [0.1, 0.1]).isNaN)
      #expect(copula.logDensity(large, complements: [0.1, 0.1, 0]).isNaN)
    }
    let (l, m, theta) = (1e-14, 3e-18, 2.5)
    let gumbel = try ArchimedeanCopula(family: .gumbel, parameter: theta, dimensionCount: 2)
    let a = pow(pow(l, theta) + pow(m, theta), 1 / theta)
    let expected =
      (theta - 1) * (log(l) + log(m)) + (1 - 2 * theta) * log(a) + log(a + theta - 1)
    expectClose(
      gumbel.logDensity([1 - 1e-14, 1.0.nextDown], complements: [l, m]), expected, relative: 1e-12)
    let clayton = try ArchimedeanCopula(family: .clayton, parameter: theta, dimensionCount: 2)
    expectClose(
      clayton.logDensity([1 - 1e-14, 1.0.nextDown], complements: [l, m]), log1p(theta),
      absolute: 1e-12)
    // A joint law of symmetric margins takes them.
    let law = try JointLaw(
      universe: VarianceMixtureTests.universe(3),
      copula: MultivariateStudentTCopula(correlation: Self.correlation(), degreesOfFreedom: 4),
      margins: (0..<3).map { _ in try Normal(mean: 0, standardDeviation: 1) })
    let values = try law.logPDF(Matrix(rows: [[7.65, 1, 9], [-7.65, -1, -9], [50, 0, 0]]))
    expectClose(values[0], values[1], relative: 1e-13)
    #expect(values[2].isFinite)
  }

  /// expm1(−θr)/expm1(−θ) is exp(−t), a uniform draw where V is one.
  @Test func weakFrankDrawsKeepTheirDigits() throws {
    let theta = 1e-4
    let copula = try ArchimedeanCopula(family: .frank, parameter: theta, dimensionCount: 2)
    let stream = RandomStream(seed: 8)
    let ranks = try copula.ranks(paths: 0..<500, from: stream)
    let seed = stream.bits(at: .max).0
    for k in 0..<500 {
      let i = UInt64(k)
      if RandomStream(seed: seed, stream: 3).uniform(at: i) < 2 * theta { continue }
      expectClose(
        expm1(-theta * ranks[k]) / expm1(-theta),
        RandomStream(seed: seed, stream: 0).uniform(at: i), relative: 1e-13)
    }
  }

  @Test func refusesPathsThatAreNone() throws {
    for (_, copula) in try Self.samples() {
      for paths in [-5..<5, Int.min..<Int.max, 0..<Int.max] {
        #expect(throws: DistributionsError.self) {
          try copula.ranks(paths: paths, from: RandomStream(seed: 1))
        }
      }
      #expect(try copula.ranks(paths: 7..<7, from: RandomStream(seed: 1)).isEmpty)
    }
    for paths in [Int.min..<Int.max, -4096..<4096, 0..<Int.max] {
      #expect(throws: DistributionsError.self) {
        try Self.joint().scenarios(paths: paths, from: RandomStream(seed: 1))
      }
      #expect(throws: DistributionsError.self) {
        try EllipticalSimulationTests.law(5).scenarios(paths: paths, from: RandomStream(seed: 1))
      }
    }
  }

  @Test func cancelledRunsSaySo() async throws {
    let law = try Self.joint()
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      do throws(DistributionsError) {
        _ = try law.scenarios(count: 5000, from: RandomStream(seed: 1))
        return DistributionsError?.none
      } catch {
        return error
      }
    }
    task.cancel()
    #expect(await task.value == .tooFewObservations(got: 0, required: 1))
  }

  /// Two of them are the copulas of two returns.
  @Test func pairsAreTheCopulasOfTwo() throws {
    var random = SeededGenerator(seed: 4)
    let two = try SymmetricMatrix(rows: [[1, 0.6], [0.6, 1]])
    for _ in 0..<30 {
      let ranks = [random.uniform(0.001...0.999), random.uniform(0.001...0.999)]
      let theta = random.uniform(1.1...12)
      func check(_ copula: some MultivariateCopula, _ other: some BivariateCopula) {
        expectClose(
          copula.logDensity(ranks), other.logDensity(ranks[0], ranks[1]), absolute: 1e-11,
          "\(other) \(ranks)")
      }
      func family(_ family: ArchimedeanCopula.Family) throws -> ArchimedeanCopula {
        try ArchimedeanCopula(family: family, parameter: theta, dimensionCount: 2)
      }
      try check(family(.clayton), ClaytonCopula(parameter: theta))
      try check(family(.gumbel), GumbelCopula(parameter: theta))
      try check(family(.frank), FrankCopula(parameter: theta))
      let gaussian = try MultivariateGaussianCopula(correlation: two)
      try check(gaussian, gaussian.pair(0, 1))
      let student = try MultivariateStudentTCopula(correlation: two, degreesOfFreedom: theta)
      try check(student, student.pair(1, 0))
    }
    let clayton = try ArchimedeanCopula(family: .clayton, parameter: 2, dimensionCount: 5)
    #expect(clayton.kendallCorrelation == 0.5 && clayton.tailDependence(.upperUpper) == 0)
    expectClose(clayton.tailDependence(.lowerLower), 0.5.squareRoot(), relative: 1e-15)
    let student = try MultivariateStudentTCopula(
      correlation: Self.correlation(), degreesOfFreedom: 4)
    #expect(
      try student.pair(0, 1).tailDependence(.lowerLower)
        > student.pair(0, 2).tailDependence(.lowerLower))
  }

  static func samples() throws -> [(String, any MultivariateCopula)] {
    var result: [(String, any MultivariateCopula)] = [
      ("normal", try MultivariateGaussianCopula(correlation: correlation())),
      (
        "student 3", try MultivariateStudentTCopula(correlation: correlation(), degreesOfFreedom: 3)
      ),
      (
        "student 0.8",
        try MultivariateStudentTCopula(correlation: correlation(), degreesOfFreedom: 0.8)
      ),
    ]
    for (family, parameters) in [
      (ArchimedeanCopula.Family.clayton, [0.3, 2, 40]), (.gumbel, [1, 1.4, 5, 60]),
      (.frank, [0.5, 6, 50]),
    ] {
      for parameter in parameters {
        result.append(
          (
            "\(family) \(parameter)",
            try ArchimedeanCopula(family: family, parameter: parameter, dimensionCount: 3)
          ))
      }
    }
    return result
  }

  /// Margins are uniform, and pairs fall together as the copulas of two say.
  @Test func drawsFollowTheCopula() throws {
    #if DEBUG
      let count = 4000
    #else
      let count = 100_000
    #endif
    let rows = Double(count)
    for (name, copula) in try Self.samples() {
      let ranks = try copula.ranks(paths: 0..<count, from: RandomStream(seed: 12))
      #expect(ranks.count == 3 * count && ranks.allSatisfy { $0 > 0 && $0 < 1 }, "\(name)")
      for level in [0.01, 0.3, 0.9] {
        for j in 0..<3 {
          let share = Double((0..<count).filter { ranks[$0 + j * count] <= level }.count) / rows
          expectClose(
            share, level, absolute: 4.5 * (level * (1 - level) / rows).squareRoot(),
            "\(name) \(level)")
        }
      }
      for (i, j) in [(0, 1), (0, 2)] {
        let pair: any BivariateCopula =
          switch copula {
          case let law as MultivariateGaussianCopula: try law.pair(i, j)
          case let law as MultivariateStudentTCopula: try law.pair(i, j)
          case let law as ArchimedeanCopula where law.family == .clayton:
            try ClaytonCopula(parameter: law.parameter)
          case let law as ArchimedeanCopula where law.family == .gumbel:
            try GumbelCopula(parameter: law.parameter)
          case let law as ArchimedeanCopula: try FrankCopula(parameter: law.parameter)
          default: try GaussianCopula(correlation: 0)
          }
        for (u, v) in [(0.05, 0.05), (0.3, 0.6), (0.9, 0.95)] {
          let probability = pair.cdf(u, v)
          let share =
            Double(
              (0..<count).filter { ranks[$0 + i * count] <= u && ranks[$0 + j * count] <= v }.count)
            / rows
          expectClose(
            share, probability,
            absolute: 4.5 * (probability * (1 - probability) / rows).squareRoot() + 1e-9,
            "\(name) \(u) \(v)")
        }
      }
    }
  }

  @Test func fitsRecoverParameters() throws {
    let count = 600
    func ranks(_ copula: some MultivariateCopula) throws -> Matrix {
      try CopulaFit.ranks(
        of: Matrix(
          rowCount: count, columnCount: 3,
          columnMajor: copula.ranks(paths: 0..<count, from: RandomStream(seed: 3))))
    }
    let truth = try Self.correlation()
    let student = try CopulaFit.studentT(
      ranks(MultivariateStudentTCopula(correlation: truth, degreesOfFreedom: 4)))
    expectClose(student.law.degreesOfFreedom, 4, absolute: 1.5)
    #expect(student.status == .converged && student.parameters[0].standardError < 1)
    let gaussianRanks = try ranks(MultivariateGaussianCopula(correlation: truth))
    let gaussian = try CopulaFit.gaussian(gaussianRanks)
    // Three correlations count, and the degrees of freedom.
    #expect(gaussian.parameterCount == 3 && student.parameterCount == 4)
    #expect(gaussian.akaikeCriterion == 6 - 2 * gaussian.logLikelihood)
    #expect(student.bayesianCriterion == 4 * log(600.0) - 2 * student.logLikelihood)
    for i in 0..<3 {
      for j in 0..<3 {
        expectClose(student.law.correlation[i, j], truth[i, j], absolute: 0.15)
        expectClose(gaussian.law.correlation[i, j], truth[i, j], absolute: 0.15)
      }
    }
    let none = try CopulaFit.studentT(gaussianRanks)
    #expect(none.law.degreesOfFreedom > 15)
    expectClose(none.logLikelihood, gaussian.logLikelihood, absolute: 3)
    for (family, parameter) in [
      (ArchimedeanCopula.Family.clayton, 1.5), (.gumbel, 2), (.frank, 5),
    ] {
      let fit = try CopulaFit.archimedean(
        family, ranks(ArchimedeanCopula(family: family, parameter: parameter, dimensionCount: 3)))
      #expect(fit.status == .converged)
      expectClose(
        fit.law.parameter, parameter, absolute: max(5 * fit.parameters[0].standardError, 0.05),
        "\(family)")
    }
  }

  /// Kendall's correlation by counting pairs, with ties.
  @Test func rankCorrelationsCountPairs() throws {
    var random = SeededGenerator(seed: 9)
    let x = (0..<60).map { _ in (random.uniform() * 12).rounded() }
    let y = x.map { ($0 + random.uniform() * 9).rounded() }
    var (sum, xs, ys) = (0.0, 0.0, 0.0)
    for i in 0..<60 {
      for j in 0..<i {
        let a = x[i] == x[j] ? 0.0 : x[i] > x[j] ? 1 : -1
        let b = y[i] == y[j] ? 0.0 : y[i] > y[j] ? 1 : -1
        sum += a * b
        xs += a * a
        ys += b * b
      }
    }
    let result = try RankCorrelation(Matrix(columns: [x, y]))
    expectClose(
      result.correlation[0, 1], sin(0.5 * Double.pi * sum / (xs * ys).squareRoot()), relative: 1e-14
    )
    #expect(result.repairNorm == 0)
  }

  /// Few observations of many columns: eigenvalues of pairs may be negative.
  @Test func correlationsOfPairsAreMended() throws {
    var random = SeededGenerator(seed: 2)
    let sample = try Matrix(
      columns: (0..<14).map { _ in (0..<12).map { _ in random.gaussian() } })
    let result = try RankCorrelation(sample)
    #expect(result.repairNorm > 0)
    _ = try MultivariateGaussianCopula(correlation: result.correlation)
    let ranks = try CopulaFit.ranks(of: sample)
    #expect(try RankCorrelation(ranks) == result)
    #expect(try CopulaFit.gaussian(ranks).law.correlation == result.correlation)
  }

  @Test func refusesWhatIsNoCopula() throws {
    #expect(throws: DistributionsError.self) {
      try MultivariateGaussianCopula(correlation: SymmetricMatrix(rows: [[1, 1], [1, 1]]))
    }
    #expect(
      throws: DistributionsError.invalidObservation(argument: "correlation", index: 1, got: 2)
    ) {
      try MultivariateGaussianCopula(correlation: SymmetricMatrix(diagonal: [1, 2]))
    }
    #expect(throws: DistributionsError.self) {
      try MultivariateGaussianCopula(correlation: SymmetricMatrix(order: 0))
    }
    for value in [0.2, -1, Double.nan, .infinity] {
      #expect(throws: DistributionsError.self) {
        try MultivariateStudentTCopula(
          correlation: Self.correlation(), degreesOfFreedom: value == 0.2 ? 0 : value)
      }
      #expect(throws: DistributionsError.self) {
        try ArchimedeanCopula(family: .gumbel, parameter: value, dimensionCount: 3)
      }
    }
    for count in [-1, 1, 101] {
      #expect(throws: DistributionsError.self) {
        try ArchimedeanCopula(family: .frank, parameter: 1, dimensionCount: count)
      }
    }
    for (_, copula) in try Self.samples() {
      for rank in [0, 1, -1, Double.nan] { #expect(copula.logDensity([0.5, rank, 0.5]).isNaN) }
      #expect(copula.logDensity([0.5]).isNaN)
    }
    let constant = try Matrix(columns: [
      (0..<20).map { Double($0) }, [Double](repeating: 3, count: 20),
    ])
    #expect(throws: DistributionsError.repeatedValue(value: 3, count: 20, observationCount: 20)) {
      try RankCorrelation(constant)
    }
    #expect(throws: DistributionsError.self) { try CopulaFit.studentT(constant) }
    #expect(throws: DistributionsError.self) {
      try CopulaFit.archimedean(.clayton, Matrix(rowCount: 5, columnCount: 2))
    }
  }

  // MARK: Joint laws

  static func joint() throws -> JointLaw<MultivariateStudentTCopula> {
    try JointLaw(
      universe: VarianceMixtureTests.universe(3),
      copula: MultivariateStudentTCopula(correlation: correlation(), degreesOfFreedom: 5),
      margins: [
        StudentT(location: 0.001, scale: 0.02, degreesOfFreedom: 5),
        StudentT(location: 0, scale: 0.03, degreesOfFreedom: 5),
        Normal(mean: 0, standardDeviation: 0.01),
      ])
  }

  /// A Student copula with Student margins of the same degrees is the multivariate law.
  @Test func jointLawsAreThoseTheyAreMadeOf() throws {
    let copula = try MultivariateStudentTCopula(
      correlation: Self.correlation(), degreesOfFreedom: 5)
    let scales = [0.02, 0.03, 0.01]
    let universe = try VarianceMixtureTests.universe(3)
    let law = try JointLaw(
      universe: universe, copula: copula,
      margins: scales.map { try StudentT(location: 0.001, scale: $0, degreesOfFreedom: 5) })
    var dispersion = copula.correlation
    for i in 0..<3 { for j in 0...i { dispersion[i, j] *= scales[i] * scales[j] } }
    let same = try MultivariateHyperbolicSkewedT(
      universe: universe, location: [0.001, 0.001, 0.001], drift: [0, 0, 0],
      dispersion: dispersion, degreesOfFreedom: 5)
    let points = try Matrix(rows: [
      [0, 0, 0], [-0.1, -0.05, 0.02], [0.01, 0.3, 0.01], [-0.5, -0.4, -0.1],
    ])
    let (one, other) = (try law.logPDF(points), try same.logPDF(points))
    for (a, b) in zip(one, other) { expectClose(a, b, relative: 1e-10, absolute: 1e-10) }
    let marked = try law.logPDF(Matrix(rows: [[.nan, 0, 0]]))
    #expect(marked[0].isNaN)
  }

  @Test func jointScenariosHaveTheSameBitsOnAnyThreads() throws {
    let law = try Self.joint()
    let stream = RandomStream(seed: 6)
    let whole = try law.scenarios(count: 5000, from: stream)
    #expect(whole.scenarioCount == 5000)
    for width in [1, 2, 7] {
      let pool = BoundedPool(width: width)
      #expect(try law.scenarios(count: 5000, from: stream, on: pool) == whole)
      let (low, high) = (
        try law.scenarios(paths: 0..<4096, from: stream, on: pool),
        try law.scenarios(paths: 4096..<5000, from: stream, on: pool)
      )
      for j in 0..<3 {
        let joined = (0..<5000).map {
          $0 < 4096 ? low.outcomes[$0, j] : high.outcomes[$0 - 4096, j]
        }
        #expect(joined == (0..<5000).map { whole.outcomes[$0, j] })
      }
    }
    for (j, margin) in law.margins.enumerated() {
      let below = (0..<5000).filter { whole.outcomes[$0, j] <= margin.quantile(0.05) }.count
      expectClose(Double(below) / 5000, 0.05, absolute: 4.5 * (0.05 * 0.95 / 5000).squareRoot())
    }
    for paths in [-4096..<0, 5..<10, 4096..<4096] {
      #expect(throws: DistributionsError.self) { try law.scenarios(paths: paths, from: stream) }
    }
    #expect(throws: DistributionsError.shapeMismatch(argument: "margins", got: 1, required: 3)) {
      try JointLaw(universe: law.universe, copula: law.copula, margins: [law.margins[0]])
    }
    #expect(throws: DistributionsError.self) { try law.logPDF(Matrix(rowCount: 1, columnCount: 2)) }
  }
}
