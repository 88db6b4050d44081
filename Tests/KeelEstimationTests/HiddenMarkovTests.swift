import Foundation
import KeelData
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

/// Reference values of Tests/Generate/regimes.py.
struct RegimeReference: Decodable {
  struct Parameters: Decodable {
    let means: [Double]
    let scales: [Double]
    let degrees: [Double]?
    let initial: [Double]
    let transitions: [[Double]]

    /// The model, its states in an order.
    func model(order: [Int]) throws -> HiddenMarkovModel {
      try HiddenMarkovModel(
        states: order.map {
          .init(mean: means[$0], scale: scales[$0], degreesOfFreedom: degrees?[$0])
        },
        initialProbabilities: order.map { initial[$0] },
        transitions: order.map { i in order.map { transitions[i][$0] } })
    }
  }

  struct Model: Decodable {
    let name: String
    let x: [Double]
    let start: Parameters
    let model: Parameters
    let order: [Int]
    let logLikelihood: Double
    let filtered: [[Double]]
    let smoothed: [[Double]]
    let path: [Int]
  }

  let models: [Model]
}

/// A series with planted regimes, and its path.
func plantedRegimes(
  _ count: Int,
  seed: UInt64,
  laws: [(mean: Double, deviation: Double)] = [(0.001, 0.007), (-0.002, 0.025)],
  leaving: Double = 0.03
) -> (values: [Double], path: [Int]) {
  var generator = SeededGenerator(seed: seed)
  var state = 0
  var values: [Double] = []
  var path: [Int] = []
  for _ in 0..<count {
    if generator.uniform() < leaving {
      state = (state + 1 + Int(generator.uniform() * Double(laws.count - 1))) % laws.count
    }
    values.append(laws[state].mean + laws[state].deviation * generator.gaussian())
    path.append(state)
  }
  return (values, path)
}

func calmAndWild() throws -> HiddenMarkovModel {
  try HiddenMarkovModel(
    states: [.init(mean: 0.001, scale: 0.007), .init(mean: -0.002, scale: 0.025)],
    initialProbabilities: [0.6, 0.4], transitions: [[0.97, 0.03], [0.05, 0.95]])
}

@Suite struct HiddenMarkovReferenceTests {
  @Test func reachesTheMaximaOfThePeers() throws {
    for reference in try Reference.load(RegimeReference.self, "regimes").models {
      let order = Array(reference.start.means.indices)
      let start = try reference.start.model(order: order)
      let expected = try reference.model.model(order: reference.order)
      let fit = try HiddenMarkovModel.fit(reference.x, from: start)
      #expect(fit.isConverged && fit.emptyStates.isEmpty, "\(reference.name)")
      #expect(fit.statesAtVarianceFloor.isEmpty)
      expectClose(fit.logLikelihood, reference.logLikelihood, absolute: 2e-6, reference.name)
      for (state, other) in zip(fit.model.states, expected.states) {
        expectClose(state.mean, other.mean, absolute: 3e-3 * other.scale, reference.name)
        expectClose(state.scale, other.scale, relative: 1e-3, reference.name)
        if let degrees = other.degreesOfFreedom {
          expectClose(state.degreesOfFreedom ?? 0, degrees, relative: 1e-2, reference.name)
        }
      }
      for (row, other) in zip(fit.model.transitions, expected.transitions) {
        for (value, probability) in zip(row, other) {
          expectClose(value, probability, absolute: 1e-3, reference.name)
        }
      }
      // From its own starts it finds the same maximum, or a higher one.
      var settings = HiddenMarkovModel.FitSettings()
      settings.emission = reference.start.degrees == nil ? .normal : .studentT
      let free = try HiddenMarkovModel.fit(
        reference.x, stateCount: order.count, settings: settings)
      #expect(free.logLikelihood > reference.logLikelihood - 1e-5, "\(reference.name)")
    }
  }

  @Test func probabilitiesAndPathsOfAGivenModel() throws {
    for reference in try Reference.load(RegimeReference.self, "regimes").models {
      let order = Array(reference.start.means.indices)
      let model = try reference.model.model(order: order)
      expectClose(
        try model.logLikelihood(of: reference.x), reference.logLikelihood, relative: 1e-12)
      let filtered = try model.filtered(reference.x)
      let smoothed = try model.smoothedProbabilities(of: reference.x)
      let count = reference.x.count
      for (i, row) in reference.filtered.enumerated() {
        for (j, value) in row.enumerated() {
          expectClose(filtered[count - 5 + i, j], value, absolute: 1e-11)
        }
      }
      for (i, row) in reference.smoothed.enumerated() {
        for (j, value) in row.enumerated() {
          expectClose(smoothed[i * (count / 10), j], value, absolute: 1e-10)
        }
      }
      for j in order {
        expectClose(filtered[count - 1, j], smoothed[count - 1, j], absolute: 1e-12)
      }
      #expect(try model.mostLikelyPath(of: reference.x) == reference.path, "\(reference.name)")
    }
  }
}

@Suite struct HiddenMarkovInvariantTests {
  @Test(arguments: [1, 2, 3]) func plantedRegimesAreRecovered(seed: Int) throws {
    let (values, path) = plantedRegimes(1500, seed: UInt64(seed))
    let fit = try HiddenMarkovModel.fit(values, stateCount: 2)
    #expect(fit.isConverged)
    expectClose(fit.model.states[0].scale, 0.007, relative: 0.1)
    expectClose(fit.model.states[1].scale, 0.025, relative: 0.1)
    expectClose(fit.model.expectedDurations[0], 33, relative: 0.5)
    let found = try fit.model.mostLikelyPath(of: values)
    let wrong = zip(found, path).count { $0 != $1 }
    #expect(wrong < values.count / 20)
    // Two states are enough, and one is not.
    let criteria = try (1...3).map {
      try HiddenMarkovModel.fit(values, stateCount: $0).bayesianCriterion
    }
    #expect(criteria[1] < criteria[0] && criteria[1] < criteria[2])
  }

  @Test func heavyTailsAreRecovered() throws {
    var sequence = RandomSequence(RandomStream(seed: 9))
    var state = 0
    let values = (0..<1500).map { _ in
      if sequence.uniform() < 0.03 { state = 1 - state }
      let mixing = sequence.gamma(shape: 2) / 2
      return (state == 0 ? 0.006 : 0.025) * sequence.normal() / mixing.squareRoot()
    }
    let heavy = try HiddenMarkovModel.fit(
      values, stateCount: 2, settings: .init(emission: .studentT))
    let normal = try HiddenMarkovModel.fit(values, stateCount: 2)
    #expect(heavy.isConverged && heavy.bayesianCriterion < normal.bayesianCriterion - 50)
    for (state, scale) in zip(heavy.model.states, [0.006, 0.025]) {
      expectClose(state.scale, scale, relative: 0.15)
      let degrees = try #require(state.degreesOfFreedom)
      #expect(degrees > 2.5 && degrees < 8)
    }
  }

  @Test func scaleEquivariance() throws {
    let (values, _) = plantedRegimes(400, seed: 4)
    for emission in HiddenMarkovModel.Emission.allCases {
      let settings = HiddenMarkovModel.FitSettings(emission: emission)
      let base = try HiddenMarkovModel.fit(values, stateCount: 2, settings: settings)
      for factor in [0x1p-30, 0x1p40, 100, 1e-8, 1e-200, 1e150] {
        let other = try HiddenMarkovModel.fit(
          values.map { $0 * factor }, stateCount: 2, settings: settings)
        let isPower = factor.significand == 1
        for (state, scaled) in zip(base.model.states, other.model.states) {
          let relative = isPower ? 0 : 1e-8
          expectClose(scaled.mean / factor, state.mean, absolute: relative * state.scale)
          expectClose(scaled.scale / factor, state.scale, relative: relative)
        }
        for (row, scaled) in zip(base.model.transitions, other.model.transitions) {
          for (p, q) in zip(row, scaled) { expectClose(q, p, absolute: isPower ? 0 : 1e-8) }
        }
        expectClose(
          other.logLikelihood + Double(values.count) * log(factor), base.logLikelihood,
          absolute: 1e-6)
      }
    }
  }

  @Test func sameSeedSameBits() throws {
    let (values, _) = plantedRegimes(300, seed: 8)
    let first = try HiddenMarkovModel.fit(values, stateCount: 3)
    #expect(try HiddenMarkovModel.fit(values, stateCount: 3) == first)
    var settings = HiddenMarkovModel.FitSettings()
    settings.seed = 2
    let other = try HiddenMarkovModel.fit(values, stateCount: 3, settings: settings)
    expectClose(other.logLikelihood, first.logLikelihood, absolute: 5)
  }

  @Test func statesAreInTheOrderOfTheirVolatility() throws {
    for seed in 0..<4 {
      let (values, _) = plantedRegimes(200, seed: UInt64(seed))
      let fit = try HiddenMarkovModel.fit(values, stateCount: 2 + seed % 3)
      let deviations = fit.model.states.map(\.standardDeviation)
      #expect(deviations == deviations.sorted())
      for row in fit.model.transitions {
        expectClose(row.reduce(0, +), 1, absolute: 1e-14)
        #expect(row.allSatisfy { $0 >= 0 })
      }
    }
  }

  /// The output of row t is the same when the future is deleted or scrambled.
  @Test func filteredProbabilitiesDoNotSeeTheFuture() throws {
    let (values, _) = plantedRegimes(120, seed: 6)
    let model = try calmAndWild()
    let whole = try model.filtered(values)
    for cut in [1, 2, 17, 64, 119] {
      let short = try model.filtered(Array(values[..<cut]))
      let scrambled = try model.filtered(
        Array(values[..<cut]) + values[cut...].reversed().map { -3 * $0 })
      for j in 0..<2 {
        #expect(short.columns[j] == Array(whole.columns[j][..<cut]))
        #expect(Array(scrambled.columns[j][..<cut]) == Array(whole.columns[j][..<cut]))
      }
    }
    // Smoothed ones do.
    let smoothed = try model.smoothedProbabilities(of: values)
    let shortened = try model.smoothedProbabilities(of: Array(values[..<64]))
    #expect(smoothed[63, 0] != shortened[63, 0])
  }

  @Test func anyChunksGiveTheSameBits() throws {
    let (values, _) = plantedRegimes(90, seed: 7)
    let model = try calmAndWild()
    var whole = RegimeFilter(model)
    let expected = try whole.update(with: values)
    for size in [1, 7, 32] {
      var filter = RegimeFilter(model)
      var columns: [[Double]] = [[], []]
      for start in stride(from: 0, to: values.count, by: size) {
        let part = try filter.update(
          with: Array(values[start..<min(start + size, values.count)]))
        for j in 0..<2 { columns[j] += part.columns[j] }
        // Saved and restored in between.
        filter = try JSONDecoder().decode(RegimeFilter.self, from: JSONEncoder().encode(filter))
      }
      #expect(filter == whole && columns == expected.columns)
    }
    var single = RegimeFilter(model)
    for value in values { try single.update(with: value) }
    #expect(single == whole)
  }

  /// A second method: sums over all paths.
  @Test(arguments: 1...4) func allPaths(stateCount: Int) throws {
    var generator = SeededGenerator(seed: UInt64(stateCount))
    func law() -> [Double] {
      let raw = (0..<stateCount).map { _ in generator.uniform(0.1...1) }
      return raw.map { $0 / raw.reduce(0, +) }
    }
    let model = try HiddenMarkovModel(
      states: (0..<stateCount).map {
        .init(
          mean: generator.uniform(-1...1), scale: generator.uniform(0.5...2),
          degreesOfFreedom: $0 % 2 == 0 ? nil : 3)
      },
      initialProbabilities: law(), transitions: (0..<stateCount).map { _ in law() })
    let values = (0..<6).map { _ in generator.uniform(-3...3) }
    func density(_ state: HiddenMarkovModel.State, _ value: Double) -> Double {
      let z = (value - state.mean) / state.scale
      return state.degreesOfFreedom == nil
        ? exp(-z * z / 2) / (2 * Double.pi).squareRoot() / state.scale
        : 6 * 3.0.squareRoot() / (Double.pi * (3 + z * z) * (3 + z * z)) / state.scale
    }
    var total = 0.0
    var third = [Double](repeating: 0, count: stateCount)
    var best = (weight: 0.0, path: [Int]())
    let pathCount = Int(pow(Double(stateCount), 6))
    for code in 0..<pathCount {
      var rest = code
      let path = (0..<6).map { _ in
        defer { rest /= stateCount }
        return rest % stateCount
      }
      var weight = model.initialProbabilities[path[0]]
      for t in 0..<6 {
        if t > 0 { weight *= model.transitions[path[t - 1]][path[t]] }
        weight *= density(model.states[path[t]], values[t])
      }
      total += weight
      third[path[2]] += weight
      if weight > best.weight { best = (weight, path) }
    }
    expectClose(try model.logLikelihood(of: values), log(total), absolute: 1e-12)
    let smoothed = try model.smoothedProbabilities(of: values)
    for j in 0..<stateCount { expectClose(smoothed[2, j], third[j] / total, absolute: 1e-12) }
    #expect(try model.mostLikelyPath(of: values) == best.path)
  }

  /// EM from a model fitted to the end changes nothing.
  @Test func aMaximumIsAFixedPoint() throws {
    let (values, _) = plantedRegimes(500, seed: 12)
    for emission in HiddenMarkovModel.Emission.allCases {
      let fit = try HiddenMarkovModel.fit(
        values, stateCount: 2, settings: .init(emission: emission))
      let again = try HiddenMarkovModel.fit(values, from: fit.model)
      #expect(again.isConverged && again.iterations <= 4)
      expectClose(again.logLikelihood, fit.logLikelihood, absolute: 1e-6)
      expectClose(
        try fit.model.logLikelihood(of: values), fit.logLikelihood, absolute: 1e-8)
    }
  }
}

@Suite struct HiddenMarkovLongRunTests {
  @Test func closedForms() throws {
    let model = try calmAndWild()
    expectClose(model.stationaryProbabilities[0], 0.625, relative: 1e-15)
    expectClose(model.expectedDurations[0], 1 / 0.03, relative: 1e-14)
    let forecasts = try model.forecast(from: [1, 0], steps: 3)
    for (step, forecast) in forecasts.enumerated() {
      let calm = 0.625 + 0.375 * pow(0.92, Double(step + 1))
      expectClose(forecast.probabilities[0], calm, relative: 1e-14)
      let mean = calm * 0.001 - (1 - calm) * 0.002
      expectClose(forecast.mean, mean, relative: 1e-12)
      let second = calm * (1e-6 + 49e-6) + (1 - calm) * (4e-6 + 625e-6)
      expectClose(forecast.variance, second - mean * mean, relative: 1e-12)
    }
    let far = try model.forecast(from: [0.2, 0.8], steps: 400)
    expectClose(far[399].probabilities[0], 0.625, relative: 1e-12)
    var filter = RegimeFilter(model)
    try filter.update(with: 0.01)
    #expect(
      try filter.forecast(steps: 2)[0].probabilities == filter.predictedProbabilities)
  }

  @Test func everyChainHasALongRun() throws {
    let states = (0..<4).map { HiddenMarkovModel.State(mean: 0, scale: 1 + Double($0)) }
    // Two sets that are never left, reached from two states that are.
    let split = try HiddenMarkovModel(
      states: states, initialProbabilities: [0.5, 0.5, 0, 0],
      transitions: [[0.5, 0.3, 0.1, 0.1], [0.2, 0.4, 0, 0.4], [0, 0, 1, 0], [0, 0, 0, 1]])
    // By hand: a = 0.1 + 0.5 a + 0.3 b, b = 0.2 a + 0.4 b.
    let first = 0.1 / (0.5 - 0.3 * 0.2 / 0.6)
    let share = 0.5 * first + 0.5 * first / 3
    for (value, expected) in zip(split.stationaryProbabilities, [0, 0, share, 1 - share]) {
      expectClose(value, expected, absolute: 1e-15)
    }
    #expect(split.expectedDurations[2] == .infinity)
    // A chain that goes around, and one whose shares are far apart.
    let cycle = try HiddenMarkovModel(
      states: Array(states[..<3]), initialProbabilities: [1, 0, 0],
      transitions: [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    for value in cycle.stationaryProbabilities { expectClose(value, 1 / 3, relative: 1e-15) }
    let far = try HiddenMarkovModel(
      states: Array(states[..<2]), initialProbabilities: [1, 0],
      transitions: [[1, 1e-37], [1e-12, 1 - 1e-12]])
    expectClose(far.stationaryProbabilities[1], 1e-25, relative: 1e-12)
    // Moves that no history sees: the chain stays where they would lead from.
    let never = try HiddenMarkovModel(
      states: Array(states[..<3]), initialProbabilities: [1, 0, 0],
      transitions: [
        [0, 1, 1e-307], [1e-306, 0.25, 0.75], [1e-307, 0.25, 0.75],
      ])
    for (value, expected) in zip(never.stationaryProbabilities, [0, 0.25, 0.75]) {
      expectClose(value, expected, absolute: 1e-15)
    }
  }
}

@Suite struct HiddenMarkovEdgeTests {
  @Test func hostileSeries() throws {
    let (base, _) = plantedRegimes(50, seed: 3)
    for value in hostileNumbers {
      for row in [0, 25, 49] {
        var values = base
        values[row] = value
        if !value.isFinite {
          #expect(throws: EstimationError.self) {
            try HiddenMarkovModel.fit(values, stateCount: 2)
          }
          #expect(throws: EstimationError.self) { try calmAndWild().filtered(values) }
          #expect(throws: EstimationError.self) {
            try calmAndWild().smoothedProbabilities(of: values)
          }
          #expect(throws: EstimationError.self) { try calmAndWild().mostLikelyPath(of: values) }
          continue
        }
        for emission in HiddenMarkovModel.Emission.allCases {
          let fit = try HiddenMarkovModel.fit(
            values, stateCount: 2, settings: .init(emission: emission))
          Self.expectFinite(fit)
        }
        let filtered = try calmAndWild().filtered(values)
        for t in 0..<50 { expectClose(filtered[t, 0] + filtered[t, 1], 1, absolute: 1e-14) }
      }
    }
  }

  static func expectFinite(_ fit: HiddenMarkovFit) {
    #expect(fit.logLikelihood.isFinite)
    for state in fit.model.states {
      #expect(state.mean.isFinite && state.scale > 0 && state.scale.isFinite)
    }
    for row in fit.model.transitions { #expect(row.allSatisfy { $0 >= 0 && $0 <= 1 }) }
  }

  @Test func repeatedValuesMeetTheFloor() throws {
    var generator = SeededGenerator(seed: 1)
    let half = (0..<60).map { t in t % 3 == 0 ? generator.gaussian() : 0 }
    for emission in HiddenMarkovModel.Emission.allCases {
      let fit = try HiddenMarkovModel.fit(
        half, stateCount: 2, settings: .init(emission: emission))
      Self.expectFinite(fit)
      #expect(fit.statesAtVarianceFloor == [0])
    }
    let duplicated = [Double](repeating: 0.01, count: 25) + [Double](repeating: -0.01, count: 25)
    for count in 1...5 {
      let fit = try HiddenMarkovModel.fit(duplicated, stateCount: count)
      Self.expectFinite(fit)
    }
    #expect(throws: EstimationError.zeroVariance(asset: nil, column: 0)) {
      try HiddenMarkovModel.fit([Double](repeating: 0.1, count: 50), stateCount: 2)
    }
    #expect(throws: EstimationError.tooFewObservations(got: 19, required: 20)) {
      try HiddenMarkovModel.fit(Array(half[..<19]), stateCount: 2)
    }
    #expect(throws: EstimationError.self) {
      try HiddenMarkovModel.fit((0..<50).map { 100 + Double($0 % 3) }, stateCount: 2)
    }
    for count in [0, 9, -1] {
      #expect(throws: EstimationError.self) { try HiddenMarkovModel.fit(half, stateCount: count) }
    }
  }

  /// Rows that no scaled recursion can follow: transitions of probability zero.
  @Test func contradictedTransitions() throws {
    let model = try HiddenMarkovModel(
      states: [.init(mean: 0, scale: 1), .init(mean: 1000, scale: 1)],
      initialProbabilities: [1, 0], transitions: [[0.5, 0.5], [0, 1]])
    // Once in the second state the rows near zero are 500 000 nats away each.
    let values = [0, 0.5, 1000, 0, 0, 0, 1000, 0]
    let filtered = try model.filtered(values)
    #expect(filtered[7, 1] == 1)
    let smoothed = try model.smoothedProbabilities(of: values)
    for t in 0..<8 {
      expectClose(smoothed[t, 0] + smoothed[t, 1], 1, absolute: 1e-9)
    }
    let likelihood = try model.logLikelihood(of: values)
    // The best path stays in the first state for seven rows.
    let path = try model.mostLikelyPath(of: values)
    var expected = log(1.0)
    for (t, state) in path.enumerated() {
      if t > 0 { expected += log(model.transitions[path[t - 1]][state]) }
      let z = values[t] - 1000 * Double(state)
      expected += -z * z / 2 - log(2 * Double.pi) / 2
    }
    // As likely but for a factor two: the change of state at the second row near 1000.
    expectClose(likelihood, expected + log(1.5), absolute: 1e-9)
    // A fit from a chain that cannot leave a state.
    var generator = SeededGenerator(seed: 2)
    let noise = (0..<60).map { t in (t / 20 == 1 ? 1000 : 0) + generator.gaussian() }
    let fit = try HiddenMarkovModel.fit(noise, from: model)
    HiddenMarkovEdgeTests.expectFinite(fit)
  }

  /// A row without a density says nothing: the others have the probabilities of a gap.
  @Test func rowsWithoutADensity() throws {
    let model = try calmAndWild()
    let values = [0.01, 1e200, 0]
    let smoothed = try model.smoothedProbabilities(of: values)
    #expect(try model.logLikelihood(of: values) == -.infinity)
    func density(_ value: Double, _ state: HiddenMarkovModel.State) -> Double {
      let z = (value - state.mean) / state.scale
      return exp(-z * z / 2) / state.scale
    }
    var weights = [[Double]](repeating: [0, 0], count: 3)
    for path in 0..<8 {
      let s = [path & 1, path >> 1 & 1, path >> 2]
      let weight =
        model.initialProbabilities[s[0]] * model.transitions[s[0]][s[1]]
        * model.transitions[s[1]][s[2]] * density(0.01, model.states[s[0]])
        * density(0, model.states[s[2]])
      for t in 0..<3 { weights[t][s[t]] += weight }
    }
    for t in 0..<3 {
      for j in 0..<2 {
        let total = weights[t][0] + weights[t][1]
        expectClose(smoothed[t, j], weights[t][j] / total, absolute: 1e-12)
      }
    }
    let alone = try model.smoothedProbabilities(of: [1e200])
    for j in 0..<2 { expectClose(alone[0, j], model.initialProbabilities[j], absolute: 1e-15) }
  }

  /// The path keeps what it knew before a row that no state explains: the best one over all paths, of the
  /// likelihood without that row.
  @Test func pathsPassRowsWithoutADensity() throws {
    let wide = try HiddenMarkovModel(
      states: [.init(mean: 0, scale: 0.01), .init(mean: 0, scale: 0.03)],
      initialProbabilities: [0.5, 0.5], transitions: [[0.95, 0.05], [0.05, 0.95]])
    // Two states that never meet, the second of which explains the first row alone.
    let apart = try HiddenMarkovModel(
      states: [.init(mean: 0, scale: 1), .init(mean: 0, scale: 1e-3)],
      initialProbabilities: [0, 1], transitions: [[1, 0], [0, 1]])
    let cases: [(HiddenMarkovModel, [Double])] = [
      (wide, [0.05, -0.06, 0.04, 1e200, 0.03, 0.002, -0.001]),
      (wide, [1e200, 0.05, -0.06, 1e200, 1e200, 0.001, 0.002]),
      (wide, [0.001, 0.002, 0.001, 0.001, 0.05, -0.06, 1e200]),
      (apart, [1e-3, 1e160, 1e-3, 0, 1e200, 0, 1e-3]),
    ]
    for (model, values) in cases {
      var best = (score: -Double.infinity, path: [Int]())
      for code in 0..<128 {
        let path = (0..<7).map { code >> $0 & 1 }
        var score = log(model.initialProbabilities[path[0]])
        for t in 0..<7 {
          if t > 0 { score += log(model.transitions[path[t - 1]][path[t]]) }
          guard values[t].magnitude < 1e100 else { continue }
          let state = model.states[path[t]]
          let z = (values[t] - state.mean) / state.scale
          score -= z * z / 2 + log(state.scale)
        }
        if score > best.score { best = (score, path) }
      }
      #expect(try model.mostLikelyPath(of: values) == best.path)
    }
    #expect(try wide.mostLikelyPath(of: cases[0].1)[..<5] == [1, 1, 1, 1, 1])
  }

  /// Before any return the next row is the first one.
  @Test func forecastsOfAFilterThatHasSeenNothing() throws {
    let model = try calmAndWild()
    var filter = RegimeFilter(model)
    #expect(try filter.forecast(steps: 1)[0].probabilities == model.initialProbabilities)
    let second = try model.forecast(from: model.initialProbabilities, steps: 1)
    #expect(try filter.forecast(steps: 2)[1] == second[0])
    try filter.update(with: 0.01)
    #expect(try filter.forecast(steps: 3) == model.forecast(from: filter.probabilities, steps: 3))
  }

  @Test func storedCounts() throws {
    let filter = RegimeFilter(try calmAndWild())
    let text = String(decoding: try JSONEncoder().encode(filter), as: UTF8.self)
    for count in ["-1", "9223372036854775807"] {
      let changed = text.replacingOccurrences(
        of: "\"observationCount\":0", with: "\"observationCount\":\(count)")
      #expect(changed != text)
      #expect(throws: (any Error).self) {
        try JSONDecoder().decode(RegimeFilter.self, from: Data(changed.utf8))
      }
    }
  }

  @Test func modelsAreChecked() throws {
    let states = [HiddenMarkovModel.State(mean: 0, scale: 1), .init(mean: 0, scale: 2)]
    let rows = [[0.5, 0.5], [0.1, 0.9]]
    for bad in hostileNumbers + [-0.5, 1.5] where !(bad >= 0 && bad <= .leastNormalMagnitude) {
      #expect(throws: EstimationError.self) {
        try HiddenMarkovModel(
          states: states, initialProbabilities: [bad, 0.5], transitions: rows)
      }
      #expect(throws: EstimationError.self) {
        try HiddenMarkovModel(
          states: states, initialProbabilities: [0.5, 0.5], transitions: [[0.5, 0.5], [bad, 0.9]])
      }
    }
    for bad in [0, -1, Double.nan, .infinity] {
      for state in [
        HiddenMarkovModel.State(mean: 0, scale: bad),
        .init(mean: 0, scale: 1, degreesOfFreedom: bad),
      ] {
        #expect(throws: EstimationError.self) {
          try HiddenMarkovModel(
            states: [state], initialProbabilities: [1], transitions: [[1]])
        }
      }
    }
    #expect(throws: EstimationError.shapeMismatch(argument: "transitions", got: 1, required: 2)) {
      try HiddenMarkovModel(
        states: states, initialProbabilities: [0.5, 0.5], transitions: [[0.5, 0.5]])
    }
    #expect(throws: EstimationError.self) {
      try HiddenMarkovModel(states: [], initialProbabilities: [], transitions: [])
    }
    let model = try calmAndWild()
    #expect(throws: EstimationError.self) { try model.forecast(from: [0.5, 0.5], steps: 0) }
    #expect(throws: EstimationError.self) { try model.forecast(from: [0.5], steps: 1) }
    #expect(throws: EstimationError.self) { try RegimeFilter(model).forecast(steps: .max) }
    let encoded = try JSONEncoder().encode(model)
    #expect(try JSONDecoder().decode(HiddenMarkovModel.self, from: encoded) == model)
    let broken = String(decoding: encoded, as: UTF8.self).replacingOccurrences(
      of: "0.97", with: "0.5")
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(HiddenMarkovModel.self, from: Data(broken.utf8))
    }
    #expect(try model.filtered([]).observationCount == 0)
    #expect(try model.smoothedProbabilities(of: []).observationCount == 0)
    #expect(try model.mostLikelyPath(of: []) == [])
  }

  @Test func settingsAreChecked() throws {
    let (values, _) = plantedRegimes(60, seed: 3)
    let changes: [(inout HiddenMarkovModel.FitSettings) -> Void] = [
      { $0.startCount = 0 }, { $0.startCount = .max }, { $0.shortRunLength = 0 },
      { $0.maximumIterations = 0 },
      { $0.relativeVarianceFloor = 0 }, { $0.relativeVarianceFloor = .nan },
      { $0.tolerance = -1 }, { $0.tolerance = .nan }, { $0.lowestDegreesOfFreedom = 0 },
      { $0.highestDegreesOfFreedom = 1 }, { $0.highestDegreesOfFreedom = .nan },
    ]
    for change in changes {
      var settings = HiddenMarkovModel.FitSettings(emission: .studentT)
      change(&settings)
      #expect(throws: EstimationError.self) {
        try HiddenMarkovModel.fit(values, stateCount: 2, settings: settings)
      }
    }
    var short = HiddenMarkovModel.FitSettings()
    short.maximumIterations = 3
    short.shortRunLength = 2
    let fit = try HiddenMarkovModel.fit(values, stateCount: 2, settings: short)
    #expect(!fit.isConverged && fit.iterations == 3)
  }
}

/// Daily returns of fifteen crypto assets.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct RegimeRealDataTests {
  @Test func crypto() throws {
    let returns = try RealDataTests.cryptoReturns()
    for asset in [AssetID("BTC"), "ETH", "USDT"] {
      let column = try returns.universe.requiredPosition(of: asset)
      let values = (0..<returns.observationCount).map { returns.values[$0, column] }
      let normal = try HiddenMarkovModel.fit(values, stateCount: 2)
      let heavy = try HiddenMarkovModel.fit(
        values, stateCount: 2, settings: .init(emission: .studentT))
      #expect(normal.isConverged && heavy.isConverged, "\(asset)")
      #expect(heavy.logLikelihood > normal.logLikelihood - 1e-6)
      HiddenMarkovEdgeTests.expectFinite(normal)
      HiddenMarkovEdgeTests.expectFinite(heavy)
      #expect(normal.model.states[1].scale > 1.3 * normal.model.states[0].scale)
      // Volatility clusters: a regime lasts longer than independent draws would make it.
      let single = try HiddenMarkovModel.fit(values, stateCount: 1)
      #expect(normal.bayesianCriterion < single.bayesianCriterion)
    }
    let column = try returns.universe.requiredPosition(of: "BTC")
    let values = (0..<returns.observationCount).map { returns.values[$0, column] }
    let model = try HiddenMarkovModel.fit(values, stateCount: 2).model
    let moments = try RegimeMoments.moments(of: returns, probabilities: model.filtered(values))
    // The regimes of one asset are those of the others.
    let deviations = moments.map(\.covariance.standardDeviations)
    let louder = zip(deviations[0], deviations[1]).count { $0 < $1 }
    #expect(louder >= returns.universe.count - 3)
    let readings = try RollingCorrelationRegime(
      windowLength: 120, shortLength: 15, longLength: 60
    ).readings(of: returns.suffix(300))
    #expect(readings.allSatisfy { (0.2...1).contains($0.regime.absorptionRatio) })
    #expect(readings.allSatisfy { ($0.regime.averageCorrelation ?? 0) > 0.1 })
    let breaks = try PELT(
      cost: .meanAndVariance(relativeVarianceFloor: 1e-8),
      penalty: 3 * log(Double(values.count)), minimumLength: 20
    ).segments(of: values)
    #expect(breaks.segments.count > 2)
  }
}
