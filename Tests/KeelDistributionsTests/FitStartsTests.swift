import Foundation
import KeelDistributions
import KeelNumerics
import Testing

@Suite struct FitStartsTests {
  private func sample<Law: ContinuousDistribution>(_ law: Law, _ count: Int, _ index: Int)
    -> [Double]
  {
    law.draws(count: count, from: RandomStream(seed: 78, stream: UInt64(count * 100_000 + index)))
  }

  private func logLikelihood<Law: ContinuousDistribution>(_ law: Law, _ sample: [Double]) -> Double
  {
    sample.reduce(0) { $0 + law.logPDF($1) }
  }

  // Samples 22 and 26 have a second maximum at an asymmetry of ±0.99, by 0.30 and 0.16 higher than the first.
  @Test func `No Hansen law of a grid is likelier than the fit`() throws {
    let uniform = RandomStream(seed: 77, stream: 30)
    for index in 0..<27 {
      let (first, second) = (
        uniform.uniform(at: UInt64(12 * index)), uniform.uniform(at: UInt64(12 * index + 1))
      )
      let law = try HansenSkewedT(
        degreesOfFreedom: 2.05 + exp(-2 + 5.5 * first), asymmetry: 1.9 * (second - 0.5))
      let values = sample(law, 30, index)
      let fit = try HansenSkewedT.fit(values)
      for degrees in [2.1, 2.5, 3, 4, 4.7, 6, 8, 11, 16, 30, 100, 1000] {
        for asymmetry in [-0.99, -0.9, -0.6, -0.3, 0, 0.3, 0.6, 0.9, 0.99] {
          let other = try HansenSkewedT(degreesOfFreedom: degrees, asymmetry: asymmetry)
          #expect(logLikelihood(other, values) <= fit.logLikelihood + 3e-5, "\(index)")
        }
      }
    }
  }

  @Test func `No generalized Pareto law of a grid is likelier than the fit`() throws {
    for index in 0..<20 {
      let law = try GeneralizedPareto(threshold: 0, scale: 1, shape: -0.6 + 0.13 * Double(index))
      let values = sample(law, 30, index)
      let fit = try GeneralizedPareto.fit(values, threshold: 0)
      for shape in [-0.5, -0.4, -0.2, 0, 0.3, 0.6, 1, 1.5, 2] {
        for factor in [0.2, 0.4, 0.7, 1, 1.5, 2.5, 5] {
          let other = try GeneralizedPareto(
            threshold: 0, scale: factor * fit.law.scale, shape: shape)
          #expect(logLikelihood(other, values) <= fit.logLikelihood + 3e-5, "\(index)")
        }
      }
    }
  }

  @Test func `Extreme value fits from other starts are not likelier`() throws {
    for index in 0..<10 {
      let law = try GeneralizedExtremeValue(
        location: 0, scale: 1, shape: -0.6 + 0.26 * Double(index))
      let values = sample(law, 30, index)
      let fit = try GeneralizedExtremeValue.fit(values)
      for (factor, shape) in [(1, -0.4), (1, 0.5), (0.3, 1.0), (5, -0.2)] {
        let start = try GeneralizedExtremeValue(
          location: fit.law.location, scale: factor * fit.law.scale, shape: shape)
        let other = try GeneralizedExtremeValue.fit(values, start: start)
        #expect(other.logLikelihood <= fit.logLikelihood + 3e-5, "\(index)")
      }
    }
  }

  // From the moments alone the search of sample 144 ends at its limit of steps, 0.86 below the fit.
  @Test func `A small normal inverse Gaussian sample is searched from several starts`() throws {
    let uniform = RandomStream(seed: 77, stream: 30)
    let (first, second) = (uniform.uniform(at: 12 * 144), uniform.uniform(at: 12 * 144 + 1))
    let product = 0.02 * exp(first * log(50 / 0.02))
    let slant = (second - 0.5) * 5
    let (growth, decay) = (exp(slant), exp(-slant))
    let law = try NormalInverseGaussianLaw(
      location: 0, scale: 1, steepness: 0.5 * product * (growth + decay),
      asymmetry: 0.5 * product * (growth - decay))
    let values = sample(law, 30, 144)
    let other = try NormalInverseGaussianLaw(
      location: 0.25502795598837896, scale: 1.5971634526229055, steepness: 0.126983427840478,
      asymmetry: -0.002205182903320245)
    let fit = try NormalInverseGaussianLaw.fit(values)
    #expect(fit.status == .converged)
    #expect(logLikelihood(other, values) <= fit.logLikelihood + 1e-6)
  }

  // From the moments alone the searches ended lower: by 0.18, 0.52, 0.66 and 2.64.
  @Test func `Small variance gamma samples are searched from several starts`() throws {
    let uniform = RandomStream(seed: 77, stream: 31)
    let likelier:
      [(index: Int, location: Double, order: Double, steepness: Double, asymmetry: Double)] = [
        (19, -0.8550252527480395, 2.3006936798957742, 158.14411148550198, 157.24228180184554),
        (42, 0.7887901924164615, 1.792071835541614, 211.76708535062738, -210.8246594253141),
        (58, 0.33331289244994866, 1.602509382271992, 170.54110125867956, -169.86194558235462),
        (107, 0.21880837420492494, 1.382841647228557, 287.2254672746282, -286.2376186308943),
      ]
    for item in likelier {
      let parts = (0..<2).map { uniform.uniform(at: UInt64(12 * item.index + $0)) }
      let (order, drift) = (exp(parts[0] * log(30.0)), 4 * (parts[1] - 0.5))
      let law = try VarianceGammaLaw(
        location: 0, order: order, steepness: (2 * order + drift * drift).squareRoot(),
        asymmetry: drift)
      let values = sample(law, 30, item.index)
      let other = try VarianceGammaLaw(
        location: item.location, order: item.order, steepness: item.steepness,
        asymmetry: item.asymmetry)
      let fit = try VarianceGammaLaw.fit(values)
      #expect(logLikelihood(other, values) <= fit.logLikelihood + 1e-6, "\(item.index)")
    }
  }
}
