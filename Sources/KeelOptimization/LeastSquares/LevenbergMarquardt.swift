// Goals in order: (1) a stationary point to the last digits the residuals allow; (2) safety: bounds
// held exactly, functions that return NaN, dependent columns, bad scales; (3) few evaluations;
// (4) no allocation from the second fit on, none an iteration.
//
// Trust region in the scaled norm and the control of its radius: Moré, The Levenberg-Marquardt
// algorithm, Lecture Notes in Mathematics 630 (1978). Bounds: the linear model is minimized inside
// box and radius together, which is a trust-region method for convex constraints: Conn, Gould and
// Toint, Trust-Region Methods (2000), chapter 12.

/// Fits parameters to residuals by least squares, inside bounds.
///
/// ```text
/// minimize  1/2 Σ rₖ(x)²   subject to  lower ≤ x ≤ upper
/// ```
///
/// All memory is taken at the start; a fit allocates nothing. Keep one solver a thread: it cannot be
/// copied. The minimum is a local one. See <doc:LeastSquaresFits>.
public struct LevenbergMarquardt: ~Copyable, Sendable {
  /// What a caller may set.
  public struct Settings: Hashable, Sendable {
    /// The largest number of trial steps; fits take 5 to 100.
    public var maximumIterations = 1000

    /// The relative offset below which a point is stationary.
    ///
    /// It is the part of the residuals' length that the linear model can still take away (Bates and
    /// Watts, Technometrics 23, 1981). Times √(m − n) it is the distance to the stationary point in
    /// standard errors.
    public var offsetTolerance = 1e-12

    /// The first trust radius relative to the scaled length of the start.
    ///
    /// With 10 all of NIST's regressions end at their certified values from both starts; 20 and more
    /// step over the minimum of BoxBOD, some of 2 and less end elsewhere on MGH09 or MGH10.
    public var initialRadius = 10.0

    /// The instant after which the solver stops; nil for none.
    ///
    /// The clock is read only when this is set.
    public var deadline: ContinuousClock.Instant?

    /// Creates the default settings: 1000 trial steps, an offset of 1e-12, no deadline.
    public init() {}
  }

  /// A fit that rounding ended counts as converged with a cosine up to this.
  public static let acceptedCosine = 1e-5

  /// The limits.
  public var settings: Settings

  /// The number of residuals m.
  public let residualCount: Int

  /// The number of parameters n.
  public let parameterCount: Int

  /// Why the last fit ended; `iterationLimit` before the first one.
  public internal(set) var status = MinimizationStatus.iterationLimit

  /// The figures of the last fit.
  public internal(set) var certificate = LeastSquaresCertificate()

  var box: Box
  var x: [Double]
  var residuals: [Double]
  var jacobian: [Double]
  var trial: [Double]
  var trialResiduals: [Double]
  var trialJacobian: [Double]
  /// The largest length that each column had.
  var scale: [Double]
  /// Jᵀr, divided by the scale.
  var gradient: [Double]
  var columnLengths: [Double]
  var cost = 0.0
  var radius = 0.0
  var cosine = 0.0
  var noise = 0.0
  var reduction: PivotedReduction
  var step: DampedBoxStep
  var search = TrustRegionStep()
  var differences: FiniteDifferences

  /// Takes the memory for fits of one shape, without bounds.
  ///
  /// - Parameters:
  ///   - residualCount: The number of residuals m, at least one; may be less than the parameters.
  ///   - parameterCount: The number of parameters n, at least one.
  ///   - settings: The limits.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)`` for a count below one.
  public init(
    residualCount: Int,
    parameterCount: Int,
    settings: Settings = Settings()
  ) throws(OptimizationError) {
    guard residualCount > 0 else {
      throw .shapeMismatch(argument: "residuals", got: residualCount, required: 1)
    }
    guard parameterCount > 0 else {
      throw .shapeMismatch(argument: "parameters", got: parameterCount, required: 1)
    }
    self.settings = settings
    self.residualCount = residualCount
    self.parameterCount = parameterCount
    box = Box(count: parameterCount)
    x = [Double](repeating: 0, count: parameterCount)
    residuals = [Double](repeating: 0, count: residualCount)
    jacobian = [Double](repeating: 0, count: residualCount * parameterCount)
    trial = x
    trialResiduals = residuals
    trialJacobian = jacobian
    scale = x
    gradient = x
    columnLengths = x
    reduction = PivotedReduction(
      largestRowCount: residualCount, largestColumnCount: parameterCount)
    step = DampedBoxStep(
      parameterCount: parameterCount, triangleRowCount: min(residualCount, parameterCount))
    differences = FiniteDifferences(
      residualCount: residualCount, parameterCount: parameterCount)
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
}

// MARK: - Fitting

extension LevenbergMarquardt {
  /// Fits the parameters with derivatives of the caller.
  ///
  /// A trial point where a residual or a derivative is NaN or infinite, or where the sum of squares
  /// overflows, shortens the step.
  ///
  /// - Parameters:
  ///   - start: The n parameters to start from; moved into the bounds.
  ///   - function: Fills the m residuals for the parameters.
  ///   - derivatives: Fills ∂rₖ/∂xⱼ at k + j·m: m rows, column after column.
  /// - Returns: Why the fit ended; the parameters are an answer if it `isConverged`.
  /// - Throws: `shapeMismatch`, or `invalidValue` when the start, or a residual or a derivative at
  ///   the start, is not finite.
  /// - Complexity: One evaluation of `function` a step and one of `derivatives` an accepted step;
  ///   O(m n²) an accepted step, O(n³) for each damping tried.
  @discardableResult
  public mutating func fit(
    from start: Span<Double>,
    residuals function: (Span<Double>, inout MutableSpan<Double>) -> Void,
    jacobian derivatives: (Span<Double>, inout MutableSpan<Double>) -> Void
  ) throws(OptimizationError) -> MinimizationStatus {
    try run(from: start, function, derivatives, usesDifferences: false)
  }

  /// Fits the parameters with derivatives by central differences.
  ///
  /// A derivative is good to about 1e-10 relative to the largest |r| / |x| and |r'|; the point where
  /// the fit ends moves by that times the size of the residuals. Two evaluations a parameter for each
  /// Jacobian, none outside the bounds.
  ///
  /// - Parameters:
  ///   - start: The n parameters to start from; moved into the bounds.
  ///   - function: Fills the m residuals for the parameters.
  /// - Returns: Why the fit ended; the parameters are an answer if it `isConverged`.
  /// - Throws: As ``fit(from:residuals:jacobian:)``.
  /// - Complexity: 2 n + 1 evaluations an accepted step.
  @discardableResult
  public mutating func fit(
    from start: Span<Double>,
    residuals function: (Span<Double>, inout MutableSpan<Double>) -> Void
  ) throws(OptimizationError) -> MinimizationStatus {
    try run(from: start, function, { _, _ in }, usesDifferences: true)
  }
}

// MARK: - Results

extension LevenbergMarquardt {
  /// Lends the parameters and the residuals of the last fit.
  ///
  /// - Parameter body: Reads the n parameters and the m residuals.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withFit<Result, Failure: Error>(
    _ body: (Span<Double>, Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(x.span, residuals.span)
  }

  /// A copy of the parameters of the last fit; it allocates.
  public var parameters: [Double] { x }

  /// Where a parameter of the last fit lies in its interval.
  ///
  /// - Parameter parameter: The position of the parameter; out of range traps.
  /// - Returns: Inside, or exactly at a bound.
  public func bound(of parameter: Int) -> BoundState { box.state(x[parameter], parameter) }
}
