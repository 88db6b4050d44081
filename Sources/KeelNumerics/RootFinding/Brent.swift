/// Root and minimum of a function of one variable without derivatives.
///
/// The algorithms are those of R. P. Brent, Algorithms for Minimization without Derivatives,
/// Prentice-Hall (1973), chapters 4 and 5.
public enum Brent {
  /// Where an iteration stops.
  public struct Settings: Sendable, Hashable {
    /// The uncertainty of the result that is accepted, in the unit of the argument.
    ///
    /// nil, the default, takes 2⁻¹⁰⁴ for a root and 2⁻⁵² for a minimum, times the larger end of the
    /// interval or 1, whichever is less: it ends searches that converge to 0, where a relative
    /// tolerance alone never would. 0 leaves the relative tolerance alone to decide.
    public var absoluteTolerance: Double?

    /// The uncertainty of the result that is accepted, as a part of the result, below 1.
    ///
    /// nil, the default, takes the least useful value, 2⁻⁵¹ for a root and 2⁻²⁶ for a minimum;
    /// smaller values count as this one.
    public var relativeTolerance: Double?

    /// The largest number of steps, at least 1; each evaluates the function once.
    ///
    /// The default, 2500, lets bisection pass from the largest double to the smallest (2098 steps);
    /// ordinary functions need ten to forty.
    public var maximumIterations = 2_500

    /// Creates the default settings.
    public init() {}
  }

  /// A point and the value of the function there.
  public struct Point: Sendable, Hashable {
    /// The argument.
    public let argument: Double
    /// The value of the function.
    public let value: Double
    /// The number of times that the function was evaluated.
    public let evaluationCount: Int
  }
}

/// The tolerances of a search after the defaults are filled in.
struct SearchTolerances {
  let absolute: Double
  let relative: Double

  /// Checks the settings and the interval; the default relative tolerance is also the least one.
  init(
    _ settings: Brent.Settings, _ interval: ClosedRange<Double>, relative least: Double,
    absolutePart: Double
  ) throws(NumericsError) {
    for end in [interval.lowerBound, interval.upperBound] where !end.isFinite {
      throw .invalidValue(
        argument: "interval", got: end, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    let scale = max(interval.lowerBound.magnitude, interval.upperBound.magnitude)
    let absolute = settings.absoluteTolerance ?? absolutePart * min(1, scale)
    guard absolute >= 0, absolute < .infinity else {
      throw .invalidValue(
        argument: "absoluteTolerance", got: absolute, lowest: 0,
        highest: .greatestFiniteMagnitude)
    }
    let relative = settings.relativeTolerance ?? least
    guard relative >= 0, relative < 1 else {
      throw .invalidValue(argument: "relativeTolerance", got: relative, lowest: 0, highest: 1)
    }
    guard settings.maximumIterations >= 1 else {
      throw .countOutOfRange(
        argument: "maximumIterations", got: settings.maximumIterations, allowed: 1...Int.max)
    }
    self.absolute = absolute
    self.relative = max(relative, least)
  }

  /// The tolerances of a search for a root.
  static func root(
    _ settings: Brent.Settings, _ interval: ClosedRange<Double>
  ) throws(NumericsError) -> SearchTolerances {
    try SearchTolerances(
      settings, interval, relative: 2 * Double.ulpOfOne,
      absolutePart: Double.ulpOfOne * Double.ulpOfOne)
  }

  /// The tolerances of a search for a minimum.
  static func minimum(
    _ settings: Brent.Settings, _ interval: ClosedRange<Double>
  ) throws(NumericsError) -> SearchTolerances {
    try SearchTolerances(
      settings, interval, relative: Double.ulpOfOne.squareRoot(), absolutePart: Double.ulpOfOne)
  }
}

/// What the one-dimensional searches check in common.
enum Bracket {
  /// Refuses a value that is NaN.
  static func checked(_ value: Double, _ name: String = "function value") throws(NumericsError)
    -> Double
  {
    guard !value.isNaN else {
      throw .invalidValue(argument: name, got: value, lowest: -.infinity, highest: .infinity)
    }
    return value
  }

  /// The middle of two finite numbers, without overflow.
  static func middle(_ a: Double, _ b: Double) -> Double { a / 2 + b / 2 }
}
