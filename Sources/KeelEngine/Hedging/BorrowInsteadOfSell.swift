import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Cash for a time: by selling, or by borrowing against what would be sold.
//
//   sell    x − N with x = N/(1 − f − τ g): fee f, and tax τ on the share g of the proceeds that is gain
//   borrow  N (e^(rT) − 1) + gas + P(T) ℓ N: interest, and the penalty ℓ of a liquidation with its probability
//
// Both keep their cash until the horizon. What the asset itself earns in the time is on the side of borrowing, as its
// expected growth μ. Borrowing costs more the longer it lasts; selling costs the same whenever.

/// Whether borrowing against an asset is cheaper than selling it.
public struct BorrowInsteadOfSell: Hashable, Sendable, Codable {
  /// What selling costs: fees and tax, in cash.
  public let sellingCost: Double

  /// What borrowing costs over the horizon: interest, gas and the expected penalty, in cash.
  public let borrowingCost: Double

  /// The probability that the loan is liquidated before the horizon.
  public let liquidationProbability: Double

  /// The holding time up to which borrowing is cheaper, in years: zero when it never is, nil when it is for a hundred.
  public let flipYears: Double?

  /// The tax rate from which borrowing is cheaper at the horizon; zero when it always is, nil when it never is.
  public let flipTaxRate: Double?

  /// Whether borrowing is the cheaper way at the horizon.
  public var isBorrowingCheaper: Bool { borrowingCost < sellingCost }

  /// What selling takes.
  public struct Sale: Hashable, Sendable, Codable {
    /// Fee, spread and slippage as a fraction of what is sold.
    public var costFraction = 0.001

    /// The tax rate on gains as a fraction.
    public var taxRate = 0.0

    /// The share of the proceeds that is a taxed gain, 0 to 1.
    public var gainShare = 0.0

    /// Creates a sale without tax at ten basis points.
    public init() {}
  }

  /// What borrowing takes.
  public struct Loan: Hashable, Sendable, Codable {
    /// The borrowing rate per year, continuously compounded.
    public var ratePerYear: Double

    /// The collateral that counts against the debt at the start, over the debt: above one.
    public var healthFactor: Double

    /// The annualized volatility of the collateral as a fraction.
    public var volatility: Double

    /// The expected growth of the collateral, continuously compounded per year: zero is no view.
    public var growthPerYear = 0.0

    /// What a liquidation takes, as a fraction of the debt.
    public var liquidationPenalty = 0.1

    /// The fixed cost of opening and closing the loan, in cash.
    public var gas = 0.0

    /// Creates a loan.
    ///
    /// - Parameters:
    ///   - ratePerYear: The borrowing rate per year, continuously compounded.
    ///   - healthFactor: The collateral that counts against the debt at the start, over the debt.
    ///   - volatility: The annualized volatility of the collateral as a fraction.
    public init(ratePerYear: Double, healthFactor: Double, volatility: Double) {
      self.ratePerYear = ratePerYear
      self.healthFactor = healthFactor
      self.volatility = volatility
    }

    func probability(years: Double) -> Double {
      KeelEngine.liquidationProbability(
        ratio: healthFactor, volatility: volatility, drift: growthPerYear - ratePerYear,
        years: years)
    }

    /// The cost per cash borrowed, without gas.
    func unitCost(years: Double) -> Double {
      expm1(ratePerYear * years) + probability(years: years) * liquidationPenalty
    }
  }

  /// The longest time looked at for the flip, in years.
  public static let longestYears = 100.0

  /// Compares the two ways.
  ///
  /// - Parameters:
  ///   - cash: The cash that is needed: positive.
  ///   - sale: What selling takes; costs and tax leave something.
  ///   - loan: What borrowing takes.
  ///   - horizonYears: How long the cash is needed, in years: 0 to ``longestYears``.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    cash: Double,
    sale: Sale,
    loan: Loan,
    horizonYears: Double
  ) throws(EngineError) {
    try requireNumber(cash, "cash", .positive)
    try sale.check()
    try loan.check()
    try requireNumber(horizonYears, "horizonYears", 0...Self.longestYears)
    let taken = sale.costFraction + sale.taxRate * sale.gainShare
    try requireNumber(taken, "costs and tax of a sale", 0...Double(1).nextDown)
    let sold = cash * (taken / (1 - taken))
    let borrowed = cash * loan.unitCost(years: horizonYears) + loan.gas
    try requireNumber(borrowed, "cost of borrowing", .finite)
    sellingCost = sold
    borrowingCost = borrowed
    liquidationProbability = loan.probability(years: horizonYears)
    flipYears = Self.flip(cash: cash, sellingCost: sold, loan: loan)
    // x − N = cost of borrowing, solved for the share that is taken.
    let share = borrowed / (cash + borrowed)
    let rate = sale.gainShare > 0 ? (share - sale.costFraction) / sale.gainShare : .infinity
    flipTaxRate = share <= sale.costFraction ? 0 : rate <= 1 ? rate : nil
  }

  /// The root of a cost that rises with time, by bisection to neighboring numbers.
  private static func flip(cash: Double, sellingCost: Double, loan: Loan) -> Double? {
    func isCheaper(_ years: Double) -> Bool {
      cash * loan.unitCost(years: years) + loan.gas < sellingCost
    }
    if isCheaper(longestYears) { return nil }
    guard isCheaper(0) else { return 0 }
    var (low, high) = (0.0, longestYears)
    while true {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { return low }
      if isCheaper(middle) { low = middle } else { high = middle }
    }
  }
}

extension BorrowInsteadOfSell.Sale {
  fileprivate func check() throws(EngineError) {
    try requireNumber(costFraction, "costFraction", 0...1)
    try requireNumber(taxRate, "taxRate", 0...1)
    try requireNumber(gainShare, "gainShare", 0...1)
  }
}

extension BorrowInsteadOfSell.Loan {
  fileprivate func check() throws(EngineError) {
    try requireNumber(ratePerYear, "ratePerYear", 0...100)
    try requireNumber(healthFactor, "healthFactor", Double(1).nextUp ... .greatestFiniteMagnitude)
    try requireNumber(volatility, "volatility", 0...100)
    try requireNumber(growthPerYear, "growthPerYear", -100...100)
    try requireNumber(liquidationPenalty, "liquidationPenalty", 0...1)
    try requireNumber(gas, "gas", .nonnegative)
  }
}
