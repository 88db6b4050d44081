import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct AlphaStableTests {
  struct File: Decodable {
    struct Case: Decodable {
      let index: Double
      let skew: Double
      let points: [[Double]]
    }

    let cases: [Case]
  }

  static let reference = Result { try Reference.load(File.self, "stable_laws") }

  struct OneSided: Decodable {
    struct Case: Decodable {
      let index: Double
      let points: [[Double]]
    }

    let cases: [Case]
  }

  static let oneSided = Result { try Reference.load(OneSided.self, "stable_one_sided") }

  static func law(_ index: Double, _ skew: Double) throws -> AlphaStable {
    try AlphaStable(index: index, skew: skew, scale: 1, location: 0)
  }

  /// Laws of every route: tables, light tails, next to one and to Cauchy's law.
  static let laws: [(index: Double, skew: Double)] = [
    (1.7, -0.2), (1.5, 1), (1.98, 0.6), (1, 0.5), (1.002, -0.4), (1.004, 0.01), (0.7, 0.2),
    (0.5, -1),
  ]

  @Test func densitiesAndTailsAgreeWithInversion() throws {
    for item in try Self.reference.get().cases {
      let law = try Self.law(item.index, item.skew)
      let densities = law.logPDF(item.points.map { $0[0] })
      for (row, density) in zip(item.points, densities) {
        expectDensityAndTails(
          law, row, logPDF: density, tolerance: 1e-11, "index \(item.index) skew \(item.skew)")
      }
    }
  }

  /// Among many points the density is that of interpolants.
  @Test func densitiesOfManyPointsAgreeWithInversion() throws {
    #if DEBUG
      let (count, stride) = (100, 4)
    #else
      let (count, stride) = (1000, 1)
    #endif
    for (k, item) in try Self.reference.get().cases.enumerated() where k % stride == 0 {
      let law = try Self.law(item.index, item.skew)
      let others = (0..<count).map { sinh(8 * ((Double($0) + 0.5) / Double(count) - 0.5)) }
      let densities = law.logPDF(item.points.map { $0[0] } + others)
      for (row, density) in zip(item.points, densities) {
        expectClose(
          density, row[1], absolute: 1e-11 * max(1, row[1].magnitude),
          "index \(item.index) skew \(item.skew) at \(row[0])")
      }
    }
  }

  /// Of the parametrization S1, in which the mass begins at zero exactly.
  @Test func oneSidedLawsAgreeWithTheirSeries() throws {
    for item in try Self.oneSided.get().cases {
      let law = try AlphaStable(
        index: item.index, skew: 1, scale: 1, location: 0, parametrization: .s1)
      for row in item.points {
        expectDensityAndTails(law, row, tolerance: 1e-10, "index \(item.index)")
      }
    }
  }

  @Test func manyPointsAgreeWithSingleOnes() throws {
    for (index, skew) in Self.laws {
      let law = try Self.law(index, skew)
      var points: [Double] = [1e5, -1e5, 1e250, -Double.infinity]
      for k in 0..<60 { points.append(0.11 * Double(k * k % 97) - 5) }
      for (x, value) in zip(points, law.logPDF(points)).prefix(24) {
        let single = law.logPDF(x)
        if single == -.infinity {
          #expect(value == single, "\(index) \(skew) at \(x)")
        } else {
          expectClose(
            value, single, absolute: 1e-12 * max(1, single.magnitude), "\(index) \(skew) at \(x)")
        }
      }
    }
  }

  @Test func agreesWithClosedForms() throws {
    let normal = try Normal(mean: 0, standardDeviation: 2.0.squareRoot())
    let (two, one) = (try Self.law(2, 0.3), try Self.law(1, 0))
    let levy = try AlphaStable(
      index: 0.5, skew: 1, scale: 1, location: 0, parametrization: .s1)
    for x in [-30.0, -2, 0, 0.4, 9, 40] {
      expectClose(
        two.logPDF(x), normal.logPDF(x), absolute: 1e-12 * max(1, normal.logPDF(x).magnitude))
      let tail = normal.logSurvival(x)
      expectClose(two.logSurvival(x), tail, absolute: 1e-12 * max(1, tail.magnitude))
      expectClose(one.logPDF(x), -log(Double.pi) - log1p(x * x), absolute: 1e-13)
      expectClose(one.survival(x), atan2(1, x) / Double.pi, relative: 1e-13)
    }
    for x in [0.003, 0.1, 1, 50, 1e9, 1e100] {
      let density = -0.5 / x - 0.5 * log(2 * Double.pi) - 1.5 * log(x)
      expectClose(levy.logPDF(x), density, absolute: 1e-12 * max(1, density.magnitude))
      expectClose(levy.cdf(x), SpecialFunctions.erfc((0.5 / x).squareRoot()), relative: 1e-11)
      expectClose(levy.survival(x), SpecialFunctions.erf((0.5 / x).squareRoot()), relative: 1e-12)
    }
    #expect(levy.cdf(-1) == 0 && levy.survival(-1) == 1 && levy.pdf(-1) == 0)
  }

  @Test func parametrizationsDifferByAShift() throws {
    for (index, skew) in [(1.6, 0.4), (0.7, -0.5), (1.0, 0.3), (1.02, 0.3)] {
      let scale = 2.5
      let shift =
        index == 1
        ? 2 / Double.pi * skew * scale * log(scale) : skew * scale * tan(Double.pi * index / 2)
      let centered = try AlphaStable(index: index, skew: skew, scale: scale, location: 1)
      let other = try AlphaStable(
        index: index, skew: skew, scale: scale, location: index == 1 ? 1 - shift : 1 - shift,
        parametrization: .s1)
      for x in [-7.0, 0.2, 3, 80] {
        expectClose(other.logPDF(x), centered.logPDF(x), absolute: 1e-11)
        expectClose(other.logCDF(x), centered.logCDF(x), absolute: 1e-11)
      }
      if index > 1 { #expect(other.mean == 1 - shift) }
    }
  }

  @Test func isContinuousWhereFormulasChange() throws {
    // Each pair differs by 1e-12 in one parameter.
    let pairs: [((Double, Double), (Double, Double))] = [
      ((1, 0.5), (1 + 1e-12, 0.5)), ((1, -0.5), (1 - 1e-12, -0.5)),
      ((1.05, 0.4), (1.05 - 1e-12, 0.4)),
      ((1.01, 0.015), (1.01 - 1e-12, 0.015)), ((1.003, 0.02), (1.003, 0.02 - 1e-12)),
      ((1.2, 1), (1.2, 1 - 1e-12)), ((0.95, 0.9), (0.95 + 1e-12, 0.9)),
    ]
    for (left, right) in pairs {
      let (first, second) = (try Self.law(left.0, left.1), try Self.law(right.0, right.1))
      for x in [-39.999, -2, -0.3, 0.7, 12, 41] where (x > -10 || left.1 < 1) {
        expectClose(second.logPDF(x), first.logPDF(x), absolute: 1e-10, "\(left) at \(x)")
        expectClose(second.logCDF(x), first.logCDF(x), absolute: 1e-10, "\(left) at \(x)")
      }
    }
  }

  @Test func pointsNextToTheShiftKeepTheirDigits() throws {
    for (index, skew) in [(1.0152, 0.577), (0.985, -0.4), (1.04, -0.9), (0.97, 0.3)] {
      for parametrization in [AlphaStable.Parametrization.s0, .s1] {
        let law = try AlphaStable(
          index: index, skew: skew, scale: 1, location: 0, parametrization: parametrization)
        let shift = parametrization == .s1 ? 0 : -skew * tan(Double.pi * index / 2)
        let (density, tail) = (law.logPDF(shift), law.logCDF(shift))
        let points = [
          shift + 1e-17, shift - 1e-17, shift.nextUp, shift.nextDown, shift.nextUp.nextUp,
          shift + 1e-13, shift - 1e-13,
        ]
        for x in points {
          expectClose(law.logPDF(x), density, absolute: 1e-11, "\(index) \(parametrization) \(x)")
          expectClose(law.logCDF(x), tail, absolute: 1e-11, "\(index) \(parametrization) \(x)")
        }
        for (x, value) in zip(points, law.logPDF(points + (0..<30).map { 0.1 * Double($0) })) {
          expectClose(value, density, absolute: 1e-11, "\(index) \(parametrization) \(x)")
        }
      }
    }
  }

  struct Draws: Decodable {
    struct Case: Decodable {
      let index: Double
      let skew: Double
      let draws: [Double]
    }

    let seed: UInt64
    let uniforms: [Double]
    let cases: [Case]
  }

  @Test func drawsNextToOneKeepTheirDigits() throws {
    let reference = try Reference.load(Draws.self, "stable_draws")
    let stream = RandomStream(seed: reference.seed)
    for (k, uniform) in reference.uniforms.enumerated() {
      #expect(stream.uniform(at: UInt64(k)) == uniform)
    }
    for item in reference.cases {
      let draws = try Self.law(item.index, item.skew).draws(count: item.draws.count, from: stream)
      for (draw, value) in zip(draws, item.draws) {
        expectClose(
          draw, value, relative: 2e-14, absolute: 2e-14, "index \(item.index) skew \(item.skew)")
      }
    }
  }

  @Test func meansOfAlmostTheWholeLaw() throws {
    for (index, skew) in [(1.2, 0.3), (1.6, -0.5), (1.1, -0.9)] {
      let law = try Self.law(index, skew)
      for rest in [0x1p-50, 0x1p-40, 0x1p-20] {
        // What is left out is short of the mean by itself.
        for (part, other) in [
          (law.meanAbove(probability: 1 - rest), law.meanBelow(probability: rest)),
          (law.meanBelow(probability: 1 - rest), law.meanAbove(probability: rest)),
        ] {
          expectClose((1 - rest) * part + rest * other, law.mean, relative: 1e-14, absolute: 1e-14)
        }
        #expect(law.meanAbove(probability: 1 - rest) > law.mean)
        #expect(law.meanBelow(probability: 1 - rest) < law.mean)
      }
    }
  }

  @Test func tailsAreMonotoneAndAddToOne() throws {
    for (index, skew) in Self.laws {
      let law = try Self.law(index, skew)
      var before = -Double.infinity
      for x in [
        -1e300, -1e30, -1e3, -41, -39, -5, -1, -0.01, 0, 0.02, 0.6, 3, 39.9, 40.1, 1e5, 1e90, 1e300,
      ] {
        let (below, above) = (law.cdf(x), law.survival(x))
        #expect(
          below >= before && below >= 0 && below <= 1 && above >= 0 && above <= 1,
          "\(index) \(skew) at \(x)")
        expectClose(below + above, 1, absolute: 2.3e-16)
        before = below
      }
    }
  }

  @Test func quantilesInvertTheTails() throws {
    for (index, skew) in Self.laws {
      let law = try Self.law(index, skew)
      for p in [1e-100, 1e-4, 0.3, 0.9] {
        expectQuantilesInvertTails(law, at: p, "\(index) \(skew)")
      }
    }
  }

  @Test func meansOfTailsAreIntegralsOfQuantiles() throws {
    let rule = try GaussLegendre(count: 10)
    for (index, skew) in [(1.7, -0.2), (1.5, 1), (1.03, 0.5), (1.004, 0.01), (2, 0)] {
      let law = try Self.law(index, skew)
      for (low, high) in [(0.01, 0.015), (0.4, 0.6)] {
        let upper = high * law.meanAbove(probability: high) - low * law.meanAbove(probability: low)
        let lower = high * law.meanBelow(probability: high) - low * law.meanBelow(probability: low)
        let name = "\(index) \(skew) \(low)"
        // The whole tail may be much longer than the part.
        let unit =
          1e-13
          * (1 + (low * law.meanAbove(probability: low)).magnitude
            + (low * law.meanBelow(probability: low)).magnitude)
        expectClose(
          upper, rule.integral(over: low...high) { law.survivalQuantile($0) }, relative: 1e-9,
          absolute: unit, name)
        expectClose(
          lower, rule.integral(over: low...high) { law.quantile($0) }, relative: 1e-9,
          absolute: unit, name)
      }
      let whole = 0.3 * law.meanAbove(probability: 0.3) + 0.7 * law.meanBelow(probability: 0.7)
      expectClose(
        whole, law.mean, relative: 1e-11,
        absolute: 1e-13 + 1e-12 * law.meanAbove(probability: 0.3).magnitude,
        "\(index) \(skew)")
    }
  }

  @Test func meansOfOneSidedLaws() throws {
    let rule = try GaussLegendre(count: 10)
    for (index, skew) in [(0.5, 1.0), (0.35, 1), (0.8, 1), (1, 1)] {
      let law = try Self.law(index, skew)
      #expect(law.mean == .infinity && law.meanAbove(probability: 0.1) == .infinity)
      let (low, high) = (0.05, 0.08)
      let part = high * law.meanBelow(probability: high) - low * law.meanBelow(probability: low)
      expectClose(
        part, rule.integral(over: low...high) { law.quantile($0) }, relative: 1e-10, "\(index)")
    }
    #expect(try Self.law(0.9, 0.2).mean.isNaN)
    #expect(try Self.law(0.9, 0.2).meanBelow(probability: 0.1) == -.infinity)
  }

  @Test func drawsFollowTheLaw() throws {
    for (index, skew) in Self.laws {
      let law = try Self.law(index, skew)
      let draws = law.draws(count: 200, from: RandomStream(seed: 20_261_128))
      #expect(draws == law.draws(count: 200, from: RandomStream(seed: 20_261_128)))
      let test = try GoodnessOfFit.kolmogorovSmirnov(draws, law: law)
      #expect(test.pValue > 1e-3, "\(index) \(skew): \(test)")
    }
  }

  @Test func edges() throws {
    let law = try Self.law(1.7, -0.2)
    #expect(law.logPDF(.nan).isNaN && law.cdf(.nan).isNaN && law.quantile(1.1).isNaN)
    #expect(
      law.logPDF(.infinity) == -.infinity && law.cdf(.infinity) == 1
        && law.survival(-.infinity) == 1)
    #expect(law.quantile(0) == -.infinity && law.quantile(1) == .infinity)
    #expect(law.variance == .infinity && law.skewness.isNaN)
    #expect(law.meanBelow(probability: 1) == law.mean)
    #expect(try Self.law(2, 0).variance == 2)
    for (index, skew, scale) in [
      (0.05, 0.0, 1.0), (2.1, 0, 1), (1.5, 1.1, 1), (1.5, 0, 0), (.nan, 0, 1),
    ] {
      #expect(throws: DistributionsError.self) {
        try AlphaStable(index: index, skew: skew, scale: scale, location: 0)
      }
    }
  }
}
