/// Which contracts to trade beside the assets.
public protocol HedgingRule: SurfaceReader, Sendable, Encodable {
  /// Chooses the orders.
  ///
  /// - Parameters:
  ///   - after: The account as the planned trades of assets would leave it.
  ///   - view: What is known now.
  /// - Returns: The orders; none when nothing is to be done.
  /// - Throws: `EngineError`: no order is given then.
  func orders(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [ContractOrder]
}
