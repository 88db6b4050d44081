public import KeelData
import KeelOptimization

/// Why a portfolio holds what it holds, where weights are no linear function of the data: forces on each weight that
/// cancel, and a price for each limit.
///
/// A force says how much better the objective becomes per unit by which the weight grows. At the optimum
///
/// ```text
/// risk + views + Σ price × coefficient of active rows + bound = 0    for each asset
/// ```
///
/// A positive force pulls the weight up, a negative one holds it down. At a kink, such as a value at risk on which
/// several scenarios meet, the slope of the risk is not unique; the one with which the forces cancel is taken, a mean of
/// slopes that support the risk. See <doc:Explanations>.
public struct MarginalExplanation: Hashable, Sendable {
  /// The forces of one source.
  public struct Term: Hashable, Sendable {
    /// Where they come from.
    public let source: PortfolioExplanation.Source

    /// The force on each asset in the order of the universe: the objective per unit of weight, positive where it improves.
    public let forces: [Double]
  }

  /// The weights that are explained.
  public let weights: Weights

  /// The forces of risk, of views where there are any, and of active constraints in their order.
  public let terms: [Term]

  /// The price of each active limit, in the order of the constraints.
  public let shadowPrices: [PortfolioExplanation.ShadowPrice]

  /// What forces and shadow prices are measured in.
  public let objective: PortfolioExplanation.Objective

  /// The largest magnitude of a sum of the forces on an asset, relative to the largest force.
  public let residual: Double

  /// The forces on one weight that are not zero.
  ///
  /// - Parameter asset: An asset of the universe.
  /// - Returns: Source and force, in the order of ``terms``; nil for an asset of another universe.
  public subscript(asset: AssetID) -> [(source: PortfolioExplanation.Source, force: Double)]? {
    guard let i = weights.universe.position(of: asset) else { return nil }
    return terms.map { ($0.source, $0.forces[i]) }.filter { $0.1 != 0 }
  }

  /// The shadow price of a constraint.
  ///
  /// - Parameter constraint: The name of a constraint, or of an asset for its bounds.
  /// - Returns: The change of the objective per unit by which the active limit grows; zero where the
  ///   constraint is not active.
  public func shadowPrice(of constraint: String) -> Double {
    shadowPrices.first { $0.constraint == constraint }?.value ?? 0
  }
}
