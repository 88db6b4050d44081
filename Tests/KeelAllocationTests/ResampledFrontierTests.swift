import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Mean weights of the frontiers of two assets over many draws of NumPy.
struct ResampledReference: Decodable, Sendable {
  let covariance: [[Double]]
  let mean: [Double]
  let observations: Int
  let freedom: Double?
  let weights: [Double]
  let deviations: [Double]

  static let cases: [ResampledReference] = {
    struct File: Decodable { let resampled: [ResampledReference] }
    do {
      return try Reference.load(File.self, "robust").resampled
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

@Suite struct ResampledFrontierTests {
  private typealias Point = ResampledFrontier.Point

  @Test func referencesArePresent() { #expect(ResampledReference.cases.count == 4) }

  /// Within what is left to chance of the means over very many draws of another generator.
  @Test(arguments: ResampledReference.cases)
  func agreesWithOtherDraws(_ reference: ResampledReference) throws {
    let draws = 1500
    let points = try ResampledFrontier(
      observationCount: reference.observations, drawCount: draws, seed: 3,
      law: reference.freedom.map { .studentT(degreesOfFreedom: $0) } ?? .normal
    ).points(
      count: reference.weights.count, expectedReturns: Market.returns(reference.mean),
      covariance: Market.covariance(reference.covariance))
    for (rank, point) in points.enumerated() {
      let deviation = reference.deviations[rank]
      let sampling = 4.5 * deviation / Double(draws).squareRoot()
      expectClose(point.weights.values[0], reference.weights[rank], absolute: sampling)
      expectClose(point.weightDeviations[0], deviation, relative: 0.1)
    }
  }

  /// Uncorrelated assets: the draws are numbers of the stream, and the mean is that of their frontiers.
  @Test func isTheMeanOfTheFrontiersOfItsDraws() throws {
    let deviations = [0.04, 0.03, 0.02, 0.01]
    let covariance = try Market.covariance(
      deviations.indices.map { i in
        deviations.indices.map { $0 == i ? deviations[i] * deviations[i] : 0 }
      })
    let mean = try Market.returns([0.004, 0.003, 0.001, 0.002])
    let (t, draws, count) = (15, 11, 6)
    var sums = [[Double]](repeating: [0, 0, 0, 0], count: count)
    for draw in 0..<draws {
      let stream = RandomStream(seed: 5, stream: UInt64(draw))
      let returns = deviations.indices.map { i in
        (0..<t).map { mean.values[i] + deviations[i] * stream.normal(at: UInt64(t * i + $0)) }
      }
      let means = returns.map { $0.reduce(0, +) / Double(t) }
      let rows = returns.indices.map { i in
        returns.indices.map { j in
          (0..<t).reduce(0) {
            $0 + (returns[i][$1] - means[i]) * (returns[j][$1] - means[j]) / Double(t - 1)
          }
        }
      }
      let points = try EfficientFrontier().curve(
        expectedReturns: Market.returns(means), covariance: Market.covariance(rows)
      ).sampled(count: count)
      for (rank, point) in points.enumerated() {
        for i in 0..<4 { sums[rank][i] += point.weights.values[i] / Double(draws) }
      }
    }
    let points = try ResampledFrontier(observationCount: t, drawCount: draws, seed: 5)
      .points(count: count, expectedReturns: mean, covariance: covariance)
    for (point, sum) in zip(points, sums) {
      for (w, v) in zip(point.weights.values, sum) { expectClose(w, v, absolute: 1e-10) }
    }
  }

  @Test func threadsChangeNoBit() throws {
    let (mean, covariance) = try Market.factorModel(count: 7, seed: 2)
    func points(_ pool: BoundedPool?, _ seed: UInt64, _ draws: Int) throws -> [Point] {
      try ResampledFrontier(
        observationCount: 30, drawCount: draws, seed: seed, law: .studentT(degreesOfFreedom: 5)
      ).points(count: 5, expectedReturns: mean, covariance: covariance, on: pool)
    }
    let alone = try points(nil, 9, 37)
    for width in [1, 2, 5] { #expect(try points(BoundedPool(width: width), 9, 37) == alone) }
    #expect(try points(nil, 9, 37) == alone)
    #expect(try points(nil, 10, 37) != alone)
    // A further draw moves the mean by its share.
    let more = try points(nil, 9, 38)
    for (a, b) in zip(alone, more) {
      for (v, w) in zip(a.weights.values, b.weights.values) {
        #expect((v - w).magnitude <= 1.0 / 38 + 1e-15)
      }
    }
  }

  @Test(arguments: 1...8) func constraintsHold(seed: Int) throws {
    let (mean, covariance) = try Market.factorModel(count: 8, seed: seed)
    let held = try HardMarket.equal(covariance.universe)
    let constraints = PortfolioConstraints(
      bounds: .uniform((seed % 2 == 0 ? -0.1 : 0)...0.4),
      linear: [.group("half", Set(covariance.universe.assets.prefix(4)), total: 0.2...0.5)],
      absolute: [.turnover(from: held, limit: 0.9)])
    // Fewer observations than assets for some.
    let points = try ResampledFrontier(
      observationCount: 4 + 5 * seed, drawCount: 20, seed: 1, constraints: constraints
    ).points(count: 4, expectedReturns: mean, covariance: covariance)
    for point in points {
      let w = point.weights.values
      #expect(w.allSatisfy { $0 >= (seed % 2 == 0 ? -0.1 : 0) && $0 <= 0.4 })
      expectClose(point.weights.total, 1, absolute: 1e-11)
      let half = w.prefix(4).reduce(0, +)
      #expect(half >= 0.2 - 1e-11 && half <= 0.5 + 1e-11)
      let turnover = zip(w, held.values).reduce(0) { $0 + ($1.0 - $1.1).magnitude }
      #expect(turnover <= 0.9 + 1e-11)
      let earned = zip(w, mean.values).reduce(0) { $0 + $1.0 * $1.1 }
      expectClose(point.expectedReturn, earned, relative: 1e-13, absolute: 1e-17)
    }
    for (a, b) in zip(points, points.dropFirst()) {
      #expect(a.volatility <= b.volatility * 1.5)
    }
  }

  /// Many observations leave the frontier of the law itself.
  @Test func manyObservationsLeaveThePlainFrontier() throws {
    let (mean, covariance) = try Market.factorModel(count: 3, seed: 4)
    let plain = try EfficientFrontier().curve(expectedReturns: mean, covariance: covariance)
      .sampled(count: 4)
    func distance(_ observations: Int) throws -> Double {
      let points = try ResampledFrontier(
        observationCount: observations, drawCount: 6, seed: 2
      ).points(count: 4, expectedReturns: mean, covariance: covariance)
      return zip(points, plain).reduce(0) {
        zip($1.0.weights.values, $1.1.weights.values).reduce($0) {
          max($0, ($1.0 - $1.1).magnitude)
        }
      }
    }
    let far = try distance(50)
    let near = try distance(100_000)
    #expect(near < 0.02)
    #expect(far > 4 * near)
  }

  /// With one mean and one variance for all, no asset is better than another.
  @Test func equalAssetsHaveEqualWeights() throws {
    let covariance = try Market.covariance(
      (0..<4).map { i in (0..<4).map { $0 == i ? 4e-4 : 1e-4 } })
    let draws = 600
    let points = try ResampledFrontier(observationCount: 24, drawCount: draws, seed: 6).points(
      count: 3, expectedReturns: Market.returns([0.002, 0.002, 0.002, 0.002]),
      covariance: covariance)
    for point in points {
      for (w, deviation) in zip(point.weights.values, point.weightDeviations) {
        expectClose(w, 0.25, absolute: 4.5 * deviation / Double(draws).squareRoot())
      }
    }
    let heavy = try ResampledFrontier(
      observationCount: 24, drawCount: draws, seed: 6, law: .studentT(degreesOfFreedom: 3)
    ).points(
      count: 3, expectedReturns: Market.returns([0.002, 0.002, 0.002, 0.002]),
      covariance: covariance)
    #expect(heavy[0].weightDeviations[0] > 1.1 * points[0].weightDeviations[0])
  }

  /// Student's law with endless degrees of freedom is the normal one.
  @Test func manyDegreesOfFreedomAreNormal() throws {
    let (mean, covariance) = try Market.factorModel(count: 5, seed: 3)
    func points(_ law: ResampledFrontier.Law) throws -> [Point] {
      try ResampledFrontier(observationCount: 40, drawCount: 20, seed: 8, law: law)
        .points(count: 3, expectedReturns: mean, covariance: covariance)
    }
    for (a, b) in zip(try points(.normal), try points(.studentT(degreesOfFreedom: 1e9))) {
      for (v, w) in zip(a.weights.values, b.weights.values) { expectClose(v, w, absolute: 1e-3) }
    }
  }

  @Test func singularLawsAreDrawn() throws {
    let (mean, covariance) = try Market.factorModel(count: 6, seed: 3, isSpecific: false)
    let points = try ResampledFrontier(
      observationCount: 20, drawCount: 5, seed: 1,
      constraints: PortfolioConstraints(bounds: .uniform(0...0.5))
    ).points(count: 3, expectedReturns: mean, covariance: covariance)
    for point in points { expectClose(point.weights.total, 1, absolute: 1e-11) }
    let flat = try Market.covariance([[0, 0], [0, 0]])
    let riskless = try ResampledFrontier(observationCount: 3, drawCount: 2, seed: 1)
      .points(count: 2, expectedReturns: Market.returns([0.1, 0.2]), covariance: flat)
    expectClose(riskless[1].weights.values[1], 1, absolute: 1e-12)
  }

  @Test(arguments: hostileNumbers) func hostileNumbersAreAnswered(number: Double) throws {
    let (mean, covariance) = try Market.factorModel(count: 4, seed: 9)
    func run(_ frontier: ResampledFrontier, _ m: ExpectedReturns, _ c: Covariance) {
      do throws(AllocationError) {
        let points = try frontier.points(count: 3, expectedReturns: m, covariance: c)
        for point in points { #expect(point.variance >= 0) }
      } catch {
        // A typed error is an answer.
      }
    }
    run(
      ResampledFrontier(
        observationCount: 9, drawCount: 3, seed: 1, law: .studentT(degreesOfFreedom: number)),
      mean, covariance)
    run(
      ResampledFrontier(
        observationCount: 9, drawCount: 3, seed: 1,
        constraints: PortfolioConstraints(budget: number)), mean, covariance)
    if let means = try? Market.returns([number, 0, 0, 0]) {
      run(ResampledFrontier(observationCount: 9, drawCount: 3, seed: 1), means, covariance)
    }
    if let large = try? Market.covariance(
      (0..<4).map { i in (0..<4).map { $0 == i ? number : 0 } })
    {
      run(ResampledFrontier(observationCount: 9, drawCount: 3, seed: 1), mean, large)
    }
  }

  @Test func errorsAreNamed() throws {
    let (mean, covariance) = try Market.factorModel(count: 4, seed: 9)
    func error(
      _ observations: Int,
      _ draws: Int,
      _ count: Int,
      _ law: ResampledFrontier.Law = .normal
    ) -> String? {
      do throws(AllocationError) {
        _ = try ResampledFrontier(
          observationCount: observations, drawCount: draws, seed: 1, law: law
        ).points(count: count, expectedReturns: mean, covariance: covariance)
        return nil
      } catch {
        guard case .invalidValue(let argument, _, _, _) = error else { return "\(error)" }
        return argument
      }
    }
    #expect(error(1, 5, 5) == "observationCount")
    #expect(error(.max, 5, 5) == "observationCount")
    #expect(error(10, 0, 5) == "drawCount")
    #expect(error(10, 5, 1) == "count")
    #expect(error(10, 5, 3, .studentT(degreesOfFreedom: 2)) == "degreesOfFreedom")
    let indefinite = try Market.covariance([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]])
    #expect(throws: AllocationError.covarianceNotPositiveSemidefinite) {
      try ResampledFrontier(observationCount: 9, drawCount: 3, seed: 1).points(
        count: 3, expectedReturns: Market.returns([0, 0, 0]), covariance: indefinite)
    }
    let clashing = ResampledFrontier(
      observationCount: 9, drawCount: 3, seed: 1,
      constraints: PortfolioConstraints(bounds: .uniform(0...0.2)))
    do throws(AllocationError) {
      _ = try clashing.points(count: 3, expectedReturns: mean, covariance: covariance)
      Issue.record("constraints that clash were met")
    } catch {
      guard case .infeasible = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func aCancelledTaskIsToldSo() async throws {
    let (mean, covariance) = try Market.factorModel(count: 4, seed: 9)
    let task = Task { () -> AllocationError? in
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      do throws(AllocationError) {
        _ = try ResampledFrontier(observationCount: 9, drawCount: 30, seed: 1)
          .points(count: 3, expectedReturns: mean, covariance: covariance)
        return nil
      } catch {
        return error
      }
    }
    guard case .notSolved(.cancelled, _)? = await task.value else {
      Issue.record("a cancelled call returned")
      return
    }
  }
}
