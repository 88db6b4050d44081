// Goals in order: (1) safety: bounds held exactly, no step that raises the value by more than
// rounding, functions that return NaN; (2) few evaluations; (3) O(memory · n) an iteration and no allocation.
//
// Byrd, Lu, Nocedal and Zhu, A limited memory algorithm for bound constrained optimization, SIAM J.
// Sci. Comput. 16 (1995): limited-memory BFGS in compact form, the generalized Cauchy point says
// which bounds are active, the quadratic model is minimized over the other parameters. The end of
// that step is projected (Morales and Nocedal, ACM Trans. Math. Softw. 38, 2011). Line search: strong
// Wolfe conditions, and those of Hager and Zhang, SIAM J. Optim. 16 (2005), where rounding hides the
// decrease.

/// Minimizes a smooth function inside bounds, with the value and the gradient of the caller.
///
/// ```text
/// minimize  f(x)   subject to  lower ≤ x ≤ upper
/// ```
///
/// All memory is taken at the start; a minimization allocates nothing. Keep one solver a thread: it
/// cannot be copied. The minimum is a local one. See <doc:QuasiNewton>.
public struct BoundedQuasiNewton: ~Copyable, Sendable {
  /// What a caller may set.
  public struct Settings: Hashable, Sendable {
    /// The largest number of iterations.
    public var maximumIterations = 5000

    /// The largest component of the projected gradient of a stationary point, in the units of the
    /// function over those of the parameter.
    public var gradientTolerance = 1e-8

    /// The instant after which the solver stops; nil for none.
    ///
    /// The clock is read only when this is set.
    public var deadline: ContinuousClock.Instant?

    /// Creates the default settings: 5000 iterations, a gradient of 1e-8, no deadline.
    public init() {}
  }

  /// A minimization that rounding ended counts as converged with a relative gradient up to this.
  public static let acceptedRelativeGradient = 1e-6

  /// The limits.
  public var settings: Settings

  /// The number of parameters n.
  public let parameterCount: Int

  /// Why the last minimization ended; `iterationLimit` before the first one.
  public internal(set) var status = MinimizationStatus.iterationLimit

  /// The figures of the last minimization.
  public internal(set) var certificate = StationarityCertificate()

  var box: Box
  var x: [Double]
  var gradient: [Double]
  var value = 0.0
  var trial: [Double]
  var trialGradient: [Double]
  var direction: [Double]
  /// Where the model wants to go.
  var end: [Double]
  var memory: QuasiNewtonMemory
  var cauchy: CauchyPoint

  /// Takes the memory for functions of one number of parameters, without bounds.
  ///
  /// - Parameters:
  ///   - parameterCount: The number of parameters n, at least one.
  ///   - memory: The number of steps that are remembered, at least one; 5 to 20 are usual.
  ///   - settings: The limits.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)`` for a count below one.
  public init(
    parameterCount: Int,
    memory: Int = 10,
    settings: Settings = Settings()
  ) throws(OptimizationError) {
    guard parameterCount > 0 else {
      throw .shapeMismatch(argument: "parameters", got: parameterCount, required: 1)
    }
    guard memory > 0 else {
      throw .shapeMismatch(argument: "memory", got: memory, required: 1)
    }
    self.settings = settings
    self.parameterCount = parameterCount
    box = Box(count: parameterCount)
    x = [Double](repeating: 0, count: parameterCount)
    gradient = x
    trial = x
    trialGradient = x
    direction = x
    end = x
    self.memory = QuasiNewtonMemory(count: parameterCount, capacity: memory)
    cauchy = CauchyPoint(count: parameterCount, capacity: memory)
  }

  /// Replaces the bounds of the parameters.
  ///
  /// - Parameters:
  ///   - lower: The n lower bounds; −∞ for none.
  ///   - upper: The n upper bounds; +∞ for none. Equal bounds fix a parameter.
  /// - Throws: `shapeMismatch`, `invalidValue` for NaN, `conflictingBounds`; nothing has changed
  ///   then.
  public mutating func setBounds(
    lower: Span<Double>,
    upper: Span<Double>
  ) throws(OptimizationError) {
    try box.set(lower: lower, upper: upper)
  }

  /// Minimizes a function.
  ///
  /// A trial point with a value or a gradient that is NaN or infinite shortens the step.
  ///
  /// - Parameters:
  ///   - start: The n parameters to start from; moved into the bounds.
  ///   - function: Returns the value for the parameters and fills the gradient.
  /// - Returns: Why the minimization ended; the parameters are an answer if it `isConverged`.
  /// - Throws: `shapeMismatch`, or `invalidValue` when the start, or the value or the gradient there,
  ///   is not finite.
  /// - Complexity: One to two evaluations an iteration; O(m n + m³) beside them for a memory m while
  ///   the set of active bounds is small or all but a few, O(m² n) at most.
  @discardableResult
  public mutating func minimize(
    from start: Span<Double>,
    _ function: (Span<Double>, inout MutableSpan<Double>) -> Double
  ) throws(OptimizationError) -> MinimizationStatus {
    try run(from: start, function)
  }

  /// Lends the parameters and the gradient of the last minimization.
  ///
  /// - Parameter body: Reads the n parameters and the n derivatives.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withMinimum<Result, Failure: Error>(
    _ body: (Span<Double>, Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(x.span, gradient.span)
  }

  /// A copy of the parameters of the last minimization; it allocates.
  public var parameters: [Double] { x }

  /// Where a parameter of the last minimization lies in its interval.
  ///
  /// - Parameter parameter: The position of the parameter; out of range traps.
  /// - Returns: Inside, or exactly at a bound.
  public func bound(of parameter: Int) -> BoundState { box.state(x[parameter], parameter) }
}

/// The figures of a minimization, computed at its last point from the caller's own numbers.
public struct StationarityCertificate: Hashable, Sendable {
  /// The value of the function.
  public internal(set) var value = 0.0

  /// The largest component of the projected gradient.
  ///
  /// A component is zero where the parameter is at a bound and wants to go beyond.
  public internal(set) var projectedGradient = 0.0

  /// The largest projected derivative times its parameter (at least 1), over the value (at least 1).
  public internal(set) var relativeGradient = 0.0

  /// The number of parameters exactly at a bound, fixed ones too.
  public internal(set) var activeBoundCount = 0

  /// The number of iterations.
  public internal(set) var iterations = 0

  /// The number of evaluations of the function with its gradient.
  public internal(set) var evaluations = 0
}
