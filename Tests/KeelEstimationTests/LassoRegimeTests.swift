import Foundation
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

/// Logistic regressions whose penalty on magnitudes leaves features out.
@Suite struct LassoRegimeTests {
  struct File: Decodable {
    struct Fit: Decodable {
      let name: String
      let penalty: Double
      let lassoShare: Double
      let intercept: Double
      let coefficients: [Double]
      let objective: Double
    }

    struct Data: Decodable {
      let x: [[Double]]
      let labels: [Bool]
      let fits: [Fit]
    }

    let sets: [Data]
  }

  static func deviations(_ rows: [[Double]]) -> [Double] {
    let count = Double(rows.count)
    return rows[0].indices.map { j in
      let mean = rows.reduce(0) { $0 + $1[j] } / count
      return (rows.reduce(0) { $0 + ($1[j] - mean) * ($1[j] - mean) } / count).squareRoot()
    }
  }

  /// The largest residual of the conditions of a minimum, from the rows themselves.
  static func residual(_ model: LogisticRegimeModel, _ rows: [[Double]], _ labels: [Bool]) -> Double
  {
    let count = Double(rows.count)
    let scales = deviations(rows)
    let misses: [Double] = zip(rows, labels).map { row, label in
      let odds = zip(row, model.coefficients).reduce(model.intercept) { $0 + $1.0 * $1.1 }
      return 1 / (1 + exp(-odds)) - (label ? 1 : 0)
    }
    var largest = (misses.reduce(0, +) / count).magnitude
    let lasso = model.penalty * model.lassoShare
    for j in scales.indices where scales[j] > 0 {
      let mean = rows.reduce(0) { $0 + $1[j] } / count
      var slope = zip(rows, misses).reduce(0) { $0 + ($1.0[j] - mean) * $1.1 }
      slope = slope / count / scales[j]
      let weight = model.coefficients[j] * scales[j]
      slope += model.penalty * (1 - model.lassoShare) * weight
      let own =
        weight == 0
        ? max(slope.magnitude - lasso, 0) : (slope + (weight > 0 ? lasso : -lasso)).magnitude
      largest = max(largest, own)
    }
    return largest
  }

  /// scikit-learn, polished until the conditions of a minimum hold.
  @Test func agreesWithScikitLearn() throws {
    for data in try Reference.load(File.self, "regime_lasso").sets {
      let features = try Matrix(rows: data.x)
      let scales = Self.deviations(data.x)
      for reference in data.fits {
        let label = "\(reference.name) \(reference.penalty) \(reference.lassoShare)"
        let model = try LogisticRegimeModel.fit(
          features: features, labels: data.labels, penalty: reference.penalty,
          lassoShare: reference.lassoShare)
        #expect(model.isConverged && model.largestGradient < 1e-12, "\(label)")
        #expect(model.iterations < 30, "\(label) \(model.iterations)")
        #expect(Self.residual(model, data.x, data.labels) < 1e-12, "\(label)")
        #expect(model.objective <= reference.objective + 1e-15, "\(label)")
        expectClose(model.objective, reference.objective, relative: 1e-13, label)
        for (k, value) in model.coefficients.enumerated() {
          #expect((value == 0) == (reference.coefficients[k] == 0), "\(label) \(k)")
          expectClose(
            value * scales[k], reference.coefficients[k] * scales[k], relative: 1e-9,
            absolute: 1e-9, "\(label) \(k)")
        }
        expectClose(model.intercept, reference.intercept, relative: 1e-8, absolute: 1e-9, label)
        let encoded = try JSONEncoder().encode(model)
        #expect(try JSONDecoder().decode(LogisticRegimeModel.self, from: encoded) == model)
      }
    }
  }

  @Test(arguments: 0..<8) func conditionsOfAMinimum(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(100 + seed))
    let width = [1, 3, 10, 37][seed % 4]
    let rows = (0..<35).map { _ in (0..<width).map { _ in generator.gaussian() } }
    let labels = rows.map { $0[0] + generator.gaussian() > 0.2 }
    let features = try Matrix(rows: rows)
    var kept: [Int] = []
    for penalty in [1e-3, 0.02, 0.2] {
      let share = [0.5, 1][seed / 4]
      let model = try LogisticRegimeModel.fit(
        features: features, labels: labels, penalty: penalty, lassoShare: share)
      #expect(model.isConverged, "\(width) \(penalty) \(model.largestGradient)")
      #expect(Self.residual(model, rows, labels) < 1e-10, "\(width) \(penalty)")
      kept.append(model.coefficients.count { $0 != 0 })
    }
    // Fewer features the larger the penalty, for these seeds; none at a penalty above every derivative.
    #expect(kept == kept.sorted(by: >))
    let none = try LogisticRegimeModel.fit(
      features: features, labels: labels, penalty: 10, lassoShare: 1)
    #expect(none.coefficients.allSatisfy { $0 == 0 } && none.isConverged)
    let share = Double(labels.count { $0 }) / 35
    expectClose(none.intercept, log(share / (1 - share)), relative: 1e-13, absolute: 1e-15)
  }

  @Test func unitsAndSharesOfZero() throws {
    let data = try Reference.load(File.self, "regime_lasso").sets[0]
    func fit(_ rows: [[Double]], share: Double) throws -> LogisticRegimeModel {
      try .fit(
        features: Matrix(rows: rows), labels: data.labels, penalty: 0.05, lassoShare: share)
    }
    let base = try fit(data.x, share: 0.8)
    let units = [0x1p60, 1e-9, 3, 1e100, 1e-120]
    let scaled = try fit(
      data.x.map { row in zip(row, units).map { $0 * $1 } }, share: 0.8)
    for (k, unit) in units.enumerated() {
      expectClose(scaled.coefficients[k] * unit, base.coefficients[k], relative: 1e-9)
    }
    // A share of zero is the quadratic penalty, to the bit; a tiny one is near it.
    let quadratic = try LogisticRegimeModel.fit(
      features: Matrix(rows: data.x), labels: data.labels, penalty: 0.05)
    #expect(try fit(data.x, share: 0) == quadratic && quadratic.lassoShare == 0)
    let near = try fit(data.x, share: 1e-9)
    for (value, expected) in zip(near.coefficients, quadratic.coefficients) {
      expectClose(value, expected, relative: 1e-6)
    }
  }

  @Test func edges() throws {
    // A feature that does not vary and two that are equal: one of many minima, and the conditions hold.
    var generator = SeededGenerator(seed: 3)
    let rows = (0..<30).map { t in [1.0, Double(t), Double(t), generator.gaussian()] }
    let labels = (0..<30).map { $0 > 12 }
    for share in [0.5, 1] {
      for penalty in [1e-6, 1e-3, 0.1, 1e12] {
        let model = try LogisticRegimeModel.fit(
          features: Matrix(rows: rows), labels: labels, penalty: penalty, lassoShare: share)
        #expect(model.coefficients[0] == 0)
        #expect(model.isConverged, "\(share) \(penalty) \(model.largestGradient)")
        #expect(Self.residual(model, rows, labels) < 1e-9, "\(share) \(penalty)")
      }
    }
    let free = try LogisticRegimeModel.fit(
      features: Matrix(rows: rows), labels: labels, penalty: 0, lassoShare: 1)
    #expect(free.coefficients.allSatisfy(\.isFinite) && free.objective < 1e-6)
    for share in hostileNumbers + [-0.1, 1.5] where !(share >= 0 && share <= 1) {
      #expect(throws: EstimationError.self) {
        try LogisticRegimeModel.fit(
          features: Matrix(rows: rows), labels: labels, penalty: 1, lassoShare: share)
      }
    }
    for value in hostileNumbers where value.isFinite {
      var bad = rows
      bad[7][1] = value
      do {
        let fit = try LogisticRegimeModel.fit(
          features: Matrix(rows: bad), labels: labels, penalty: 0.01, lassoShare: 0.7)
        #expect(fit.isConverged && fit.coefficients.allSatisfy(\.isFinite))
      } catch EstimationError.notRepresentable {
        #expect(value.magnitude >= 1e300)
      }
    }
  }

  /// Each fold is the fit of its training rows, and later rows change nothing.
  @Test func walksForward() throws {
    let data = try Reference.load(File.self, "regime_lasso").sets[0]
    let scheme = try WalkForward(firstTrainingLength: 60, testLength: 20, gap: 2)
    let whole = try LogisticRegimeModel.validate(
      features: Matrix(rows: data.x), labels: data.labels, penalty: 0.05, lassoShare: 1,
      scheme: scheme)
    let folds = scheme.folds(of: data.labels.count)
    let model = try LogisticRegimeModel.fit(
      features: Matrix(rows: Array(data.x[folds[1].training])),
      labels: Array(data.labels[folds[1].training]), penalty: 0.05, lassoShare: 1)
    for (k, row) in folds[1].test.enumerated() {
      #expect(try model.probability(of: data.x[row]) == whole.probabilities[20 + k])
    }
    let cut = folds[0].test.upperBound
    let scrambled = try LogisticRegimeModel.validate(
      features: Matrix(rows: Array(data.x[..<cut]) + data.x[cut...].map { $0.map { -$0 } }),
      labels: Array(data.labels[..<cut]) + data.labels[cut...].map { !$0 }, penalty: 0.05,
      lassoShare: 1, scheme: scheme)
    #expect(scrambled.folds[0] == whole.folds[0])
    let chosen = try LogisticRegimeModel.fit(
      features: Matrix(rows: data.x), labels: data.labels, choosingFrom: [1e-3, 0.05],
      lassoShare: 1, scheme: scheme)
    #expect(chosen.model.lassoShare == 1 && chosen.validations[1] == whole)
  }
}
