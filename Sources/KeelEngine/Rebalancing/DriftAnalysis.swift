public import KeelData

/// How far a portfolio has drifted from its target weights.
public struct DriftAnalysis: Hashable, Sendable {
  /// The assets.
  public let universe: Universe

  /// The value of the portfolio, in the currency of the prices.
  public let value: Double

  /// The current weights.
  public let weights: Weights

  /// The target weights.
  public let target: Weights

  /// `w − w*` of each asset, as a fraction of the portfolio's value.
  public let absolute: [Double]

  /// `(w − w*) / w*` of each asset; infinite where something is held that should not be.
  public let relative: [Double]

  /// The assets beyond the threshold, the largest absolute drift first, ties by name.
  public let breached: [AssetID]

  /// The assets whose drift is within one step of 1e-9 of a limit, by name.
  public let nearTies: [AssetID]

  /// Measures the drift.
  ///
  /// The result does not depend on the order of the universe: sums run in the order of names.
  ///
  /// - Parameters:
  ///   - holdings: What is held, cash included.
  ///   - prices: The prices, over the same universe; the cash asset has price one.
  ///   - target: The target weights, over the same universe.
  ///   - threshold: The drift that calls for a trade; nil looks for no breach.
  ///   - alreadyBreached: The assets that were beyond the threshold before and have not come back.
  /// - Throws: `EngineError.universeMismatch`, `.unknownAsset` or `.portfolioWithoutValue`.
  /// - Complexity: O(N log N) for N assets.
  public init(
    holdings: Holdings,
    prices: Prices,
    target: Weights,
    threshold: RebalancingThreshold?,
    alreadyBreached: Set<AssetID> = []
  ) throws(EngineError) {
    let universe = holdings.universe
    try requireSameAssets(universe, prices.universe, target.universe)
    for asset in alreadyBreached.sorted() where universe.position(of: asset) == nil {
      throw .unknownAsset(asset)
    }
    let total = try portfolioValue(holdings, prices)
    let weights: Weights
    do throws(DataError) {
      weights = try holdings.weights(prices: prices)
    } catch {
      throw .portfolioWithoutValue(got: total)
    }
    self.universe = universe
    self.value = total
    self.weights = weights
    self.target = target
    let absolute = zip(weights.values, target.values).map { $0 - $1 }
    let relative = zip(absolute, target.values).map { drift, target in
      drift == 0 ? 0 : drift / target.magnitude
    }
    self.absolute = absolute
    self.relative = relative
    guard let threshold else {
      breached = []
      nearTies = []
      return
    }
    let verdicts = universe.assets.indices.map {
      threshold.verdict(
        absolute: absolute[$0], relative: relative[$0],
        wasBreached: alreadyBreached.contains(universe.assets[$0]))
    }
    breached =
      universe.assets.indices.filter { verdicts[$0].isBreached }
      .sorted {
        let (left, right) = (
          DecisionGrid.steps(absolute[$0].magnitude), DecisionGrid.steps(absolute[$1].magnitude)
        )
        return left == right ? universe.assets[$0] < universe.assets[$1] : left > right
      }
      .map { universe.assets[$0] }
    nearTies = universe.assets.indices.filter { verdicts[$0].isNearTie }
      .map { universe.assets[$0] }.sorted()
  }

  /// Whether any asset is beyond the threshold.
  public var isBreached: Bool { !breached.isEmpty }

  /// The asset with the largest absolute drift, ties by name; nil for an empty universe.
  public var largest: AssetID? {
    universe.assets.indices.min {
      let (left, right) = (
        DecisionGrid.steps(absolute[$0].magnitude), DecisionGrid.steps(absolute[$1].magnitude)
      )
      return left == right ? universe.assets[$0] < universe.assets[$1] : left > right
    }.map { universe.assets[$0] }
  }

  /// Half the sum of the absolute drifts: the share of the portfolio that would have to move.
  public var turnoverToTarget: Double {
    let ordered = universe.positionsByName
    return ordered.reduce(0) { $0 + absolute[$1].magnitude } / 2
  }
}

/// The value of holdings, which must be positive and finite.
func portfolioValue(_ holdings: Holdings, _ prices: Prices) throws(EngineError) -> Double {
  let value: Double
  do throws(DataError) {
    value = try holdings.value(prices: prices)
  } catch {
    if case .invalidValue(_, _, _, let got, _, _) = error { throw .portfolioWithoutValue(got: got) }
    throw EngineError(error, asset: holdings.universe.assets.first ?? AssetID(""))
  }
  guard value > 0, value.isFinite else { throw .portfolioWithoutValue(got: value) }
  return value
}
