public import KeelData
import KeelNumerics
public import KeelOptimization

/// What to do when a portfolio cannot be chosen, in the caller's order, with a record of every step.
///
/// ```swift
/// let chain = FallbackChain([.minimumVariance(MinimumVariance()), .hold(current)])
/// let decision = try chain.decide(covariance: covariance) { () throws(AllocationError) in
///   try MaximumSharpe(riskFreeRate: 0).weights(expectedReturns: means, covariance: covariance)
/// }
/// ```
///
/// The decision says which step answered and why each step before it did not. Nothing falls back
/// silently: a chain without steps, or one whose steps all fail, throws.
public struct FallbackChain: Hashable, Sendable {
  /// One step after the wanted portfolio failed.
  public enum Step: Hashable, Sendable {
    /// The portfolio of least variance.
    case minimumVariance(MinimumVariance)

    /// The current weights as they are.
    case hold(Weights)

    /// No portfolio: the errors so far are thrown, and later steps are not tried.
    case `throw`
  }

  /// Which step answered, or failed.
  public enum Source: Hashable, Sendable {
    /// The portfolio that the caller wanted.
    case wanted

    /// A step of the chain, by its position.
    case step(Int)
  }

  /// A step that failed, and why.
  public struct Failure: Hashable, Sendable {
    /// The step.
    public let source: Source

    /// The reason.
    public let error: AllocationError
  }

  /// The weights that were decided on and how.
  public struct Decision: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The step that answered.
    public let source: Source

    /// The certified solution; nil for weights that are held.
    public let solution: Solution<Weights>?

    /// The steps that failed before, in their order.
    public let failures: [Failure]

    /// The limit that held weights miss most; nil when they miss none or none were given.
    public let heldViolation: Certificate.Violation?
  }

  /// The record of a chain whose steps all failed.
  public struct Exhausted: Error, Hashable, Sendable, CustomStringConvertible {
    /// The steps that failed, the wanted portfolio first.
    public let failures: [Failure]

    /// The reasons in one sentence.
    public var description: String {
      "no step of the chain gave a portfolio: "
        + failures.map { "\($0.source): \($0.error)" }.joined(separator: "; ")
    }
  }

  /// The steps after the wanted portfolio, in their order.
  public var steps: [Step]

  /// The constraints against which held weights are checked; nil for none.
  ///
  /// A violation is recorded, not refused.
  public var constraints: PortfolioConstraints?

  /// Creates a chain.
  ///
  /// - Parameters:
  ///   - steps: The steps after the wanted portfolio, in their order.
  ///   - constraints: The constraints against which held weights are checked; nil for none.
  public init(_ steps: [Step], constraints: PortfolioConstraints? = nil) {
    self.steps = steps
    self.constraints = constraints
  }

  /// Chooses the wanted portfolio, or the first step that gives one.
  ///
  /// A task that was cancelled and a deadline that passed are failures like others: the steps go on.
  ///
  /// - Parameters:
  ///   - covariance: The covariance of N assets per period, for the steps that need it.
  ///   - wanted: The wanted portfolio.
  /// - Returns: The weights, the step that answered, and the errors of the steps before.
  /// - Throws: ``Exhausted`` with the errors of all steps.
  /// - Complexity: That of the steps that were tried.
  public func decide(
    covariance: Covariance,
    _ wanted: () throws(AllocationError) -> Solution<Weights>
  ) throws(Exhausted) -> Decision {
    var failures: [Failure] = []
    func attempt(
      _ source: Source,
      _ body: () throws(AllocationError) -> Solution<Weights>
    ) -> Decision? {
      do throws(AllocationError) {
        let solution = try body()
        return Decision(
          weights: solution.value, source: source, solution: solution, failures: failures,
          heldViolation: nil)
      } catch {
        failures.append(Failure(source: source, error: error))
        return nil
      }
    }
    if let decision = attempt(.wanted, wanted) { return decision }
    for (position, step) in steps.enumerated() {
      let source = Source.step(position)
      switch step {
      case .throw: throw Exhausted(failures: failures)
      case .minimumVariance(let choice):
        let decision = attempt(source) { () throws(AllocationError) in
          try choice.weights(covariance: covariance)
        }
        if let decision { return decision }
      case .hold(let weights):
        do throws(AllocationError) {
          return Decision(
            weights: weights, source: source, solution: nil, failures: failures,
            heldViolation: try violation(of: weights, covariance.universe))
        } catch {
          failures.append(Failure(source: source, error: error))
        }
      }
    }
    throw Exhausted(failures: failures)
  }

  /// The limit that weights miss most.
  private func violation(
    of weights: Weights,
    _ universe: Universe
  ) throws(AllocationError) -> Certificate.Violation? {
    try Translation.requireEqual(weights.universe, universe)
    guard let constraints else { return nil }
    let zeros = [Double](repeating: 0, count: universe.count)
    let program = try constraints.supported(at: weights).resolved(over: universe).program(
      quadratic: .diagonal(zeros), linear: nil)
    let rows = [Double](repeating: 0, count: program.plain.rows.count + program.absolute.count)
    let check = try program.certified(weights.values, rows: rows, bounds: zeros, iterations: 0)
    let tolerance = Certificate.optimalTolerances.primal
    return check.certificate.primalResidual > tolerance ? check.certificate.worstViolation : nil
  }
}
