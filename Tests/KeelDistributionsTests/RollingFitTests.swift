import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct RollingFitTests {
  private func expectSeparateFits<Law: LikelihoodFitted>(
    _ law: Law, of type: Law.Type, count: Int = 260, window: Int = 150, step: Int = 22,
    weights: [Double]? = nil, higherMaxima: Int = 0
  ) throws {
    let series = law.draws(count: count, from: RandomStream(seed: 21))
    let rolling = try RollingFit(
      of: type, to: series, window: window, step: step, weights: weights)
    #expect(rolling.windows.count == (count - window) / step + 1)
    #expect(rolling.failureCount == 0)
    var higher = 0
    for (k, item) in rolling.windows.enumerated() {
      #expect(item.range == (k * step)..<(k * step + window))
      let fit = try item.outcome.get()
      let alone = try Law.fit(Array(series[item.range]), weights: weights, start: nil)
      #expect(fit.status == alone.status)
      // A start may find the higher of two maxima.
      if fit.logLikelihood > alone.logLikelihood + 1e-6 {
        higher += 1
        continue
      }
      expectClose(fit.logLikelihood, alone.logLikelihood, relative: 1e-9, "\(type) \(k)")
      for (one, two) in zip(fit.parameters, alone.parameters) {
        let error = two.standardError.isNaN ? two.value.magnitude : two.standardError
        expectClose(one.value, two.value, absolute: 1e-5 * error, "\(type) \(one.name) \(k)")
      }
    }
    #expect(higher == higherMaxima, "\(type)")
  }

  @Test func windowsEqualSeparateFits() throws {
    try expectSeparateFits(try Normal(mean: 0, standardDeviation: 1), of: Normal.self)
    try expectSeparateFits(
      try StudentT(location: 0, scale: 1, degreesOfFreedom: 4), of: StudentT.self)
    try expectSeparateFits(
      try StudentT(location: 0, scale: 1, degreesOfFreedom: 4), of: StudentT.self,
      weights: (0..<150).map { pow(0.99, Double(149 - $0)) })
    try expectSeparateFits(
      try FernandezSteelSkewedT(location: 0, scale: 1, degreesOfFreedom: 4, skew: 0.8),
      of: FernandezSteelSkewedT.self)
    try expectSeparateFits(
      try HansenSkewedT(degreesOfFreedom: 5, asymmetry: -0.2), of: HansenSkewedT.self)
    try expectSeparateFits(
      try NormalInverseGaussianLaw(location: 0, scale: 1, steepness: 1, asymmetry: -0.2),
      of: NormalInverseGaussianLaw.self)
    try expectSeparateFits(
      try GeneralizedExtremeValue(location: 0, scale: 1, shape: 0.1),
      of: GeneralizedExtremeValue.self)
    try expectSeparateFits(
      try VarianceGammaLaw(location: 0, order: 4, steepness: 2, asymmetry: -0.2),
      of: VarianceGammaLaw.self)
    try expectSeparateFits(
      try GeneralizedHyperbolic(location: 0, scale: 1, order: 1, steepness: 1.5, asymmetry: -0.2),
      of: GeneralizedHyperbolic.self, step: 50)
    try expectSeparateFits(
      try AlphaStable(
        index: 1.6, skew: 0.2, scale: 1, location: 0.1, parametrization: .s1),
      of: AlphaStable.self, count: 120, window: 80, step: 40)
    try expectSeparateFits(
      try Mixture(
        components: [
          Normal(mean: 0, standardDeviation: 1), Normal(mean: -1, standardDeviation: 4),
        ], weights: [0.7, 0.3]), of: Mixture<Normal>.self, step: 50)
  }

  @Test func aStartSavesSteps() throws {
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 4)
    let series = law.draws(count: 1500, from: RandomStream(seed: 5))
    let rolling = try RollingFit(of: StudentT.self, to: series, window: 1000, step: 20)
    let warm = try rolling.windows.map { try $0.outcome.get().iterations }.reduce(0, +)
    let cold = try rolling.windows.map { try StudentT.fit(Array(series[$0.range])).iterations }
      .reduce(0, +)
    #expect(warm < cold)
  }

  @Test func aWindowWithoutAFitKeepsItsReason() throws {
    // Trading stops for a while.
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 4)
    var series = law.draws(count: 200, from: RandomStream(seed: 6))
    for i in 60..<120 { series[i] = 0 }
    let rolling = try RollingFit(of: StudentT.self, to: series, window: 40, step: 20)
    #expect(rolling.windows.count == 9)
    #expect(rolling.failureCount == 4)
    guard
      case .failure(.repeatedValue(value: 0, count: 40, observationCount: 40)) =
        rolling.windows[3].outcome
    else {
      Issue.record("a window of zeros")
      return
    }
    #expect(try rolling.windows[8].outcome.get().law.scale > 0)
  }

  @Test func settingsOfOnesOwn() throws {
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 4)
    let series = law.draws(count: 300, from: RandomStream(seed: 7))
    var settings = StudentT.FitSettings()
    settings.highestDegreesOfFreedom = 3
    let rolling = try RollingFit<StudentT>(series, window: 150, step: 50) {
      (sample: [Double], start: StudentT?) throws(DistributionsError) in
      try StudentT.fit(sample, settings: settings, start: start)
    }
    #expect(rolling.windows.count == 4)
    for window in rolling.windows { #expect(try window.outcome.get().law.degreesOfFreedom <= 3) }
  }

  @Test func badWindowsAreRefused() throws {
    let series = [1.0, 2, 3, 4]
    for (window, step) in [(0, 1), (2, 0), (5, 1)] {
      #expect(throws: DistributionsError.self) {
        try RollingFit(of: Normal.self, to: series, window: window, step: step)
      }
    }
    #expect(throws: DistributionsError.shapeMismatch(argument: "weights", got: 1, required: 2)) {
      try RollingFit(of: Normal.self, to: series, window: 2, weights: [1])
    }
  }
}
