/// An integral with an estimate of its error.
public struct Integral: Hashable, Sendable {
  /// The value.
  public let value: Double

  /// An estimate of the absolute error, for smooth functions far above it.
  public let errorEstimate: Double

  /// How often the function was evaluated.
  public let evaluationCount: Int

  package init(value: Double, errorEstimate: Double, evaluationCount: Int) {
    self.value = value
    self.errorEstimate = errorEstimate
    self.evaluationCount = evaluationCount
  }

  /// Where an adaptive quadrature stops.
  public struct Settings: Hashable, Sendable {
    /// The error that is accepted, in the unit of the integral.
    public var absoluteTolerance: Double

    /// The error that is accepted, as a part of the integral.
    ///
    /// The default leaves four digits above rounding.
    public var relativeTolerance: Double

    /// The largest number of evaluations.
    public var maximumEvaluations: Int

    /// Creates settings.
    ///
    /// - Parameters:
    ///   - absoluteTolerance: The accepted error in the unit of the integral: not negative.
    ///   - relativeTolerance: The accepted error as a part of the integral: not negative.
    ///   - maximumEvaluations: The largest number of evaluations: positive.
    public init(
      absoluteTolerance: Double = 0,
      relativeTolerance: Double = 1e-12,
      maximumEvaluations: Int = 20_000
    ) {
      self.absoluteTolerance = absoluteTolerance
      self.relativeTolerance = relativeTolerance
      self.maximumEvaluations = maximumEvaluations
    }

    /// The error that is accepted for a value.
    func tolerance(_ value: Double) -> Double {
      max(absoluteTolerance, relativeTolerance * value.magnitude)
    }

    func check() throws(NumericsError) {
      for (name, tolerance) in [
        ("absoluteTolerance", absoluteTolerance), ("relativeTolerance", relativeTolerance),
      ] where !(tolerance >= 0 && tolerance < .infinity) {
        throw .invalidValue(
          argument: name, got: tolerance, lowest: 0, highest: .greatestFiniteMagnitude)
      }
      guard maximumEvaluations > 0 else {
        throw .countOutOfRange(
          argument: "maximumEvaluations", got: maximumEvaluations, allowed: 1...Int.max)
      }
    }
  }

  /// Checks that both ends are finite.
  static func check(_ interval: ClosedRange<Double>) throws(NumericsError) {
    for end in [interval.lowerBound, interval.upperBound] where !end.isFinite {
      throw .invalidValue(
        argument: "interval", got: end, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
  }

  /// Checks a value of the function.
  static func checked(_ value: Double) throws(NumericsError) -> Double {
    guard value.isFinite else {
      throw .invalidValue(
        argument: "integrand", got: value, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    return value
  }
}
