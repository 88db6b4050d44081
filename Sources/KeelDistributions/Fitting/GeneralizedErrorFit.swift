// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// For a shape of at least one the location solves Σ sign(x − μ) |x − μ|^(β−1) = 0, which is monotone,
// and the scale is αᵝ = β Σ |x − μ|ᵝ/n. With both inserted, the shape is a root of the slope
//   1/β + ψ(1/β)/β² − Σ |z|ᵝ ln |z| / n,
// where the others do not contribute, as they are maxima. Standard error of the location: expected
// information, G. Agrò, Maximum likelihood estimation for the exponential power function parameters,
// Communications in Statistics: Simulation and Computation 24 (1995).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension GeneralizedError {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least shape, at least 1: below 1 the likelihood has a cusp at each observation.
    public var lowestShape = 1.0

    /// The largest shape: at 20 the law is nearly uniform.
    public var highestShape = 20.0

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 10

  /// Fits location, scale and shape to a sample by maximum likelihood.
  ///
  /// The shape stays between the bounds of the settings; at a bound the status says so and its standard
  /// error is NaN. A sample with heavier tails than Laplace's law ends at the lower bound. Standard
  /// errors come from the observed information, that of the location from the expected one.
  /// Multiplying the sample by c multiplies location and scale by c within 1e-8.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no half of them equal.
  ///   - settings: Bounds of the shape.
  /// - Returns: The law with `location`, `scale` and `shape` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills half of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step; some ten shapes with some forty locations each.
  public static func fit(
    _ sample: [Double],
    settings: FitSettings = FitSettings()
  ) throws(DistributionsError) -> DistributionFit<GeneralizedError> {
    try requireInside(settings.lowestShape, 1...100, "lowestShape")
    guard settings.highestShape > settings.lowestShape, settings.highestShape <= 100 else {
      throw .invalidValue(
        argument: "highestShape", got: settings.highestShape, lowest: settings.lowestShape,
        highest: 100)
    }
    let standardized = try StandardizedSample(
      robustly: sample, minimumCount: minimumObservationCount, repeatedShareDivisor: 2)
    let likelihood = ErrorLawLikelihood(standardized.values)
    var (status, steps) = (FitStatus.converged, 0)
    var shape = settings.lowestShape
    if likelihood.slope(settings.lowestShape) <= 0 {
      status = .lowerBound
    } else if likelihood.slope(settings.highestShape) >= 0 {
      (status, shape) = (.upperBound, settings.highestShape)
    } else {
      do throws(NumericsError) {
        let root = try Brent.root(
          of: { likelihood.slope(exp($0)) },
          in: log(settings.lowestShape)...log(settings.highestShape))
        (shape, steps) = (exp(root.argument), root.evaluationCount)
      } catch {
        throw .notRepresentable(result: "logLikelihood")
      }
    }
    return try result(likelihood, shape, status, steps, standardized)
  }

  private static func result(
    _ likelihood: ErrorLawLikelihood,
    _ shape: Double,
    _ status: FitStatus,
    _ steps: Int,
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<GeneralizedError> {
    let center = likelihood.location(shape)
    let unitScale = likelihood.scale(shape, center)
    let scale = sample.restoredScale(unitScale)
    let location = sample.restoredLocation(center)
    guard scale > 0, scale.isFinite, location.isFinite else {
      throw .notRepresentable(result: "scale")
    }
    let count = Double(likelihood.values.count)
    let errors = likelihood.standardErrors(shape, center, unitScale, isHeld: status != .converged)
    // β² Γ(2 − 1/β)/(α² Γ(1/β)).
    let logInformation =
      2 * log(shape) + SpecialFunctions.logGamma(2 - 1 / shape)
      - SpecialFunctions.logGamma(1 / shape)
    let logUnit = log(sample.spread) + Double(sample.exponent) * logOfTwo
    let logLikelihood =
      -logOfTwo - SpecialFunctions.logGammaOnePlus(1 / shape) - log(unitScale) - 1 / shape
    return DistributionFit(
      law: try GeneralizedError(location: location, scale: scale, shape: shape),
      logLikelihood: count * (logLikelihood - logUnit),
      parameters: [
        FittedParameter(
          name: "location", value: location,
          standardError: scale * exp(-0.5 * logInformation) / count.squareRoot()),
        FittedParameter(name: "scale", value: scale, standardError: scale * errors.logScale),
        FittedParameter(name: "shape", value: shape, standardError: shape * errors.logShape),
      ],
      observationCount: likelihood.values.count,
      iterations: steps,
      status: status
    )
  }
}

/// The likelihood of a standardized sample for a shape of at least one.
private struct ErrorLawLikelihood {
  let values: [Double]
  private let range: ClosedRange<Double>

  init(_ values: [Double]) {
    self.values = values
    let low = values.reduce(Double.infinity, min)
    range = low...values.reduce(low, max)
  }

  /// The location of largest likelihood; the median for shape 1.
  func location(_ shape: Double) -> Double {
    if shape == 1 {
      var work = values
      let upper = Selection.select(values.count / 2, in: &work)
      if values.count % 2 == 1 { return upper }
      return 0.5 * (upper + Selection.select(values.count / 2 - 1, in: &work))
    }
    let unit = range.upperBound - range.lowerBound
    let root = try? Brent.root(
      of: { (center: Double) -> Double in
        values.reduce(0) { sum, x in
          let d = (x - center) / unit
          return sum + (d < 0 ? -pow(-d, shape - 1) : pow(d, shape - 1))
        }
      }, in: range)
    return root?.argument ?? .nan
  }

  func scale(_ shape: Double, _ center: Double) -> Double {
    // In the unit of the largest distance, whose powers neither overflow nor vanish.
    let unit = values.reduce(0) { max($0, ($1 - center).magnitude) }
    let mean =
      values.reduce(0) { $0 + pow(($1 - center).magnitude / unit, shape) } / Double(values.count)
    return unit * pow(shape * mean, 1 / shape)
  }

  /// The slope of the likelihood in the shape, location and scale at their best.
  func slope(_ shape: Double) -> Double {
    let center = location(shape)
    return gradient(shape, center, scale(shape, center)).logShape / shape
  }

  /// The slopes in ln α and ln β at a location.
  private func gradient(
    _ shape: Double,
    _ center: Double,
    _ scale: Double
  ) -> (logScale: Double, logShape: Double) {
    var (powers, logarithms) = (0.0, 0.0)
    for x in values {
      let z = (x - center).magnitude / scale
      let power = pow(z, shape)
      powers += power
      if power > 0 { logarithms += power * log(z) }
    }
    let n = Double(values.count)
    return (
      shape * powers / n - 1,
      1 + SpecialFunctions.digamma(1 / shape) / shape - shape * logarithms / n
    )
  }

  /// The errors of ln α and ln β from the observed information, the location held.
  func standardErrors(
    _ shape: Double,
    _ center: Double,
    _ scale: Double,
    isHeld: Bool
  ) -> (logScale: Double, logShape: Double) {
    let point = LikelihoodPoint.differenced(at: [0, 0]) { p in
      let slopes = gradient(shape * exp(p[1]), center, scale * exp(p[0]))
      return (0, [slopes.logScale, slopes.logShape])
    }
    let n = Double(values.count)
    let (a, b, c) = (-n * point.hessian[0], -n * point.hessian[1], -n * point.hessian[3])
    if isHeld { return (1 / a.squareRoot(), .nan) }
    let determinant = a * c - b * b
    return ((c / determinant).squareRoot(), (a / determinant).squareRoot())
  }
}
