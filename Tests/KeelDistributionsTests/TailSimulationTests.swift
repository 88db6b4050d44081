import Foundation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct TailSimulationTests {
  #if DEBUG
    static let count = 12_288
  #else
    static let count = 200_704
  #endif

  typealias Loss = @Sendable ([Double]) -> Double
  typealias Simulate = (TailSimulation.Method, UInt64, Loss?) throws -> TailSimulation

  static func weights() throws -> Weights {
    try Weights(
      universe: #require(EllipticalSimulationTests.universe), values: [0.4, 0.2, 0.3, 0.1])
  }

  /// Laws with their degrees of freedom, the law of the portfolio, and how to simulate them.
  static func laws() throws -> [(Double, any ContinuousDistribution, Simulate)] {
    let weights = try weights()
    let base = try EllipticalSimulationTests.law(5)
    let normal = try MultivariateNormal(
      expectedReturns: base.expectedReturns, covariance: base.covariance)
    var result: [(Double, any ContinuousDistribution, Simulate)] = [
      (
        Double.infinity, try normal.portfolioLaw(weights),
        {
          try normal.tailSimulation(
            weights, method: $0, paths: 0..<count, from: RandomStream(seed: $1), loss: $2)
        }
      )
    ]
    for degrees in [3.5, 8] {
      let law = try EllipticalSimulationTests.law(degrees)
      result.append(
        (
          degrees, try law.portfolioLaw(weights),
          {
            try law.tailSimulation(
              weights, method: $0, paths: 0..<count, from: RandomStream(seed: $1), loss: $2)
          }
        ))
    }
    return result
  }

  static let bend = 3.0

  /// A loss that rises in both directions, mostly in one.
  static let bent: Loss = { path in
    let s = 0.4 * path[0] + 0.2 * path[1] + 0.3 * path[2] + 0.1 * path[3]
    return bend * s * s - s
  }

  /// P(bend s² − s > x) from both roots.
  static func bentTail(_ law: any ContinuousDistribution, _ x: Double) -> Double {
    let root = (1 + 4 * bend * x).squareRoot()
    return law.cdf((1 - root) / (2 * bend)) + law.survival((1 + root) / (2 * bend))
  }

  /// The loss that is exceeded with a probability, by bisection.
  static func bentQuantile(_ law: any ContinuousDistribution, _ p: Double) -> Double {
    var (low, high) = (0.0, 100.0)
    for _ in 0..<100 {
      let middle = 0.5 * (low + high)
      if bentTail(law, middle) > p { low = middle } else { high = middle }
    }
    return low
  }

  /// The mean loss beyond a point: E[L; L > v]/p = v + ∫ P(L > x) dx / p, x = v eˢ.
  static func bentShortfall(_ law: any ContinuousDistribution, _ p: Double) -> Double {
    let v = bentQuantile(law, p)
    var sum = 0.0
    for k in 0..<4000 {
      let x = v * exp((Double(k) + 0.5) / 100)
      sum += bentTail(law, x) * x / 100
    }
    return v + sum / p
  }

  private func expectNear(
    _ estimate: SimulationEstimate, _ truth: Double, _ name: String
  ) {
    #expect(estimate.standardError >= 0 && estimate.standardError.isFinite, "\(name)")
    // A control may explain all of a linear loss; what is left then is rounding.
    expectClose(
      estimate.value, truth, absolute: 4 * estimate.standardError + 1e-12 * truth.magnitude, name)
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func estimatesAreUnbiased(seed: UInt64) throws {
    let confidence = 0.98
    for (degrees, law, simulate) in try Self.laws() {
      for method in [
        TailSimulation.Method.plain, .antithetic, .controlVariate,
        .importance(confidence: confidence),
      ] {
        let name = "\(degrees) \(method) seed \(seed)"
        let bent = try simulate(method, seed, Self.bent)
        let point = Self.bentQuantile(law, 1 - confidence)
        expectNear(try bent.probability(above: point), 1 - confidence, name)
        expectNear(try bent.valueAtRisk(confidence: confidence), point, "value at risk " + name)
        // The square of 3.5 degrees of freedom has no variance, and so no standard error.
        if degrees > 4 {
          expectNear(
            try bent.expectedShortfall(confidence: confidence),
            Self.bentShortfall(law, 1 - confidence), "shortfall " + name)
        }
        if seed > 1 { continue }
        let linear = try simulate(method, seed, nil)
        let threshold = law.valueAtRisk(confidence: confidence)
        expectNear(try linear.probability(above: threshold), 1 - confidence, "linear " + name)
        if method == .controlVariate { continue }
        expectNear(
          try linear.valueAtRisk(confidence: confidence), threshold, "linear value at risk " + name)
        expectNear(
          try linear.expectedShortfall(confidence: confidence),
          law.expectedShortfall(confidence: confidence), "linear shortfall " + name)
      }
    }
  }

  /// Standard errors are those of theory.
  @Test func variancesAreAsStated() throws {
    let count = Double(Self.count)
    for (degrees, law, simulate) in try Self.laws() {
      let p = 0.02
      let threshold = law.valueAtRisk(confidence: 1 - p)
      func variance(_ method: TailSimulation.Method, _ x: Double, _ loss: Loss?) throws -> Double {
        let error = try simulate(method, 7, loss).probability(above: x).standardError
        return error * error * count
      }
      // A few hundred paths in the tail: some percent.
      let tolerance = 5 / (p * count).squareRoot()
      expectClose(try variance(.plain, threshold, nil), p * (1 - p), relative: tolerance)
      let pairs = try variance(.antithetic, threshold, nil)
      expectClose(pairs, 0.5 * p * (1 - 2 * p), relative: tolerance, "\(degrees)")
      // The linear event is part of the bent one: its correlation is that of nested events.
      let (a, b) = (Self.bentTail(law, threshold), p)
      let left = 1 - b * (1 - a) / (a * (1 - b))
      expectClose(
        try variance(.controlVariate, threshold, Self.bent), a * (1 - a) * left,
        relative: 2 * tolerance / left.squareRoot() / 2, "\(degrees)")
      // Likelihood ratios in the tail are at most exp(ψ).
      let rare = 1e-4
      let far = law.valueAtRisk(confidence: 1 - rare)
      let q = (far + law.mean) / law.standardDeviation
      let twisted = try variance(.importance(confidence: 1 - rare), far, nil)
      let largest =
        degrees == .infinity
        ? exp(-0.5 * q * q) : pow(1 + q * q / (degrees - 2), -degrees / 2)
      #expect(twisted <= largest * rare * 1.1, "\(degrees)")
      #expect(twisted < rare * (1 - rare) / 50, "\(degrees) \(rare / twisted)")
      if degrees == .infinity {
        let second = exp(q * q) * StandardNormal.survival(2 * q)
        expectClose(twisted, second - rare * rare, relative: 0.05)
      }
    }
  }

  /// From tails of nearly all losses to those of some.
  @Test func lowConfidencesAreReached() throws {
    for (degrees, law, simulate) in try Self.laws() where degrees > 4 {
      for method in [
        TailSimulation.Method.plain, .antithetic, .importance(confidence: 0.6),
      ] {
        let tail = try simulate(method, 3, nil)
        for confidence in [0.3, 0.4, 0.05] {
          let name = "\(degrees) \(method) \(confidence)"
          if method == .importance(confidence: 0.6), confidence < 0.1 { continue }
          let point = try tail.valueAtRisk(confidence: confidence)
          expectNear(point, law.valueAtRisk(confidence: confidence), name)
          #expect(point.standardError < 0.05 * law.standardDeviation, "\(name)")
          expectNear(
            try tail.expectedShortfall(confidence: confidence),
            law.expectedShortfall(confidence: confidence), "shortfall " + name)
        }
      }
      let control = try simulate(.controlVariate, 3, Self.bent)
      let point = try control.valueAtRisk(confidence: 0.3)
      // The bent loss is a gain there, of at most 1/(4 bend).
      var (low, high) = (-0.25 / Self.bend, 0.0)
      for _ in 0..<60 {
        let middle = 0.5 * (low + high)
        if Self.bentTail(law, middle) > 0.7 { low = middle } else { high = middle }
      }
      expectNear(point, low, "control \(degrees)")
      // As many losses are needed on the other side.
      #expect(throws: DistributionsError.self) {
        try simulate(.plain, 3, nil).valueAtRisk(confidence: 10 / Double(Self.count))
      }
      // The tail of most losses was not drawn.
      let far = try simulate(.importance(confidence: 0.9999), 3, nil)
      let error = #expect(throws: DistributionsError.self) {
        try far.valueAtRisk(confidence: 0.05)
      }
      // A few paths of large likelihood may reach it all the same, too few for a quantile.
      if case .invalidValue(let argument, let got, let lowest, _) = error {
        #expect(argument == "confidence" && got == 0.05 && lowest >= 0.05)
      }
    }
  }

  @Test func countsOfNoneOrAllHaveNoError() throws {
    for (_, _, simulate) in try Self.laws() {
      for method in [
        TailSimulation.Method.plain, .antithetic, .controlVariate, .importance(confidence: 0.9),
      ] {
        let tail = try simulate(method, 3, nil)
        let none = try tail.probability(above: 1e6)
        #expect(none.value == 0 && none.standardError.isNaN, "\(method)")
        let all = try tail.probability(above: -1e6)
        #expect(all.standardError.isNaN == tail.likelihoods.isEmpty, "\(method)")
        #expect(try tail.probability(above: 0).standardError.isFinite, "\(method)")
      }
    }
  }

  @Test func joinsOnlyWhatBelongsTogether() throws {
    let weights = try Self.weights()
    let law = try EllipticalSimulationTests.law(5)
    let others = try Weights(universe: weights.universe, values: [0.1, 0.2, 0.3, 0.4])
    func draw(
      _ law: MultivariateStudentT, _ weights: Weights, _ paths: Range<Int> = 4096..<4100,
      _ method: TailSimulation.Method = .plain, seed: UInt64 = 1, _ loss: Loss? = nil
    ) throws -> TailSimulation {
      try law.tailSimulation(
        weights, method: method, paths: paths, from: RandomStream(seed: seed), loss: loss)
    }
    let first = try draw(law, weights, 0..<4096)
    func refuse(_ other: TailSimulation, _ error: DistributionsError?) {
      var joined = first
      let thrown = #expect(throws: DistributionsError.self) { try joined.append(other) }
      if let error { #expect(thrown == error) }
      #expect(joined.losses == first.losses)
    }
    try refuse(
      draw(law, others), .invalidObservation(argument: "weights", index: 0, got: 0.1))
    try refuse(
      draw(EllipticalSimulationTests.law(6), weights),
      .invalidValue(argument: "degreesOfFreedom", got: 6, lowest: 5, highest: 5))
    let moved = try MultivariateStudentT(
      expectedReturns: ExpectedReturns(universe: weights.universe, values: [9, 0, 0, 0]),
      covariance: law.covariance, degreesOfFreedom: 5)
    try refuse(
      draw(moved, weights), .invalidObservation(argument: "expectedReturns", index: 0, got: 9))
    var matrix = law.covariance.matrix
    matrix[3, 3] *= 2
    let wider = try MultivariateStudentT(
      expectedReturns: law.expectedReturns,
      covariance: Covariance(universe: weights.universe, dense: matrix), degreesOfFreedom: 5)
    try refuse(
      draw(wider, weights),
      .invalidObservation(argument: "covariance", index: 15, got: matrix[3, 3]))
    try refuse(
      draw(law, weights, 4096..<4100, .antithetic),
      .shapeMismatch(argument: "mirroredLosses", got: 4, required: 0))
    try refuse(draw(law, weights, 4096..<4100, .importance(confidence: 0.9)), nil)
    try refuse(
      draw(law, weights, 4096..<4100, .plain, Self.bent),
      .shapeMismatch(argument: "loss", got: 1, required: 0))
    try refuse(
      draw(law, weights, 0..<10),
      .invalidValue(
        argument: "paths.lowerBound", got: 0, lowest: 4096, highest: Double(Int.max)))
    // Other paths, and those of other streams.
    var joined = first
    try joined.append(draw(law, weights))
    try joined.append(draw(law, weights, 0..<4096, .plain, seed: 2))
    #expect(joined.pathCount == 2 * 4096 + 4)
    #expect(throws: DistributionsError.self) { try joined.append(first) }
    var twisted = try draw(law, weights, 0..<9, .importance(confidence: 0.9))
    #expect(
      throws: DistributionsError.invalidValue(
        argument: "confidence", got: 0.95, lowest: 0.9, highest: 0.9)
    ) { try twisted.append(draw(law, weights, 4096..<4100, .importance(confidence: 0.95))) }
  }

  @Test func rareTailsAreReached() throws {
    for (degrees, law, simulate) in try Self.laws() {
      let confidence = 1 - 1e-6
      let tail = try simulate(.importance(confidence: confidence), 5, nil)
      let risk = try tail.valueAtRisk(confidence: confidence)
      #expect(risk.standardError < 0.03 * risk.value, "\(degrees)")
      expectNear(risk, law.valueAtRisk(confidence: confidence), "\(degrees)")
      expectNear(
        try tail.expectedShortfall(confidence: confidence),
        law.expectedShortfall(confidence: confidence), "\(degrees)")
      #expect(throws: DistributionsError.self) {
        try simulate(.plain, 5, nil).valueAtRisk(confidence: confidence)
      }
    }
  }

  /// The same bits for 1, 2 and 7 threads and any split at blocks of 4096 paths.
  @Test func sameBitsOnAnyThreadsAndSplits() throws {
    let weights = try Self.weights()
    let law = try EllipticalSimulationTests.law(4)
    let stream = RandomStream(seed: 9)
    let count = 3 * 4096 + 100
    for method in [
      TailSimulation.Method.plain, .antithetic, .controlVariate, .importance(confidence: 0.99),
    ] {
      func draw(_ paths: Range<Int>, _ width: Int) throws -> TailSimulation {
        try law.tailSimulation(
          weights, method: method, paths: paths, from: stream, on: BoundedPool(width: width))
      }
      let whole = try draw(0..<count, 1)
      for width in [1, 2, 7] {
        for cuts in [[], [4096], [8192], [4096, 12_288]] {
          let places = [0] + cuts + [count]
          var joined = try draw(places[0]..<places[1], width)
          for (from, to) in zip(places, places.dropFirst()).dropFirst() {
            try joined.append(draw(from..<to, width))
          }
          #expect(joined.losses == whole.losses && joined.controls == whole.controls)
          #expect(
            joined.mirroredLosses == whole.mirroredLosses && joined.likelihoods == whole.likelihoods
          )
          #expect(
            try joined.expectedShortfall(confidence: 0.95)
              == whole.expectedShortfall(confidence: 0.95), "\(method) \(width) \(cuts)")
        }
      }
    }
  }

  /// Plain paths are those of the scenarios.
  @Test func pathsAreTheScenarios() throws {
    let weights = try Self.weights()
    let law = try EllipticalSimulationTests.law(4)
    let tail = try law.tailSimulation(
      weights, method: .plain, paths: 0..<500, from: RandomStream(seed: 2))
    let scenarios = try law.scenarios(count: 500, from: RandomStream(seed: 2))
    for i in 0..<500 {
      let loss = -(0..<4).reduce(0.0) { $0 + weights.values[$1] * scenarios.outcomes[i, $1] }
      expectClose(tail.losses[i], loss, relative: 1e-13, absolute: 1e-16)
    }
  }

  @Test func refusesWhatHasNoTail() throws {
    let weights = try Self.weights()
    let law = try EllipticalSimulationTests.law(4)
    func draw(
      _ method: TailSimulation.Method = .plain, _ paths: Range<Int> = 0..<500, _ loss: Loss? = nil
    ) throws -> TailSimulation {
      try law.tailSimulation(
        weights, method: method, paths: paths, from: RandomStream(seed: 2), loss: loss)
    }
    for value in [0, 1, -1, Double.nan] {
      #expect(throws: DistributionsError.self) { try draw(.importance(confidence: value)) }
      #expect(throws: DistributionsError.self) { try draw().valueAtRisk(confidence: value) }
      #expect(throws: DistributionsError.self) { try draw().expectedShortfall(confidence: value) }
    }
    #expect(throws: DistributionsError.self) { try draw().probability(above: .nan) }
    #expect(throws: DistributionsError.tooFewObservations(got: 5, required: 40)) {
      try draw().valueAtRisk(confidence: 0.99)
    }
    #expect(throws: DistributionsError.self) { try draw(.plain, 3..<9) }
    #expect(throws: DistributionsError.self) { try draw(.plain, 0..<9) { _ in .infinity } }
    var tail = try draw()
    #expect(throws: DistributionsError.self) { try tail.append(draw(.antithetic)) }
    let none = try Weights(universe: law.covariance.universe, values: [0, 0, 0, 0])
    #expect(throws: DistributionsError.self) {
      try law.tailSimulation(none, method: .plain, paths: 0..<9, from: RandomStream(seed: 1))
    }
  }
}
