import Foundation
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct LogisticRegimeTests {
  struct File: Decodable {
    struct Fit: Decodable {
      let name: String
      let x: [[Double]]
      let labels: [Bool]
      let penalty: Double
      let intercept: Double
      let coefficients: [Double]
      let objective: Double
    }

    struct Score: Decodable {
      let start: Int
      let end: Int
      let logLoss: Double
      let brierScore: Double
      let areaUnderCurve: Double?
    }

    struct Walk: Decodable {
      let penalty: Double
      let firstTrainingLength: Int
      let testLength: Int
      let gap: Int
      let longestTraining: Int?
      let folds: [Score]
      let total: Score
      let probabilities: [Double]

      var scheme: WalkForward {
        get throws {
          try .init(
            firstTrainingLength: firstTrainingLength, testLength: testLength, gap: gap,
            longestTraining: longestTraining)
        }
      }
    }

    let fits: [Fit]
    let walks: [Walk]
  }

  /// scikit-learn, and statsmodels without a penalty.
  @Test func agreesWithThePeers() throws {
    for reference in try Reference.load(File.self, "regime_prediction").fits {
      let features = try Matrix(rows: reference.x)
      let model = try LogisticRegimeModel.fit(
        features: features, labels: reference.labels, penalty: reference.penalty)
      #expect(model.isConverged && model.largestGradient < 1e-13, "\(reference.name)")
      #expect(model.iterations < 20)
      // No smaller objective: the peer's is that of a point.
      #expect(model.objective <= reference.objective + 1e-14)
      expectClose(model.objective, reference.objective, relative: 1e-9, reference.name)
      for (value, expected) in zip(model.coefficients, reference.coefficients) {
        expectClose(value, expected, relative: 1e-5, reference.name)
      }
      expectClose(model.intercept, reference.intercept, relative: 1e-5, reference.name)
      let probabilities = try model.probabilities(of: features)
      expectClose(
        try model.probability(of: features.row(3)), probabilities[3], relative: 0)
      let encoded = try JSONEncoder().encode(model)
      #expect(try JSONDecoder().decode(LogisticRegimeModel.self, from: encoded) == model)
    }
  }

  @Test func walksForward() throws {
    let file = try Reference.load(File.self, "regime_prediction")
    let features = try Matrix(rows: file.fits[0].x)
    let labels = file.fits[0].labels
    func expect(_ score: LogisticRegimeModel.Score, _ other: File.Score) {
      #expect(score.rows == other.start..<other.end)
      expectClose(score.logLoss, other.logLoss, relative: 1e-5)
      expectClose(score.brierScore, other.brierScore, relative: 1e-5)
      if let area = other.areaUnderCurve {
        expectClose(score.areaUnderCurve ?? .nan, area, relative: 1e-12)
      } else {
        #expect(score.areaUnderCurve == nil)
      }
    }
    for reference in file.walks {
      let found = try LogisticRegimeModel.validate(
        features: features, labels: labels, penalty: reference.penalty, scheme: reference.scheme)
      #expect(found.folds.count == reference.folds.count && found.unconvergedFolds == [])
      for (score, other) in zip(found.folds, reference.folds) { expect(score, other) }
      expect(found.total, reference.total)
      for (value, expected) in zip(found.probabilities, reference.probabilities) {
        expectClose(value, expected, relative: 1e-5)
      }
    }
    let scheme = try file.walks[1].scheme
    let chosen = try LogisticRegimeModel.fit(
      features: features, labels: labels, choosingFrom: [1e-3, 0.1, 1, 0.1], scheme: scheme)
    let losses = chosen.validations.map(\.total.logLoss)
    let least = try #require(losses.min())
    #expect(chosen.model.penalty == chosen.validations[losses.firstIndex(of: least) ?? 0].penalty)
    #expect(
      try chosen.model
        == LogisticRegimeModel.fit(
          features: features, labels: labels, penalty: chosen.model.penalty))
  }

  /// What a fold says does not change when the rows after it do.
  @Test func foldsDoNotSeeTheFuture() throws {
    let file = try Reference.load(File.self, "regime_prediction")
    let rows = file.fits[0].x
    let labels = file.fits[0].labels
    let scheme = try file.walks[0].scheme
    let folds = scheme.folds(of: labels.count)
    #expect(folds.count == file.walks[0].folds.count)
    for fold in folds { #expect(fold.test.lowerBound == fold.training.upperBound + 3) }
    let whole = try LogisticRegimeModel.validate(
      features: Matrix(rows: rows), labels: labels, penalty: 0.01, scheme: scheme)
    let cut = folds[1].test.upperBound
    let scrambled = try LogisticRegimeModel.validate(
      features: Matrix(rows: Array(rows[..<cut]) + rows[cut...].map { $0.map { -$0 } }),
      labels: Array(labels[..<cut]) + labels[cut...].map { !$0 }, penalty: 0.01, scheme: scheme)
    #expect(scrambled.folds[..<2] == whole.folds[..<2])
    let short = try LogisticRegimeModel.validate(
      features: Matrix(rows: Array(rows[..<cut])), labels: Array(labels[..<cut]), penalty: 0.01,
      scheme: scheme)
    #expect(short.folds == Array(whole.folds[..<2]))
    // A label inside the gap does not count either.
    var changed = labels
    for row in folds[0].training.upperBound..<folds[0].test.lowerBound { changed[row].toggle() }
    let other = try LogisticRegimeModel.validate(
      features: Matrix(rows: rows), labels: changed, penalty: 0.01, scheme: scheme)
    #expect(other.folds[0] == whole.folds[0] && other.folds[1] != whole.folds[1])
  }

  /// A second method: the derivative of the objective by central differences is zero.
  @Test(arguments: 0..<6) func theGradientVanishes(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let rows = (0..<40).map { _ in (0..<4).map { _ in generator.gaussian() } }
    let labels = rows.map { $0[0] - $0[2] + 0.5 * generator.gaussian() > 0.3 }
    let penalty = [1e-6, 1e-2, 10][seed % 3]
    let model = try LogisticRegimeModel.fit(
      features: Matrix(rows: rows), labels: labels, penalty: penalty)
    #expect(model.isConverged)
    let deviations: [Double] = (0..<4).map { j in
      let column = rows.map { $0[j] }
      let mean = column.reduce(0, +) / 40
      let squares = column.map { ($0 - mean) * ($0 - mean) }
      return (squares.reduce(0, +) / 40).squareRoot()
    }
    func objective(_ intercept: Double, _ coefficients: [Double]) -> Double {
      var sum = 0.0
      for (row, label) in zip(rows, labels) {
        let odds = zip(row, coefficients).reduce(intercept) { $0 + $1.0 * $1.1 }
        sum += log1p(exp(label ? -odds : odds)) / 40
      }
      for (c, s) in zip(coefficients, deviations) { sum += penalty / 2 * c * c * s * s }
      return sum
    }
    expectClose(
      objective(model.intercept, model.coefficients), model.objective, relative: 1e-12)
    let step = 1e-5
    expectClose(
      objective(model.intercept + step, model.coefficients)
        - objective(model.intercept - step, model.coefficients), 0, absolute: 1e-13)
    for j in 0..<4 {
      var up = model.coefficients
      var down = up
      up[j] += step
      down[j] -= step
      expectClose(
        objective(model.intercept, up) - objective(model.intercept, down), 0, absolute: 1e-12)
    }
  }

  @Test func scaleEquivariance() throws {
    let file = try Reference.load(File.self, "regime_prediction")
    let labels = file.fits[0].labels
    let base = try LogisticRegimeModel.fit(
      features: Matrix(rows: file.fits[0].x), labels: labels, penalty: 0.01)
    for factor in [0x1p100, 0x1p-200, 1e8, 1e-150] {
      let scaled = try LogisticRegimeModel.fit(
        features: Matrix(rows: file.fits[0].x.map { $0.map { $0 * factor } }), labels: labels,
        penalty: 0.01)
      for (value, other) in zip(base.coefficients, scaled.coefficients) {
        expectClose(other * factor, value, relative: 1e-9)
      }
      expectClose(scaled.intercept, base.intercept, relative: 1e-9)
    }
  }

  @Test func edges() throws {
    // A feature that does not vary, two that are equal, and labels that a plane separates.
    let rows = (0..<30).map { [1.0, Double($0), Double($0)] }
    let labels = (0..<30).map { $0 > 12 }
    let model = try LogisticRegimeModel.fit(
      features: Matrix(rows: rows), labels: labels, penalty: 1e-4)
    #expect(model.isConverged && model.coefficients[0] == 0)
    expectClose(model.coefficients[1], model.coefficients[2], relative: 1e-6)
    let free = try LogisticRegimeModel.fit(
      features: Matrix(rows: rows), labels: labels, penalty: 0)
    #expect(free.coefficients.allSatisfy(\.isFinite) && free.objective < 1e-6)
    let weak = try LogisticRegimeModel.fit(
      features: Matrix(rows: rows), labels: labels, penalty: 1e12)
    expectClose(try weak.probability(of: rows[0]), 17.0 / 30, relative: 1e-9)
    for value in hostileNumbers {
      var bad = rows
      bad[7][1] = value
      if value.isFinite {
        do {
          let fit = try LogisticRegimeModel.fit(
            features: Matrix(rows: bad), labels: labels, penalty: 0.01)
          #expect(fit.isConverged && fit.coefficients.allSatisfy(\.isFinite))
        } catch EstimationError.notRepresentable {
          #expect(value.magnitude >= 1e300)
        }
      } else {
        let error = #expect(throws: EstimationError.self) {
          try LogisticRegimeModel.fit(
            features: Matrix(rows: bad), labels: labels, penalty: 0.01)
        }
        guard case .invalidReturn(asset: nil, column: 1, row: 7, _)? = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
      }
      if !(value >= 0 && value.isFinite) {
        #expect(throws: EstimationError.self) {
          try LogisticRegimeModel.fit(
            features: Matrix(rows: rows), labels: labels, penalty: value)
        }
      }
    }
    #expect(throws: EstimationError.tooFewObservations(got: 0, required: 1)) {
      try LogisticRegimeModel.fit(
        features: Matrix(rows: rows), labels: [Bool](repeating: true, count: 30), penalty: 1)
    }
    #expect(throws: EstimationError.shapeMismatch(argument: "labels", got: 29, required: 30)) {
      try LogisticRegimeModel.fit(
        features: Matrix(rows: rows), labels: Array(labels.dropLast()), penalty: 1)
    }
    #expect(throws: EstimationError.self) { try model.probability(of: [1]) }
    #expect(try model.probability(of: [1, .nan, 0]).isNaN)
    let scheme = try WalkForward(
      firstTrainingLength: 20, testLength: 5, gap: 10)
    #expect(scheme.folds(of: 30).isEmpty && scheme.folds(of: 31).count == 1)
    #expect(scheme.folds(of: 0).isEmpty)
    let huge = try WalkForward(
      firstTrainingLength: 2, testLength: .max, gap: .max)
    #expect(huge.folds(of: 30).isEmpty)
    #expect(throws: EstimationError.tooFewObservations(got: 30, required: 31)) {
      try LogisticRegimeModel.validate(
        features: Matrix(rows: rows), labels: labels, penalty: 1, scheme: scheme)
    }
    #expect(throws: EstimationError.shapeMismatch(argument: "penalties", got: 0, required: 1)) {
      try LogisticRegimeModel.fit(
        features: Matrix(rows: rows), labels: labels, choosingFrom: [], scheme: scheme)
    }
    for (first, test, gap, longest) in [(1, 1, 0, 5), (2, 0, 0, 5), (2, 1, -1, 5), (2, 1, 0, 1)] {
      #expect(throws: EstimationError.self) {
        try WalkForward(
          firstTrainingLength: first, testLength: test, gap: gap, longestTraining: longest)
      }
    }
  }

  /// Models go through JSON unchanged, older ones without a share of magnitudes too; numbers that no fit gives are refused.
  @Test func storedModelsAreChecked() throws {
    let features = try Matrix(columns: [[1, 2, 3, 4, 5, 6, 7, 8]])
    let model = try LogisticRegimeModel.fit(
      features: features, labels: [false, true, false, false, true, true, false, true], penalty: 0.1
    )
    let data = try JSONEncoder().encode(model)
    #expect(try JSONDecoder().decode(LogisticRegimeModel.self, from: data) == model)
    let text = try #require(String(data: data, encoding: .utf8))
    let older = text.replacingOccurrences(of: "\"lassoShare\":0,", with: "")
      .replacingOccurrences(of: ",\"lassoShare\":0", with: "")
    #expect(older != text)
    #expect(try JSONDecoder().decode(LogisticRegimeModel.self, from: Data(older.utf8)) == model)
    for (good, bad) in [
      ("\"lassoShare\":0", "\"lassoShare\":7"), ("\"penalty\":0.1", "\"penalty\":-1"),
    ] {
      let changed = text.replacingOccurrences(of: good, with: bad)
      #expect(changed != text)
      #expect(throws: EstimationError.self) {
        try JSONDecoder().decode(LogisticRegimeModel.self, from: Data(changed.utf8))
      }
    }
  }
}
