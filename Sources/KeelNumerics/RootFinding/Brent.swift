/// Root and minimum of a function of one variable without derivatives.
///
/// The algorithms are those of R. P. Brent, Algorithms for Minimization without Derivatives,
/// Prentice-Hall (1973), chapters 4 and 5.
public enum Brent {
  /// Where an iteration stops.
  public struct Settings: Sendable, Hashable {
    /// The uncertainty of the result that is accepted, in the unit of the argument; zero or more.
    ///
    /// The default, 0, leaves the relative tolerance alone to decide.
    public var absoluteTolerance = 0.0

    /// The uncertainty that is accepted, as a part of the result; nil takes what the method can
    /// reach: 2 ulp for a root, the square root of an ulp for a minimum.
    public var relativeTolerance: Double?

    /// The largest number of steps, at least 1; each evaluates the function once.
    ///
    /// The default, 200, is three times what bisection needs to halve an interval to its rounding.
    public var maximumIterations = 200

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

extension Brent.Settings {
  /// Checks the settings and returns the relative tolerance to use.
  func checked(defaultRelativeTolerance: Double) throws(NumericsError) -> Double {
    guard absoluteTolerance >= 0, absoluteTolerance < .infinity else {
      throw .valueOutOfRange(
        argument: "absoluteTolerance", got: absoluteTolerance, lowest: 0,
        highest: .greatestFiniteMagnitude)
    }
    let relative = relativeTolerance ?? defaultRelativeTolerance
    guard relative >= 0, relative < 1 else {
      throw .valueOutOfRange(argument: "relativeTolerance", got: relative, lowest: 0, highest: 1)
    }
    guard maximumIterations >= 1 else {
      throw .countOutOfRange(
        argument: "maximumIterations", got: maximumIterations, allowed: 1...Int.max)
    }
    return max(relative, defaultRelativeTolerance)
  }
}

/// What the one-dimensional searches check in common.
enum Bracket {
  /// Refuses an interval with an infinite end.
  static func check(_ interval: ClosedRange<Double>) throws(NumericsError) {
    for end in [interval.lowerBound, interval.upperBound] where !end.isFinite {
      throw .valueOutOfRange(
        argument: "interval", got: end, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
  }

  /// Refuses a value that is NaN.
  static func checked(_ value: Double, _ name: String = "function value") throws(NumericsError)
    -> Double
  {
    guard !value.isNaN else {
      throw .valueOutOfRange(argument: name, got: value, lowest: -.infinity, highest: .infinity)
    }
    return value
  }

  /// The middle of two finite numbers, without overflow.
  static func middle(_ a: Double, _ b: Double) -> Double { a / 2 + b / 2 }
}
