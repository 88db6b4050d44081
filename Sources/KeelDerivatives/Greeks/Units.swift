// What derivatives are measured in: each type holds the raw derivative and names its other units.

/// A derivative with respect to volatility.
public struct PerVolatility: Hashable, Sendable, Codable {
  /// Per unit of volatility: from 20 % to 120 %.
  public var perUnitVolatility: Double

  /// Creates a derivative.
  ///
  /// - Parameter perUnitVolatility: Per unit of volatility.
  public init(perUnitVolatility: Double) { self.perUnitVolatility = perUnitVolatility }

  /// Per volatility point: from 20 % to 21 %.
  public var perVolatilityPoint: Double { perUnitVolatility / 100 }
}

/// A second derivative with respect to volatility.
public struct PerSquaredVolatility: Hashable, Sendable, Codable {
  /// Per unit of volatility squared.
  public var perSquaredUnit: Double

  /// Creates a derivative.
  ///
  /// - Parameter perSquaredUnit: Per unit of volatility squared.
  public init(perSquaredUnit: Double) { self.perSquaredUnit = perSquaredUnit }

  /// Per volatility point squared: the change of a vega per point with one point.
  public var perSquaredVolatilityPoint: Double { perSquaredUnit / 1e4 }
}

/// A third derivative with respect to volatility.
public struct PerCubedVolatility: Hashable, Sendable, Codable {
  /// Per unit of volatility cubed.
  public var perCubedUnit: Double

  /// Creates a derivative.
  ///
  /// - Parameter perCubedUnit: Per unit of volatility cubed.
  public init(perCubedUnit: Double) { self.perCubedUnit = perCubedUnit }

  /// Per volatility point cubed.
  public var perCubedVolatilityPoint: Double { perCubedUnit / 1e6 }
}

/// A derivative with respect to calendar time.
public struct PerTime: Hashable, Sendable, Codable {
  /// Per year that passes.
  public var perYear: Double

  /// Creates a derivative.
  ///
  /// - Parameter perYear: Per year that passes.
  public init(perYear: Double) { self.perYear = perYear }

  /// Per calendar day that passes: a year has 365 (ACT/365 fixed).
  public var perDay: Double { perYear / 365 }
}

/// A derivative with respect to volatility and calendar time.
public struct PerVolatilityAndTime: Hashable, Sendable, Codable {
  /// Per unit of volatility and year that passes.
  public var perUnitVolatilityAndYear: Double

  /// Creates a derivative.
  ///
  /// - Parameter perUnitVolatilityAndYear: Per unit of volatility and year that passes.
  public init(perUnitVolatilityAndYear: Double) {
    self.perUnitVolatilityAndYear = perUnitVolatilityAndYear
  }

  /// Per volatility point and calendar day that passes.
  public var perVolatilityPointAndDay: Double { perUnitVolatilityAndYear / (100 * 365) }
}

/// A derivative with respect to a continuously compounded rate per year.
public struct PerRate: Hashable, Sendable, Codable {
  /// Per unit of the rate: from 5 % to 105 %.
  public var perUnitRate: Double

  /// Creates a derivative.
  ///
  /// - Parameter perUnitRate: Per unit of the rate.
  public init(perUnitRate: Double) { self.perUnitRate = perUnitRate }

  /// Per basis point: from 5 % to 5.01 %.
  public var perBasisPoint: Double { perUnitRate / 10_000 }
}
