public import KeelData

/// A charge for distances of weights that is no cost: it keeps estimates from making large bets.
///
/// ```text
/// penalty(w) = Σ (absolute_i |w_i − reference_i| + square_i (w_i − reference_i)²)
/// ```
///
/// Absolute distances leave weights exactly at their reference (the lasso), squares shrink them toward it
/// (ridge). References: DeMiguel, Garlappi, Nogales and Uppal, Management Science 55 (2009); Brodie,
/// Daubechies, De Mol, Giannone and Loris, PNAS 106 (2009).
public struct WeightPenalty: Hashable, Sendable {
  /// The charge for a distance, zero or more, in units of the utility.
  public var absolute: AssetRates

  /// The charge for a squared distance, zero or more, in units of the utility.
  public var square: AssetRates

  /// The weights from which distances are taken; nil for zero.
  public var reference: Weights?

  /// Creates a penalty.
  ///
  /// - Parameters:
  ///   - absolute: The charge for a distance, zero or more, in units of the utility.
  ///   - square: The charge for a squared distance, zero or more, in units of the utility.
  ///   - reference: The weights from which distances are taken; nil for zero.
  public init(
    absolute: AssetRates = .none,
    square: AssetRates = .none,
    from reference: Weights? = nil
  ) {
    self.absolute = absolute
    self.square = square
    self.reference = reference
  }

  /// The penalty of weights.
  ///
  /// - Parameter weights: The weights.
  /// - Returns: The penalty, in units of the utility.
  /// - Throws: ``AllocationError/invalidValue(argument:asset:got:allowed:)`` and `universeMismatch`.
  /// - Complexity: O(N).
  public func value(of weights: Weights) throws(AllocationError) -> Double {
    let (charge, squares) = try resolved(over: weights.universe)
    return weights.values.indices.reduce(charge.value(weights.values)) {
      let distance = weights.values[$1] - charge.reference[$1]
      return $0 + squares[$1] * distance * distance
    }
  }

  private func resolved(
    over universe: Universe
  ) throws(AllocationError) -> (charge: TradingCharge, squares: [Double]) {
    if let reference { try Translation.requireEqual(reference.universe, universe) }
    let slopes = try absolute.resolved("absolute", over: universe)
    let charge = TradingCharge(
      buying: slopes, selling: slopes,
      reference: reference?.values ?? [Double](repeating: 0, count: universe.count))
    return (charge, try square.resolved("square", over: universe))
  }

  /// Adds the penalty to the costs of a utility.
  func add(to costs: inout UtilityCosts, over universe: Universe) throws(AllocationError) {
    let (charge, squares) = try resolved(over: universe)
    costs.add(charge)
    costs.addSquares(squares, center: charge.reference)
  }
}
