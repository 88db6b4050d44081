import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct SobolScenarioTests {
  /// One asset of a normal law, and of Student's with the given degrees of freedom.
  static func single(_ degrees: Double) throws -> MultivariateStudentT {
    let universe = try Universe(["A"])
    var matrix = try SymmetricMatrix(order: 1)
    matrix[0, 0] = 0.04
    return try MultivariateStudentT(
      expectedReturns: ExpectedReturns(universe: universe, values: [0.01]),
      covariance: Covariance(universe: universe, dense: matrix), degreesOfFreedom: degrees)
  }

  static func normal() throws -> MultivariateNormal {
    let law = try EllipticalSimulationTests.law(5)
    return try MultivariateNormal(
      expectedReturns: law.expectedReturns, covariance: law.covariance)
  }

  /// The points by their definition: inversion of the coordinates, that of the common factor first.
  @Test func scenariosAreInvertedPoints() throws {
    let stream = RandomStream(seed: 4, stream: 9)
    let scrambling = RandomStream(seed: stream.bits(at: .max).0)
    let two = try SobolSequence(dimensionCount: 2, scrambling: scrambling).points(4096..<4200)
    let one = try SobolSequence(dimensionCount: 1, scrambling: scrambling).points(4096..<4200)
    let normal = try Self.single(.infinity).scenarios(
      paths: 4096..<4200, points: .scrambledSobol, from: stream)
    let degrees = 3.5
    let student = try Self.single(degrees).scenarios(
      paths: 4096..<4200, points: .scrambledSobol, from: stream)
    for k in 0..<104 {
      expectClose(
        normal.outcomes[k, 0], 0.01 + 0.2 * StandardNormal.quantile(one[k, 0]), relative: 1e-12,
        absolute: 1e-15)
      let square = 2 * SpecialFunctions.inverseRegularizedGammaP(degrees / 2, two[k, 0])
      let factor = ((degrees - 2) / square).squareRoot()
      expectClose(
        student.outcomes[k, 0], 0.01 + 0.2 * factor * StandardNormal.quantile(two[k, 1]),
        relative: 1e-11, absolute: 1e-15)
    }
  }

  /// Means and covariances of 4096 points: far nearer than the errors of as many random ones.
  @Test func momentsAreNearlyExact() throws {
    let law = try Self.normal()
    let count = 4096
    let x = try law.scenarios(count: count, points: .scrambledSobol, from: RandomStream(seed: 3))
      .outcomes
    let matrix = law.covariance.matrix
    for i in 0..<4 {
      let mean = (0..<count).reduce(0.0) { $0 + x[$1, i] } / Double(count)
      let error = (matrix[i, i] / Double(count)).squareRoot()
      expectClose(mean, law.expectedReturns.values[i], absolute: 0.05 * error, "\(i)")
      for j in 0...i {
        var sum = 0.0
        for k in 0..<count {
          sum +=
            (x[k, i] - law.expectedReturns.values[i]) * (x[k, j] - law.expectedReturns.values[j])
        }
        let size = (matrix[i, i] * matrix[j, j]).squareRoot()
        expectClose(
          sum / Double(count), matrix[i, j], absolute: 0.3 * size / Double(count).squareRoot(),
          "\(i) \(j)")
      }
    }
  }

  typealias Simulate = (ScenarioPoints, RandomStream) throws -> TailSimulation

  static func simulations(
    _ method: TailSimulation.Method, _ count: Int
  ) throws -> [(name: String, law: any ContinuousDistribution, simulate: Simulate)] {
    let weights = try TailSimulationTests.weights()
    let normal = try normal()
    let student = try EllipticalSimulationTests.law(5)
    return [
      (
        "normal", try normal.portfolioLaw(weights),
        {
          try normal.tailSimulation(
            weights, method: method, points: $0, paths: 0..<count, from: $1)
        }
      ),
      (
        "student", try student.portfolioLaw(weights),
        {
          try student.tailSimulation(
            weights, method: method, points: $0, paths: 0..<count, from: $1)
        }
      ),
    ]
  }

  /// Root mean square errors of the expected shortfall over scramblings, and over as many random draws.
  @Test(arguments: [TailSimulation.Method.plain, .importance(confidence: 0.99)])
  func errorsAreFarBelowRandomOnes(method: TailSimulation.Method) throws {
    #if DEBUG
      let (count, streams) = (4096, 12)
    #else
      let (count, streams) = (16_384, 40)
    #endif
    for (name, law, simulate) in try Self.simulations(method, count) {
      let truth = law.expectedShortfall(confidence: 0.975)
      func error(_ points: ScenarioPoints) throws -> Double {
        var squares = 0.0
        for stream in 0..<UInt64(streams) {
          let tail = try simulate(points, RandomStream(seed: 21, stream: stream))
          let distance = try tail.expectedShortfall(confidence: 0.975).value - truth
          squares += distance * distance
        }
        return (squares / Double(streams)).squareRoot() / truth
      }
      let (random, sobol) = (try error(.random), try error(.scrambledSobol))
      #expect(sobol < random / 4, "\(name) \(random) \(sobol)")
    }
  }

  /// Estimates of several scramblings are within their own errors of the truth, which are small.
  @Test func scramblingsTellTheirError() throws {
    for (name, law, simulate) in try Self.simulations(.plain, 4096) {
      let confidence = 0.975
      let single = try simulate(.scrambledSobol, RandomStream(seed: 6))
      var joined = single
      for stream in 1..<8 {
        try joined.append(simulate(.scrambledSobol, RandomStream(seed: 6, stream: UInt64(stream))))
      }
      let random = try simulate(.random, RandomStream(seed: 6))
      let threshold = law.valueAtRisk(confidence: confidence)
      typealias Measure = (TailSimulation) throws -> SimulationEstimate
      let measures: [(Double, Measure)] = [
        (1 - confidence, { try $0.probability(above: threshold) }),
        (threshold, { try $0.valueAtRisk(confidence: confidence) }),
        (
          law.expectedShortfall(confidence: confidence),
          { try $0.expectedShortfall(confidence: confidence) }
        ),
      ]
      for (truth, measure) in measures {
        let estimate = try measure(joined)
        // Seven degrees of freedom: 5.4 errors is one in a thousand.
        expectClose(estimate.value, truth, absolute: 5.4 * estimate.standardError, name)
        let plain = try measure(random).standardError / 8.0.squareRoot()
        #expect(estimate.standardError > 0 && estimate.standardError < plain, "\(name)")
        #expect(try measure(single).standardError.isNaN, "\(name)")
      }
      #expect(try joined.probability(above: 1e6).standardError.isNaN)
    }
  }

  /// The error is that of the mean of the estimates, whatever the ranges that were joined.
  @Test func errorsAreOfTheScramblings() throws {
    let weights = try TailSimulationTests.weights()
    let law = try Self.normal()
    func draw(_ paths: Range<Int>, _ stream: UInt64) throws -> TailSimulation {
      try law.tailSimulation(
        weights, method: .antithetic, points: .scrambledSobol, paths: paths,
        from: RandomStream(seed: 2, stream: stream))
    }
    let parts = try [draw(0..<8192, 0), draw(0..<8192, 1)]
    // Pieces of both, mixed.
    var joined = try draw(0..<4096, 0)
    try joined.append(parts[1])
    try joined.append(draw(4096..<8192, 0))
    let values = try parts.map { try $0.expectedShortfall(confidence: 0.9).value }
    let estimate = try joined.expectedShortfall(confidence: 0.9)
    expectClose(estimate.standardError, (values[0] - values[1]).magnitude / 2, relative: 1e-9)
    expectClose(estimate.value, (values[0] + values[1]) / 2, relative: 1e-3)
    var mixed = parts[0]
    let random = try law.tailSimulation(
      weights, method: .antithetic, paths: 0..<4096, from: RandomStream(seed: 5))
    #expect(throws: DistributionsError.shapeMismatch(argument: "points", got: 0, required: 4096)) {
      try mixed.append(random)
    }
    #expect(throws: DistributionsError.self) { try mixed.append(draw(0..<4096, 0)) }
  }

  /// The same bits for 1, 2 and 7 threads and any split at blocks of 4096 paths.
  @Test func sameBitsOnAnyThreadsAndSplits() throws {
    let law = try EllipticalSimulationTests.law(4)
    let normal = try Self.normal()
    let stream = RandomStream(seed: 9, stream: 1)
    let count = 2 * 4096 + 100
    typealias Draw = (Range<Int>, Int) throws -> ScenarioSet
    let draws: [Draw] = [
      {
        try law.scenarios(
          paths: $0, points: .scrambledSobol, from: stream, on: BoundedPool(width: $1))
      },
      {
        try normal.scenarios(
          paths: $0, points: .scrambledSobol, from: stream, on: BoundedPool(width: $1))
      },
    ]
    for draw in draws {
      let whole = try draw(0..<count, 1)
      for width in [2, 7] { #expect(try draw(0..<count, width) == whole) }
      for (start, end) in [(0, 4096), (4096, count), (8192, count)] {
        let part = try draw(start..<end, 2)
        for i in stride(from: 0, to: end - start, by: 61) {
          for j in 0..<4 { #expect(part.outcomes[i, j] == whole.outcomes[start + i, j]) }
        }
      }
    }
    #expect(
      try law.scenarios(count: 50, points: .scrambledSobol, from: stream)
        != law.scenarios(count: 50, points: .scrambledSobol, from: RandomStream(seed: 9)))
    let tail = try law.tailSimulation(
      TailSimulationTests.weights(), method: .plain, points: .scrambledSobol, paths: 0..<count,
      from: stream)
    let same = try law.tailSimulation(
      TailSimulationTests.weights(), method: .plain, points: .scrambledSobol, paths: 0..<count,
      from: stream, on: BoundedPool(width: 2))
    #expect(tail.losses == same.losses && tail.points == .scrambledSobol)
  }

  @Test func refusesWhatTheSequenceHasNot() throws {
    let law = try Self.single(5)
    let last = SobolSequence.pointCount
    #expect(
      try law.scenarios(
        paths: (last - 4096)..<last, points: .scrambledSobol, from: RandomStream(seed: 1)
      ).scenarioCount == 4096)
    for paths in [last..<(last + 1), 1..<5, -4096..<0] {
      #expect(throws: DistributionsError.self) {
        try law.scenarios(paths: paths, points: .scrambledSobol, from: RandomStream(seed: 1))
      }
    }
    // Without risk there is nothing to draw but the common factor.
    let constant = try EllipticalSimulationTests.law(5, constant: true)
    let scenarios = try constant.scenarios(
      count: 50, points: .scrambledSobol, from: RandomStream(seed: 1))
    #expect((0..<50).allSatisfy { scenarios.outcomes[$0, 3] == 0.0001 })
  }

  /// More assets than the sequence has dimensions are refused, unless few factors move them.
  @Test func limitsDimensions() throws {
    let most = SobolSequence.maximumDimensionCount
    let names = (0...most).map { AssetID("A\($0)") }
    let universe = try Universe(names)
    func law(_ matrix: SymmetricMatrix) throws -> MultivariateNormal {
      try MultivariateNormal(
        expectedReturns: ExpectedReturns(
          universe: universe, values: [Double](repeating: 0, count: most + 1)),
        covariance: Covariance(universe: universe, dense: matrix))
    }
    var one = try SymmetricMatrix(order: most + 1)
    one[0, 0] = 0.01
    let few = try law(one)
    #expect(
      try few.scenarios(count: 2, points: .scrambledSobol, from: RandomStream(seed: 1))
        .scenarioCount == 2)
    var all = try SymmetricMatrix(order: most + 1)
    for i in 0...most { all[i, i] = 0.01 }
    let many = try law(all)
    #expect(
      throws: DistributionsError.invalidValue(
        argument: "number of Sobol dimensions", got: Double(most + 1), lowest: 1,
        highest: Double(most))
    ) { try many.scenarios(count: 2, points: .scrambledSobol, from: RandomStream(seed: 1)) }
  }
}
