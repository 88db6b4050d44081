#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The premium at which a perpetual with a given funding rule is fairly priced.
//
// Goals in order: every rule of the family in closed form, all fair premiums where there are many,
// premiums of 1e-5 with all digits.
//
// Method (derivation: Perpetuals.md). Where the growth g of forward prices is constant, a price
// that is a fixed multiple of the index after every payment is fair when funding pays its expected
// growth. With the growth z = g h over one interval and q = 1 + P, where P is the premium that the
// rule sees and A the average of e^(−zu) over the interval as the rule averages, rate(P) is
//   mark,  continuous: z          discrete: e^z − 1 (linear, quanto), 1 − e^(−z) (inverse)
//   index, continuous: z q, z/q   discrete: (1 − e^(−z)) q/A,         (e^z − 1) A/q
// Each piece of the rule is a line, so each equation is linear or quadratic in q. Solutions from
// which a bubble can grow (funding rises more slowly than the growth that it must pay) are left
// out. Source: D. Ackerer, J. Hugonnier, U. Jermann, "Perpetual futures pricing" (2023), for linear
// rules; the damped rules and averages are worked out here.

/// The fair premium of a perpetual under a funding rule, where forward prices grow at one rate.
public struct FairPerpetual: Hashable, Sendable {
  /// The lowest and the highest fair premium as the rule averages it over an interval, as a
  /// fraction of the index.
  ///
  /// One number, except where the damping holds the rate at the very growth of the forward.
  public let averagePremium: ClosedRange<Double>

  /// The growth of forward prices, continuously compounded per year.
  public let growthPerYear: Double

  /// The rule.
  public let rule: FundingRule

  /// The growth over an interval, and one less the average of its decay; zero when continuous.
  private let intervalGrowth: Double
  private let averageLoss: Double

  /// Solves a rule for its fair premium.
  ///
  /// - Parameters:
  ///   - rule: The funding rule.
  ///   - settlement: The settlement of the contract.
  ///   - growthPerYear: The growth of forward prices, `rate − carryYield`, continuously compounded
  ///     per year; for a quanto plus `ρ σ σ′`, the covariance per year of the log prices of the
  ///     coin and of the third currency. Finite.
  /// - Throws: `DerivativesError.invalidValue` for a growth that is not finite, or of argument
  ///   `fundingRate` when funding cannot pay the growth: its limits or its share are too small.
  /// - Complexity: O(1).
  public init(
    rule: FundingRule,
    settlement: FuturesContract.Settlement,
    growthPerYear: Double
  ) throws(DerivativesError) {
    try requireFinite(growthPerYear, "growthPerYear")
    let growth = growthPerYear * rule.interval.years
    let isDiscrete = rule.settings.accrual == .atEvents
    let loss = isDiscrete ? rule.settings.averaging.averageLoss(growth) : 0
    let payment = FairPayment(
      settlement: settlement, notionalPrice: rule.settings.notionalPrice, growth: growth,
      averageLoss: isDiscrete ? loss : nil)
    averagePremium = try payment.fairPremiums(of: rule)
    self.rule = rule
    self.growthPerYear = growthPerYear
    intervalGrowth = isDiscrete ? growth : 0
    averageLoss = loss
    // Growth by a factor beyond the range of doubles in one interval leaves no number to return.
    for premium in [averagePremium.lowerBound, averagePremium.upperBound] {
      guard moved(premium, elapsed: 0).isFinite, moved(premium, elapsed: 1).isFinite else {
        throw .invalidValue(
          argument: "growthPerYear", got: growthPerYear,
          lowest: -Self.largestGrowth * rule.interval.intervalsPerYear,
          highest: Self.largestGrowth * rule.interval.intervalsPerYear)
      }
    }
  }

  /// `exp(±36)` still differs from zero beside one.
  private static let largestGrowth = 36.0

  /// The premium at some time of the interval: (1 + P) e^(−z elapsed) / A − 1, without the ones,
  /// and in a form whose rounding keeps the order of premiums.
  private func moved(_ premium: Double, elapsed: Double) -> Double {
    let decay = expm1(-intervalGrowth * elapsed)
    return (premium * (1 + decay) + (averageLoss + decay)) / (1 - averageLoss)
  }

  /// The fair premium at some time of the interval.
  ///
  /// Between payments a perpetual is a future without carry: the premium decays at the growth of
  /// forward prices and jumps back at the payment. Continuous funding keeps it constant.
  ///
  /// - Parameter elapsed: The share of the interval since the last payment, from 0 (just after it)
  ///   to 1 (just before the next).
  /// - Returns: The lowest and the highest fair premium as a fraction of the index.
  /// - Throws: `DerivativesError.invalidValue`.
  public func premium(elapsed: Double) throws(DerivativesError) -> ClosedRange<Double> {
    guard elapsed >= 0, elapsed <= 1 else {
      throw .invalidValue(argument: "elapsed", got: elapsed, lowest: 0, highest: 1)
    }
    return moved(
      averagePremium.lowerBound, elapsed: elapsed)...moved(
        averagePremium.upperBound, elapsed: elapsed)
  }

  /// The fair price at some time of the interval.
  ///
  /// - Parameters:
  ///   - index: The index price, in cash: positive and finite.
  ///   - elapsed: The share of the interval since the last payment, from 0 to 1.
  /// - Returns: The lowest and the highest fair price, in cash.
  /// - Throws: `DerivativesError.invalidValue`.
  public func price(index: Double, elapsed: Double) throws(DerivativesError) -> ClosedRange<Double>
  {
    try requirePositive(index, "index")
    let premium = try premium(elapsed: elapsed)
    return index * (1 + premium.lowerBound)...index * (1 + premium.upperBound)
  }
}

/// What a fair rate must be, as a function of q = 1 + premium: `constant`, `slope · q`,
/// or `quotient / q`.
private enum FairPayment {
  case constant(Double)
  case proportional(Double)
  case inverse(Double)

  /// `averageLoss` is nil for continuous funding.
  init(
    settlement: FuturesContract.Settlement,
    notionalPrice: FundingRule.NotionalPrice,
    growth: Double,
    averageLoss: Double?
  ) {
    let isInverse = settlement == .inverse
    guard let averageLoss else {
      self =
        notionalPrice == .mark
        ? .constant(growth) : isInverse ? .inverse(growth) : .proportional(growth)
      return
    }
    switch (notionalPrice, isInverse) {
    case (.mark, false): self = .constant(expm1(growth))
    case (.mark, true): self = .constant(-expm1(-growth))
    case (.index, false): self = .proportional(-expm1(-growth) / (1 - averageLoss))
    case (.index, true): self = .inverse(expm1(growth) * (1 - averageLoss))
    }
  }

  /// All premiums between the lowest and the highest fair one.
  func fairPremiums(of rule: FundingRule) throws(DerivativesError) -> ClosedRange<Double> {
    let (share, limits) = (rule.settings.share, rule.settings.limits)
    var first: Double?
    var fair: ClosedRange<Double>?
    func add(_ premium: Double) {
      first = first ?? premium
      if let limits {
        let rate = self.rate(premium: premium)
        guard rate > limits.lowerBound, rate < limits.upperBound else { return }
      }
      fair = min(fair?.lowerBound ?? premium, premium)...max(fair?.upperBound ?? premium, premium)
    }
    switch rule.interest {
    case .added(let interest):
      if let premium = sloped(share: share, offset: -interest) { add(premium) }
    case .damped(let interest, let halfWidth):
      let (low, high) = (interest - halfWidth, interest + halfWidth)
      if let lower = sloped(share: share, offset: -halfWidth), lower <= low { add(lower) }
      if let upper = sloped(share: share, offset: halfWidth), upper >= high { add(upper) }
      if let band = flat(rate: share * interest, from: low, to: high) {
        add(band.lowerBound)
        add(band.upperBound)
      }
    }
    guard let fair else {
      throw .invalidValue(
        argument: "fundingRate", got: rate(premium: first ?? 0),
        lowest: limits?.lowerBound ?? -share, highest: limits?.upperBound ?? share)
    }
    return fair
  }

  /// The rate that a premium calls for.
  private func rate(premium: Double) -> Double {
    switch self {
    case .constant(let rate): rate
    case .proportional(let slope): slope * (1 + premium)
    case .inverse(let quotient): quotient / (1 + premium)
    }
  }

  /// The premium at which `share · (P − offset)` is the fair rate, above −1; nil if there is none.
  private func sloped(share: Double, offset: Double) -> Double? {
    let premium: Double
    switch self {
    case .constant(let rate): premium = offset + rate / share
    case .proportional(let slope):
      guard share > slope else { return nil }
      premium = (share * offset + slope) / (share - slope)
    case .inverse(let quotient):
      // share (q − k) q = quotient, the greater root, at which funding rises with the premium.
      let k = 1 + offset
      let discriminant = k * k + 4 * quotient / share
      guard k > 0, discriminant > 0 else { return nil }
      premium = offset + 2 * quotient / (share * (k + discriminant.squareRoot()))
    }
    return premium > -1 && premium.isFinite ? premium : nil
  }

  /// The premiums of a flat piece at which its rate is the fair one, when no bubble grows there.
  private func flat(rate: Double, from low: Double, to high: Double) -> ClosedRange<Double>? {
    guard high > -1 else { return nil }
    let band = max(low, (-1.0).nextUp)...high
    let premium: Double
    switch self {
    case .constant(let fair): return fair == rate ? band : nil
    case .proportional(let slope):
      guard slope < 0 else { return slope == 0 && rate == 0 ? band : nil }
      premium = rate / slope - 1
    case .inverse(let quotient):
      guard quotient > 0 else { return quotient == 0 && rate == 0 ? band : nil }
      premium = quotient / rate - 1
    }
    return band.contains(premium) ? premium...premium : nil
  }
}
