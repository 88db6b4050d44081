import KeelNumerics
import KeelTestSupport
import Testing

/// Reference values to more than 25 digits: rows of arguments, high and low part.
private struct SpecialReference: Decodable {
  let functions: [String: [[Double]]]

  static func rows(_ name: String) throws -> [[Double]] {
    let reference = try Reference.load(SpecialReference.self, "special_functions")
    return try #require(reference.functions[name])
  }
}

/// The largest error seen, and where.
private struct Worst: CustomStringConvertible {
  var error = -1.0
  var place: [Double] = []
  var value = 0.0
  var count = 0

  mutating func record(_ candidate: Double, _ row: [Double], _ got: Double) {
    count += 1
    // NaN is worse than everything.
    let error = candidate.isNaN ? .infinity : candidate
    if error > self.error { (self.error, place, value) = (error, row, got) }
  }

  var description: String { "worst \(error) of \(count) at \(place), got \(value)" }
}

/// The distance from high + low, in units of `unit`.
private func distance(_ value: Double, _ high: Double, _ low: Double, unit: Double) -> Double {
  value == high ? low.magnitude / unit : ((value - high) - low).magnitude / unit
}

/// A function of one argument with its bound: in ulp, or relative with an absolute floor.
private struct Scalar: Sendable, CustomTestStringConvertible {
  let name: String
  let ulps: Double
  let function: @Sendable (Double) -> Double
  /// Below this magnitude the error counts absolutely.
  var floor: @Sendable (Double) -> Double = { _ in 0 }
  var testDescription: String { name }
}

@Suite struct SpecialFunctionReferenceTests {
  private static let scalars: [Scalar] = [
    Scalar(name: "erf", ulps: 1, function: SpecialFunctions.erf),
    Scalar(name: "erfc", ulps: 1, function: SpecialFunctions.erfc),
    Scalar(name: "scaledErfc", ulps: 1, function: SpecialFunctions.scaledErfc),
    Scalar(name: "pdf", ulps: 1, function: StandardNormal.pdf),
    Scalar(name: "logPDF", ulps: 1, function: StandardNormal.logPDF),
    Scalar(name: "cdf", ulps: 1, function: StandardNormal.cdf),
    Scalar(name: "logCDF", ulps: 2, function: StandardNormal.logCDF),
    Scalar(name: "quantile", ulps: 2, function: StandardNormal.quantile),
    Scalar(
      name: "logGamma", ulps: 4, function: SpecialFunctions.logGamma,
      floor: { $0 > 0 ? 0 : 1 }),
    Scalar(
      name: "digamma", ulps: 8, function: SpecialFunctions.digamma,
      floor: { $0 > 0 ? 0 : 1 }),
  ]

  @Test(arguments: scalars)
  private func matchesReference(_ scalar: Scalar) throws {
    var worst = Worst()
    for row in try SpecialReference.rows(scalar.name) {
      let value = scalar.function(row[0])
      let unit = max(row[1].magnitude, scalar.floor(row[0])).ulp
      worst.record(distance(value, row[1], row[2], unit: unit), row, value)
    }
    #expect(worst.error <= scalar.ulps, "\(scalar.name): \(worst)")
    #expect(worst.count > 100)
  }

  @Test func survivalMirrorsCDF() throws {
    var worst = Worst()
    for row in try SpecialReference.rows("cdf") {
      let value = StandardNormal.survival(-row[0])
      worst.record(distance(value, row[1], row[2], unit: row[1].ulp), row, value)
    }
    #expect(worst.error <= 1, "\(worst)")
    worst = Worst()
    for row in try SpecialReference.rows("quantile") {
      let value = -StandardNormal.survivalQuantile(row[0])
      worst.record(distance(value, row[1], row[2], unit: row[1].ulp), row, value)
    }
    #expect(worst.error <= 2, "\(worst)")
  }

  @Test func logBeta() throws {
    var worst = Worst()
    for row in try SpecialReference.rows("logBeta") {
      let value = SpecialFunctions.logBeta(row[0], row[1])
      let scale = max(
        1, row[2].magnitude, SpecialFunctions.logGamma(min(row[0], row[1])).magnitude)
      worst.record(distance(value, row[2], row[3], unit: scale), row, value)
    }
    #expect(worst.error <= 4e-15, "\(worst)")
  }

  @Test func incompleteGamma() throws {
    var lower = Worst()
    var upper = Worst()
    for row in try SpecialReference.rows("regularizedGamma") {
      if row[2] > 0 {
        let value = SpecialFunctions.regularizedGammaP(row[0], row[1])
        lower.record(distance(value, row[2], row[3], unit: row[2]), row, value)
      }
      if row[4] > 0 {
        let value = SpecialFunctions.regularizedGammaQ(row[0], row[1])
        upper.record(distance(value, row[4], row[5], unit: row[4]), row, value)
      }
    }
    #expect(lower.error <= 1e-13, "P: \(lower)")
    #expect(upper.error <= 1e-13, "Q: \(upper)")
  }

  @Test func incompleteBeta() throws {
    var lower = Worst()
    var upper = Worst()
    for row in try SpecialReference.rows("regularizedBeta") {
      if row[3] > 0 {
        let value = SpecialFunctions.regularizedBeta(row[0], a: row[1], b: row[2])
        lower.record(distance(value, row[3], row[4], unit: row[3]), row, value)
      }
      if row[5] > 0 {
        let value = SpecialFunctions.regularizedBetaComplement(row[0], a: row[1], b: row[2])
        upper.record(distance(value, row[5], row[6], unit: row[5]), row, value)
      }
    }
    #expect(lower.error <= 1e-13, "I: \(lower)")
    #expect(upper.error <= 1e-13, "1 - I: \(upper)")
  }

  /// Parameters above 1e8 use another method.
  @Test func incompleteBetaWithLargeParameters() throws {
    var worst = Worst()
    for row in try SpecialReference.rows("regularizedBetaLarge") {
      let value =
        row[3] == 1
        ? SpecialFunctions.regularizedBeta(row[0], a: row[1], b: row[2])
        : SpecialFunctions.regularizedBetaComplement(row[0], a: row[1], b: row[2])
      worst.record(distance(value, row[4], row[5], unit: row[4]), row, value)
    }
    #expect(worst.error <= 1e-13, "\(worst)")
  }

  /// The inverses promise 1e-13 or what this relative change of the probability causes.
  private static let probabilityError = 1e-15

  @Test func inverseIncompleteGamma() throws {
    var worst = Worst()
    for row in try SpecialReference.rows("inverseRegularizedGamma") {
      let (a, p) = (row[1], row[2])
      let value =
        row[0] == 0
        ? SpecialFunctions.inverseRegularizedGammaP(a, p)
        : SpecialFunctions.inverseRegularizedGammaQ(a, p)
      let bound = max(1e-13, row[5].magnitude * Self.probabilityError)
      worst.record(distance(value, row[3], row[4], unit: row[3] * bound), row, value)
    }
    #expect(worst.error <= 1, "\(worst)")
  }

  @Test func inverseIncompleteBeta() throws {
    var worst = Worst()
    for row in try SpecialReference.rows("inverseRegularizedBeta") {
      let (a, b, p) = (row[1], row[2], row[3])
      let value =
        row[0] == 0
        ? SpecialFunctions.inverseRegularizedBeta(p, a: a, b: b)
        : SpecialFunctions.inverseRegularizedBetaComplement(p, a: a, b: b)
      let bound = max(1e-13, row[6].magnitude * Self.probabilityError)
      worst.record(distance(value, row[4], row[5], unit: row[4] * bound), row, value)
    }
    #expect(worst.error <= 1, "\(worst)")
  }
}
