package import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// An American option on a binomial tree: the second method beside the boundary.
//
// Goals in order: independence of the integral equation, smooth convergence, no allocation, speed.
//
// Method: D. Leisen, M. Reimer, "Binomial models for option valuation - examining and improving
// convergence", Applied Mathematical Finance 3 (1996), with the inversion of Peizer and Pratt: the tree's
// probabilities are those of d₁ and d₂, so that no node's place beside the strike matters. With early
// exercise the error falls like 1/n with little noise; two trees extrapolate it.

/// The storage and the value of a binomial lattice for American options, reused from option to option.
///
/// ```swift
/// var lattice = try AmericanLattice(stepCount: 1001)
/// let value = lattice.value(of: put, in: market)
/// print(value.price, value.errorEstimate)
/// ```
public struct AmericanLattice: ~Copyable, Sendable {
  /// The number of steps, odd.
  public let stepCount: Int

  private var values: [Double]
  private var ratios: [Double]
  private let level: Kernels.Level

  /// The largest number of steps.
  public static let largestStepCount = 100_001

  private static let padding = 33

  /// Creates the storage of a lattice.
  ///
  /// - Parameter stepCount: The number of steps: 3 to 100001; an even one counts as the next odd one.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(stepCount: Int) throws(DerivativesError) {
    try self.init(stepCount: stepCount, level: .automatic)
  }

  /// The same with an instruction set.
  ///
  /// - Parameters:
  ///   - stepCount: The number of steps.
  ///   - level: The instruction set.
  /// - Throws: `DerivativesError.invalidValue`.
  package init(stepCount: Int, level: Kernels.Level) throws(DerivativesError) {
    guard (3...Self.largestStepCount).contains(stepCount) else {
      throw .invalidValue(
        argument: "stepCount", got: Double(stepCount), lowest: 3,
        highest: Double(Self.largestStepCount))
    }
    self.stepCount = stepCount | 1
    values = [Double](repeating: 0, count: self.stepCount + Self.padding)
    ratios = values
    self.level = level
  }

  /// What a lattice gives.
  public struct Value: Hashable, Sendable {
    /// The price, in cash, extrapolated from the whole and half of the steps.
    public var price: Double

    /// The price of the whole lattice, in cash.
    public var plainPrice: Double

    /// The difference of both, in cash: about the error of `plainPrice`, and mostly above that of `price`.
    public var errorEstimate: Double
  }

  /// The price of an option today by all steps, without extrapolation.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time finite and not negative.
  ///   - model: The market.
  /// - Returns: The price in cash; NaN when an argument is outside its domain, or when spot and strike are so far
  ///   apart that the tree has no probability between 0 and 1. Expired or at zero volatility the limit.
  /// - Complexity: O(n²) for n steps, no allocation.
  public mutating func price(of option: AmericanOption, in model: BlackScholes) -> Double {
    price(of: option, in: model, steps: stepCount)
  }

  /// The price of an option today, extrapolated, with an estimate of its error.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time finite and not negative.
  ///   - model: The market.
  /// - Returns: Prices in cash; NaN as in ``price(of:in:)``.
  /// - Complexity: O(n²) for n steps, no allocation.
  public mutating func value(of option: AmericanOption, in model: BlackScholes) -> Value {
    let half = (stepCount / 2) | 1
    let fine = price(of: option, in: model, steps: stepCount)
    let coarse = price(of: option, in: model, steps: half)
    // The error falls like 1/n.
    let ratio = Double(half) / Double(stepCount - half)
    let price = max(fine + (fine - coarse) * ratio, option.exerciseValue(spot: model.spot))
    return Value(price: price, plainPrice: fine, errorEstimate: (price - fine).magnitude)
  }

  private mutating func price(
    of option: AmericanOption,
    in model: BlackScholes,
    steps: Int
  ) -> Double {
    guard model.isInDomain(option) else { return .nan }
    if model.isCertain(option) { return model.certainPrice(of: option) }
    let (spot, strike, sigma) = (model.spot, option.strike, model.volatility)
    let time = option.timeToExpiry
    let step = time / Double(steps)
    let deviation = sigma * time.squareRoot()
    let drift = (model.rate - model.carryYield) * time
    let d2 = (logRatio(spot, strike).high + drift) / deviation - deviation / 2
    let (p2, q2) = Self.probability(d2, steps)
    let (p1, q1) = Self.probability(d2 + deviation, steps)
    guard p2 > 0, q2 > 0, p1 > 0, q1 > 0 else { return .nan }
    let growth = exp(drift / Double(steps))
    let up = growth * p1 / p2
    let down = growth * q1 / q2
    // ratio^j around the middle, so that neither end overflows before the spots themselves.
    let logStep = log(up / down)
    let middle = Double(steps) / 2
    for j in ratios.indices {
      ratios[j] = exp((Double(min(j, steps)) - middle) * logStep)
    }
    let base = spot * exp(Double(steps) * log(down) + middle * logStep)
    let discount = exp(-model.rate * step)
    guard base.isFinite, base > 0, ratios[steps].isFinite else { return .nan }
    return OptionKernels.lattice(
      &values, ratios, steps: steps, kind: option.kind, strike: strike, base: base,
      growth: 1 / down, up: discount * p2, down: discount * q2, level: level)
  }

  // After D. B. Peizer, J. W. Pratt (1968), second method.
  /// The probability of an up move that gives a binomial law of n steps the normal probability Φ(z), and its
  /// complement.
  private static func probability(_ z: Double, _ n: Int) -> (Double, Double) {
    let n = Double(n)
    let scaled = z / (n + 1.0 / 3 + 0.1 / (n + 1))
    let exponent = -scaled * scaled * (n + 1.0 / 6)
    let half = (-expm1(exponent) / 4).squareRoot()
    // ½ − half without cancellation.
    let tail = exp(exponent) / (4 * (0.5 + half))
    return z < 0 ? (tail, 0.5 + half) : (0.5 + half, tail)
  }
}
