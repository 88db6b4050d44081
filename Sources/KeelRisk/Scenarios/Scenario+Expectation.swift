public import KeelData

extension Scenario {
  /// A scenario of given moves and of what is then expected of other assets.
  ///
  /// The expectation is the caller's: that of a normal or Student-t law given the moves (`conditional(on:)` of
  /// `MultivariateNormal` and `MultivariateStudentT`), a regression, an opinion.
  ///
  /// ```swift
  /// let given: [AssetID: Double] = ["BTC": log(0.6)]
  /// let fit = try MultivariateStudentT.unlabeledFit(logReturns)
  /// let law = try fit.law(universe).conditional(on: given)
  /// let crash = try Scenario(
  ///   "BTC -40 %", given: given, expecting: law.expectedReturns, unit: .logarithm)
  /// ```
  ///
  /// - Parameters:
  ///   - name: The name, for reports.
  ///   - given: The moves that are given.
  ///   - expectedReturns: The moves that are expected of others given these.
  ///   - unit: How both are meant. A logarithm becomes the move of its mean, which is the median of the price under a
  ///     law that is symmetric in logarithms.
  /// - Throws: `RiskError.duplicate` for an asset that is both given and expected, `.invalidValue` for a move to or below
  ///   −1, which a linear expectation of fractions can give and one of logarithms cannot.
  public init(
    _ name: String,
    given: [AssetID: Double],
    expecting expectedReturns: ExpectedReturns,
    unit: MoveUnit
  ) throws(RiskError) {
    self.init(name)
    for (asset, move) in given.sorted(by: { $0.key < $1.key }) {
      spotMoves[asset] = unit.fraction(move)
      try Self.check(move: unit.fraction(move), of: asset)
    }
    for (asset, move) in zip(expectedReturns.universe.assets, expectedReturns.values) {
      guard given[asset] == nil else { throw .duplicate(asset.rawValue) }
      spotMoves[asset] = unit.fraction(move)
      try Self.check(move: unit.fraction(move), of: asset)
    }
  }

  /// The same scenario at several moves of one asset, or of all assets that it does not name.
  ///
  /// - Parameters:
  ///   - asset: The asset, which is not cash: that is refused where the scenario is used; nil for all that the
  ///     scenario names nowhere.
  ///   - moves: The moves as fractions.
  /// - Returns: A scenario for each move, in the same order; the name tells the move.
  public func ladder(of asset: AssetID? = nil, moves: [Double]) -> [Scenario] {
    moves.map { move in
      var rung = moving(asset, by: move)
      rung.name = "\(name) \(asset.map { "\($0) " } ?? "")\(move)"
      return rung
    }
  }

  /// The same scenario with another move of one asset, or of all that it does not name.
  func moving(_ asset: AssetID?, by move: Double) -> Scenario {
    var scenario = self
    if let asset {
      if pegMoves[asset] == nil {
        scenario.spotMoves[asset] = move
      } else {
        scenario.pegMoves[asset] = move
      }
    } else {
      scenario.otherSpotMove = move
    }
    return scenario
  }
}
