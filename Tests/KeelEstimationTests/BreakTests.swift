import Foundation
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct PELTTests {
  struct File: Decodable {
    struct Case: Decodable {
      let x: [Double]?
      let cost: String
      let penalty: Double
      let minimumLength: Int
      let peer: [Int]
      let breaks: [Int]
      let value: Double
    }
    let breaks: [Case]
  }

  /// ruptures, and optimal partitioning without pruning.
  @Test func agreesWithThePeerAndWithAllPartitions() throws {
    var series: [Double] = []
    var differences = 0
    for reference in try Reference.load(File.self, "regimes").breaks {
      if let x = reference.x { series = x }
      let method = try PELT(
        cost: reference.cost == "mean" ? .mean : .meanAndVariance(relativeVarianceFloor: 1e-8),
        penalty: reference.penalty, minimumLength: reference.minimumLength)
      let found = try method.segments(of: series)
      #expect(found.breaks == reference.breaks)
      expectClose(found.cost, reference.value, relative: 1e-10)
      if reference.peer != reference.breaks { differences += 1 }
      #expect(found.segments.allSatisfy { $0.rows.count >= reference.minimumLength })
    }
    #expect(differences == 0)
  }

  @Test func segmentsDescribeTheirRows() throws {
    let series: [Double] = [1, 1, 1, 1, 5, 5, 5, 7, 7, 7]
    let found = try PELT(cost: .mean, penalty: 0.5, minimumLength: 1).segments(of: series)
    #expect(found.breaks == [4, 7])
    #expect(found.segments.map(\.mean) == [1, 5, 7])
    #expect(found.segments.map(\.standardDeviation) == [0, 0, 0])
    #expect(found.cost == 1)
    // A higher penalty than the change is worth.
    #expect(
      try PELT(cost: .mean, penalty: 1e3, minimumLength: 1).segments(of: series).breaks == [])
    #expect(
      try PELT(cost: .mean, penalty: 1, minimumLength: 2).segments(of: [3, 3, 3]).breaks == [])
    let encoded = try JSONEncoder().encode(found)
    #expect(try JSONDecoder().decode(SeriesSegments.self, from: encoded) == found)
  }

  @Test func scaleEquivariance() throws {
    let (values, _) = plantedRegimes(300, seed: 21)
    for factor in [0x1p-60, 0x1p200, 1e-8, 1e4] {
      for cost in [PELT.Cost.mean, .meanAndVariance(relativeVarianceFloor: 1e-8)] {
        let unit = cost == .mean ? factor * factor : 1
        let penalty = cost == .mean ? 0.002 : 15
        let base = try PELT(cost: cost, penalty: penalty, minimumLength: 5).segments(of: values)
        let other = try PELT(
          cost: cost, penalty: penalty * unit, minimumLength: 5
        ).segments(of: values.map { $0 * factor })
        #expect(base.breaks == other.breaks && !base.breaks.isEmpty)
      }
    }
  }

  @Test func hostileInput() throws {
    let (base, _) = plantedRegimes(40, seed: 2)
    for value in hostileNumbers {
      var values = base
      values[20] = value
      for cost in [PELT.Cost.mean, .meanAndVariance(relativeVarianceFloor: 1e-8)] {
        let method = try PELT(cost: cost, penalty: 10, minimumLength: 2)
        if value.isFinite {
          do {
            let found = try method.segments(of: values)
            #expect(found.cost.isFinite)
          } catch {
            #expect(error == .notRepresentable(result: "cost") && value.magnitude >= 1e300)
          }
        } else {
          #expect(throws: EstimationError.self) { try method.segments(of: values) }
        }
      }
    }
    let method = try PELT(
      cost: .meanAndVariance(relativeVarianceFloor: 1e-8), penalty: 1, minimumLength: 3)
    #expect(throws: EstimationError.tooFewObservations(got: 2, required: 3)) {
      try method.segments(of: [1, 2])
    }
    #expect(try method.segments(of: [4, 4, 4, 4, 4, 4, 4]).breaks == [])
    // A penalty far beyond the series, and a series far beyond the penalty.
    let single = try PELT(cost: .mean, penalty: 10, minimumLength: 1)
    #expect(try single.segments(of: [1e-200, 1e-200, 5e-200]).breaks == [])
    #expect(try single.segments(of: [1e100, 1e100, 5e100]).breaks == [2])
    for (penalty, length, floor) in [
      (-1.0, 2, 0.1), (.nan, 2, 0.1), (.infinity, 2, 0.1), (1, 1, 0.1), (1, 0, 0.1), (1, 2, 0),
      (1, 2, 1), (1, 2, .nan),
    ] {
      #expect(throws: EstimationError.self) {
        try PELT(
          cost: .meanAndVariance(relativeVarianceFloor: floor), penalty: penalty,
          minimumLength: length)
      }
    }
  }
}

/// Expects that no state is decoded from a changed text.
private func expectRefused<State: Codable & Equatable>(
  _ state: State, _ changes: [(String, String)]
) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  let text = String(decoding: try encoder.encode(state), as: UTF8.self)
  #expect(try JSONDecoder().decode(State.self, from: Data(text.utf8)) == state)
  for (old, new) in changes {
    #expect(text.contains(old), "\(old) in \(text)")
    #expect(throws: (any Error).self, "\(new)") {
      try JSONDecoder().decode(
        State.self, from: Data(text.replacingOccurrences(of: old, with: new).utf8))
    }
  }
}

@Suite struct CUSUMTests {
  @Test func followsTheDefinition() throws {
    var detector = try CUSUM(target: 10, standardDeviation: 2, allowance: 0.5, threshold: 2)
    let series: [Double] = [10, 12, 14, 14, 8, 8, 6, 4]
    // z: 0, 1, 2, 2, -1, -1, -2, -3; upper: 0, 0.5, 2, 3.5 (alarm); lower: 0.5, 1, 2.5 (alarm), 2.5.
    let alarms = try detector.update(with: series)
    #expect(
      alarms.map { [$0.row, $0.estimatedStart] } == [[3, 1], [6, 4], [7, 7]])
    #expect(alarms.map(\.direction) == [.upward, .downward, .downward])
    #expect(detector.observationCount == 8 && detector.lower == 0)
  }

  @Test func anyChunksGiveTheSameBits() throws {
    let (values, _) = plantedRegimes(200, seed: 5)
    let start = try CUSUM(target: 0, standardDeviation: 0.007)
    var whole = start
    let alarms = try whole.update(with: values)
    #expect(!alarms.isEmpty)
    for size in [1, 13] {
      var detector = start
      var found: [CUSUM.Alarm] = []
      for first in stride(from: 0, to: values.count, by: size) {
        found += try detector.update(
          with: Array(values[first..<min(first + size, values.count)]))
        detector = try JSONDecoder().decode(CUSUM.self, from: JSONEncoder().encode(detector))
      }
      #expect(detector == whole && found == alarms)
    }
    var short = start
    #expect(
      try short.update(with: Array(values[..<100])) == alarms.filter { $0.row < 100 })
  }

  /// Expected run lengths by their integral equation, from `run_lengths.py`; Siegmund's formula is
  /// within four percent.
  @Test func runLengthsOfTheIntegralEquation() throws {
    for (threshold, shift, length) in [
      (5, 0, 465.44350603), (5, 0.5, 37.99614319), (5, 1, 10.37596992), (5, 2, 4.00887106),
      (4, 0, 167.68378881), (4, 0.5, 26.63020309), (4, 1, 8.38313187), (4, 2, 3.34277013),
    ] as [(Double, Double, Double)] {
      let detector = try CUSUM(target: 3, standardDeviation: 1, threshold: threshold)
      expectClose(detector.averageRunLength(shift: shift), length, relative: 0.04)
      expectClose(
        detector.averageRunLength(shift: -shift), detector.averageRunLength(shift: shift),
        relative: 1e-14)
    }
    // At the removable singularity, and on both sides of it.
    let detector = try CUSUM(target: 0, standardDeviation: 1)
    let at = detector.averageRunLength(shift: 0.5)
    for step in [1e-9, 1e-7, 1e-6, 1e-5] {
      expectClose(detector.averageRunLength(shift: 0.5 + step), at, relative: 10 * step)
    }
    #expect(detector.averageRunLength(shift: .nan).isNaN)
    // Far out b/Δ is left.
    for shift in [1e100, 1e160, -1e160, 1e300] {
      expectClose(
        detector.averageRunLength(shift: shift), 6.166 / shift.magnitude, relative: 1e-14)
    }
    for shift in [Double.infinity, -.infinity] {
      #expect(detector.averageRunLength(shift: shift) == 0)
    }
  }

  @Test func hostileInput() throws {
    for value in hostileNumbers {
      var detector = try CUSUM(target: 0, standardDeviation: 1)
      let before = detector
      if value.isFinite {
        _ = try detector.update(with: value)
        #expect(detector.upper.isFinite && detector.lower.isFinite)
        #expect(detector.upper <= 5 && detector.lower <= 5)
      } else {
        #expect(throws: EstimationError.self) { _ = try detector.update(with: value) }
        #expect(throws: EstimationError.self) { _ = try detector.update(with: [0.5, value]) }
        #expect(detector == before)
      }
      if !(value >= .leastNormalMagnitude && value.isFinite) {
        #expect(throws: EstimationError.self) { try CUSUM(target: 0, standardDeviation: value) }
        if !(value > 0 && value.isFinite) {
          #expect(throws: EstimationError.self) {
            try CUSUM(target: 0, standardDeviation: 1, threshold: value)
          }
        }
      }
    }
    #expect(throws: EstimationError.self) {
      try CUSUM(target: 0, standardDeviation: 1, allowance: -1)
    }
    try expectRefused(
      CUSUM(target: 0, standardDeviation: 1),
      [
        ("\"upper\":0", "\"upper\":-1"), ("\"observationCount\":0", "\"observationCount\":-1"),
        ("\"observationCount\":0", "\"observationCount\":9223372036854775807"),
      ])
  }
}

@Suite struct BayesianChangePointTests {
  struct File: Decodable {
    struct Case: Decodable {
      let x: [Double]
      let hazard: Double
      let prior: [Double]
      let logEvidence: Double
      let rows: [[Double]]

      func detector(discarding mass: Double) throws -> BayesianChangePoint {
        try BayesianChangePoint(
          prior: .init(mean: prior[0], strength: prior[1], shape: prior[2], rate: prior[3]),
          hazard: hazard, discardedMass: mass)
      }
    }
    let online: [Case]
  }

  @Test func agreesWithTheReference() throws {
    for reference in try Reference.load(File.self, "regimes").online {
      for mass in [0, 1e-12] {
        var detector = try reference.detector(discarding: mass)
        var states: [(reading: BayesianChangePoint.Reading, recent: Double)] = []
        for value in reference.x {
          try detector.update(with: value)
          states.append((detector.reading, detector.probabilityOfBreak(withinLast: 6)))
        }
        let relative = mass == 0 ? 1e-9 : 1e-7
        expectClose(detector.logEvidence, reference.logEvidence, relative: relative)
        for (i, row) in reference.rows.enumerated() {
          let place = min(i * 10, states.count - 1)
          let (reading, recent) = states[place]
          expectClose(reading.expectedRunLength, row[0], relative: relative)
          #expect(Double(reading.mostLikelyRunLength) == row[1])
          expectClose(recent, row[2], relative: relative)
          expectClose(reading.mean, row[3], relative: relative, absolute: 1e-9)
        }
        #expect(mass == 0 ? detector.runs.count == 201 : detector.runs.count < 150)
      }
    }
  }

  @Test func findsPlantedBreaksWithoutTheFuture() throws {
    let reference = try #require(Reference.load(File.self, "regimes").online.first)
    var detector = try reference.detector(discarding: 1e-10)
    let readings = try detector.update(with: reference.x)
    // The breaks come at rows 80 and 140.
    #expect((70...80).contains(readings[79].mostLikelyRunLength))
    #expect((5...22).contains(readings[94].mostLikelyRunLength))
    #expect((52...65).contains(readings[199].mostLikelyRunLength))
    for cut in [1, 50, 120] {
      var short = try reference.detector(discarding: 1e-10)
      #expect(try short.update(with: Array(reference.x[..<cut])) == Array(readings[..<cut]))
    }
    for size in [1, 30] {
      var chunked = try reference.detector(discarding: 1e-10)
      var found: [BayesianChangePoint.Reading] = []
      for first in stride(from: 0, to: reference.x.count, by: size) {
        found += try chunked.update(
          with: Array(reference.x[first..<min(first + size, reference.x.count)]))
        if size > 1 {
          chunked = try JSONDecoder().decode(
            BayesianChangePoint.self, from: JSONEncoder().encode(chunked))
        }
      }
      #expect(found == readings && chunked == detector)
    }
  }

  @Test func hostileInput() throws {
    let prior = try BayesianChangePoint.Prior(mean: 0, strength: 1, shape: 1, rate: 1e-4)
    for value in hostileNumbers + [1e150, -1e150] {
      var detector = try BayesianChangePoint(prior: prior, hazard: 0.01)
      let before = detector
      if value.magnitude <= 1e150 {
        _ = try detector.update(with: [0.01, value, -0.01, value])
        expectClose(detector.runs.reduce(0) { $0 + $1.probability }, 1, absolute: 1e-14)
        #expect(detector.logEvidence.isFinite && detector.reading.mean.isFinite)
      } else {
        #expect(throws: EstimationError.self) { try detector.update(with: value) }
        #expect(throws: EstimationError.self) { _ = try detector.update(with: [0, value]) }
        #expect(detector == before)
      }
      if !(value > 0 && value < 1) {
        #expect(throws: EstimationError.self) {
          try BayesianChangePoint(prior: prior, hazard: value)
        }
      }
      if !(value >= 1e-6 && value <= 1e12) {
        #expect(throws: EstimationError.self) {
          try BayesianChangePoint.Prior(mean: 0, strength: value, shape: 1, rate: 1)
        }
        #expect(throws: EstimationError.self) {
          try BayesianChangePoint.Prior(mean: 0, strength: 1, shape: value, rate: 1)
        }
      }
      if value.magnitude <= 1e150 {
        for (count, rate) in [(1e-6, 1e-280), (1e12, 1e-280), (1e-6, 1e290), (1e12, 1e290)] {
          var extreme = try BayesianChangePoint(
            prior: .init(mean: value, strength: count, shape: count, rate: rate), hazard: 0.5)
          let readings = try extreme.update(with: [value, -value, 1e150, value, -1e150])
          #expect(readings.allSatisfy { $0.mean.isFinite && $0.expectedRunLength.isFinite })
          #expect(extreme.logEvidence.isFinite)
        }
      }
    }
    #expect(throws: EstimationError.self) {
      try BayesianChangePoint(prior: prior, hazard: 0.1, discardedMass: 0.5)
    }
  }

  @Test func storedStatesAreChecked() throws {
    var detector = try BayesianChangePoint(
      prior: .init(mean: 0, strength: 1, shape: 1, rate: 1), hazard: 0.25)
    let run = "{\"length\":0,\"mean\":0,\"probability\":1,\"rate\":1}"
    try expectRefused(
      detector,
      [
        ("\"runs\":[\(run)]", "\"runs\":[]"), ("\"length\":0", "\"length\":9223372036854775807"),
        ("\"length\":0", "\"length\":-1"), ("\"probability\":1", "\"probability\":0.5"),
        ("\"probability\":1", "\"probability\":2"), ("\"hazard\":0.25", "\"hazard\":7"),
        ("\"strength\":1", "\"strength\":0"), ("\"rate\":1", "\"rate\":0"),
        ("\"mean\":0,\"probability\"", "\"mean\":1e300,\"probability\""),
        ("\"probability\":1,\"rate\":1", "\"probability\":1,\"rate\":0.5"),
        ("\"observationCount\":0", "\"observationCount\":-1"),
        ("\"observationCount\":0", "\"observationCount\":9223372036854775807"),
        ("\(run)", "\(run),\(run)"),
      ])
    _ = try detector.update(with: (0..<500).map { Double($0 % 7) })
    try expectRefused(detector, [("\"observationCount\":500", "\"observationCount\":400")])
  }
}
