import KeelNumerics

/// Solves quadratic programs with cardinality limits, minimum positions, lots and fixed costs, with a
/// proven gap.
///
/// A tree of continuous programs is searched, the least lower bound first. Every lower bound is made
/// from multipliers by duality, with the conditions entering exactly and an allowance for rounding;
/// every point is checked against every condition. See <doc:IntegerPrograms>.
public struct BranchAndBound: Sendable {
  /// What a caller may set.
  public struct Settings: Hashable, Sendable {
    /// The relative gap at which the search ends.
    public var relativeGap = 1e-6

    /// The absolute gap at which the search ends; zero leaves it to the relative one.
    public var absoluteGap = 0.0

    /// The largest number of nodes that are examined; open nodes take about 25 n bytes each.
    public var nodeLimit = 1_000_000

    /// The instant after which the search stops; nil for none.
    ///
    /// The clock is read only when this is set.
    public var deadline: ContinuousClock.Instant?

    /// Creates the default settings: a relative gap of 1e-6, a million nodes, no deadline.
    public init() {}

    /// Throws for a gap that is negative or NaN.
    func requireGaps() throws(OptimizationError) {
      try Self.require(relativeGap, "relativeGap")
      try Self.require(absoluteGap, "absoluteGap")
    }

    private static func require(_ gap: Double, _ argument: String) throws(OptimizationError) {
      if gap >= 0 { return }
      throw .invalidValue(argument: argument, index: 0, got: gap, allowed: 0 ... .infinity)
    }
  }

  /// The settings.
  public var settings: Settings

  /// Creates a solver.
  ///
  /// - Parameter settings: The limits.
  public init(settings: Settings = Settings()) { self.settings = settings }

  /// Solves a program.
  ///
  /// The result depends on the program alone, to the last bit, unless a deadline or a cancellation
  /// ends the search.
  ///
  /// - Parameter problem: The program.
  /// - Returns: The best point with its objective, a proven lower bound and what was proved.
  /// - Throws: ``OptimizationError/notConvex(order:)``,
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)`` for a gap that is negative or
  ///   NaN.
  /// - Complexity: A few continuous programs a node; the number of nodes may grow exponentially with
  ///   that of the conditions.
  public func solve(
    _ problem: MixedIntegerProgram
  ) throws(OptimizationError) -> MixedIntegerSolution {
    var workspace = IntegerWorkspace(problem, settings: settings)
    _ = try workspace.solve()
    return workspace.solution
  }
}
