import CKeelKernels
import KeelNumerics

/// The only door of this module to the C kernels; `unsafe` stands nowhere else.
///
/// Work is cut at fixed blocks. What a kernel leaves of a block is done by the scalar form right
/// after it, on the same thread.
enum OptionKernels {
  /// The options of a block: enough that starting a thread does not show.
  private static let blockLength = 8192

  /// Writes the leading Greeks, each into its own column of the output.
  static func write(
    _ columnCount: Int,
    of columns: OptionColumns,
    _ volatilities: Span<Double>,
    into output: inout MutableSpan<Double>,
    _ pool: BoundedPool?,
    _ level: Kernels.Level
  ) throws(DerivativesError) {
    let count = try checkedCount(columns, volatilities.count, "volatilities")
    guard output.count == count * columnCount else {
      throw .shapeMismatch(
        argument: "output", got: output.count, required: count * columnCount)
    }
    guard count > 0 else { return }
    unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe withPlaces(columns, volatilities) { places in
        let job = unsafe Job(
          places: places, output: target.baseAddress, outcomes: nil, leading: count,
          columnCount: columnCount, level: level.rawValue, columns: columns)
        run(count, pool) { job.price($0) }
      }
    }
  }

  /// Writes implied volatilities and their outcomes.
  static func invert(
    _ columns: OptionColumns,
    _ prices: Span<Double>,
    into volatilities: inout MutableSpan<Double>,
    outcomes: inout MutableSpan<ImpliedVolatilityOutcome>,
    _ pool: BoundedPool?,
    _ level: Kernels.Level
  ) throws(DerivativesError) {
    let count = try checkedCount(columns, prices.count, "prices")
    guard volatilities.count == count else {
      throw .shapeMismatch(
        argument: "volatilities", got: volatilities.count, required: count)
    }
    guard outcomes.count == count else {
      throw .shapeMismatch(argument: "outcomes", got: outcomes.count, required: count)
    }
    guard count > 0 else { return }
    unsafe volatilities.withUnsafeMutableBufferPointer { target in
      unsafe outcomes.withUnsafeMutableBytes { bytes in
        unsafe withPlaces(columns, prices) { places in
          let job = unsafe Job(
            places: places, output: target.baseAddress,
            outcomes: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), leading: count,
            columnCount: 1, level: level.rawValue, columns: columns)
          run(count, pool) { job.invert($0) }
        }
      }
    }
  }

  /// The volatility of one option, or nil where there is none or the kernel does not settle it.
  static func impliedVolatility(
    of option: EuropeanOption,
    price: Double,
    spot: Double,
    rate: Double,
    carryYield: Double
  ) -> ImpliedVolatility? {
    let found = keel_single_implied_volatility(
      option.kind == .call ? 0 : 1, spot, option.strike, option.timeToExpiry, price, rate,
      carryYield, Kernels.Level.automatic.rawValue)
    guard !found.volatility.isNaN else { return nil }
    return ImpliedVolatility(
      settled: found.volatility, price: price, sensitivity: found.sensitivity,
      iterations: Int(found.steps))
  }

  /// The sums of a quadrature at many exponents: of even and odd nodes for each column, then of
  /// magnitudes.
  static func sums(
    of nodes: ExponentialNodes,
    at exponents: [Double],
    _ level: Kernels.Level
  ) -> [Double] {
    let columnCount = nodes.columnCount
    var output = [Double](repeating: 0, count: exponents.count * (2 * columnCount + 1))
    unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe nodes.reals.withUnsafeBufferPointer { x in
        unsafe nodes.imaginaries.withUnsafeBufferPointer { y in
          unsafe nodes.weights.withUnsafeBufferPointer { w in
            unsafe exponents.withUnsafeBufferPointer { k in
              unsafe keel_exponential_sums(
                x.baseAddress, y.baseAddress, w.baseAddress, x.count, Int32(columnCount),
                k.baseAddress, k.count, target.baseAddress, level.rawValue)
            }
          }
        }
      }
    }
    return output
  }

  /// Writes the logarithms of the moments of a block; NaN where the scalar form is to be asked.
  static func setHestonMoments(
    _ model: HestonModel,
    _ time: Double,
    _ block: inout MomentBlock,
    _ level: Kernels.Level
  ) {
    var parameters = keel_heston(
      initial_variance: model.initialVariance, reversion: model.reversion,
      mean_variance: model.meanVariance, slant: model.correlation * model.varianceVolatility,
      squared_noise: model.varianceVolatility * model.varianceVolatility, time: time)
    unsafe block.logMoments.withUnsafeMutableBufferPointer { target in
      unsafe block.reals.withUnsafeBufferPointer { x in
        unsafe block.imaginaries.withUnsafeBufferPointer { y in
          unsafe keel_heston_moments(
            &parameters, x.baseAddress, y.baseAddress, x.count, target.baseAddress, level.rawValue)
        }
      }
    }
  }

  /// Iterates ln(B/X) at the nodes of a rule, padded, until the conditions hold there, and writes the coefficients of
  /// the values, padded, and the last change; the number of steps, negated where that is above the tolerances.
  static func exerciseBoundary(
    _ curve: ExerciseCurve,
    _ rule: ExerciseRule,
    isSmooth: Bool,
    limits: ExerciseLimits,
    _ values: inout [Double],
    _ coefficients: inout [Double],
    _ change: inout Double,
    _ scratch: inout [Double],
    level: Kernels.Level
  ) -> Int {
    var exercise = exercise(curve)
    exercise.is_smooth = isSmooth ? 1 : 0
    var limits = keel_exercise_limits(
      relaxation: limits.relaxation, tolerance: limits.tolerance, rounding: limits.rounding,
      largest_share: limits.largestShare, maximum_steps: Int32(limits.maximumIterations))
    return unsafe rule.tables.withUnsafeBufferPointer { tables in
      unsafe scratch.withUnsafeMutableBufferPointer { scratch in
        unsafe values.withUnsafeMutableBufferPointer { values in
          unsafe coefficients.withUnsafeMutableBufferPointer { coefficients in
            guard let base = tables.baseAddress else { return 0 }
            var places = unsafe exerciseRule(rule, base)
            return unsafe Int(
              keel_exercise_solve(
                &places, &exercise, &limits, scratch.baseAddress, values.baseAddress,
                coefficients.baseAddress, &change, level.rawValue))
          }
        }
      }
    }
  }

  /// The gain from exercise on the continuing side of a boundary, `offset` from now on, and its derivatives by
  /// the spot.
  static func exercisePremium(
    _ curve: ExerciseCurve,
    _ rule: ExerciseRule,
    spot: Double,
    logSpot: Double,
    offset: Double,
    level: Kernels.Level
  ) -> (value: Double, delta: Double, gamma: Double) {
    var result = (0.0, 0.0, 0.0)
    unsafe rule.tables.withUnsafeBufferPointer { tables in
      unsafe curve.coefficients.withUnsafeBufferPointer { coefficients in
        unsafe withUnsafeMutableBytes(of: &result) { output in
          guard let base = tables.baseAddress else { return }
          var places = unsafe exerciseRule(rule, base, isPrice: true)
          var exercise = exercise(curve)
          unsafe keel_exercise_premium(
            &places, &exercise, coefficients.baseAddress, logSpot, spot, offset,
            output.baseAddress?.assumingMemoryBound(to: Double.self), level.rawValue)
        }
      }
    }
    return result
  }

  /// The value on a binomial lattice; both arrays have 33 elements more than steps.
  static func lattice(
    _ values: inout [Double],
    _ ratios: [Double],
    steps: Int,
    kind: EuropeanOption.Kind,
    strike: Double,
    base: Double,
    growth: Double,
    up: Double,
    down: Double,
    level: Kernels.Level
  ) -> Double {
    unsafe values.withUnsafeMutableBufferPointer { values in
      unsafe ratios.withUnsafeBufferPointer { ratios in
        unsafe keel_lattice(
          values.baseAddress, ratios.baseAddress, steps, kind == .call ? 1 : -1, strike, base,
          growth, up, down, level.rawValue)
      }
    }
  }

  private static func exerciseRule(
    _ rule: ExerciseRule,
    _ base: UnsafePointer<Double>,
    isPrice: Bool = false
  ) -> keel_exercise_rule {
    let points = isPrice ? rule.pricePointCount : rule.pointCount
    let count = isPrice ? points : points * rule.nodeCount
    let start = unsafe base + (isPrice ? rule.pricePointsStart : rule.pointsStart)
    return unsafe keel_exercise_rule(
      nodes: Int32(rule.nodeCount), points: Int32(points), positions: base,
      transform: base + rule.transformStart, places: start, roots: start + count,
      inverses: start + 2 * count, weights: start + 3 * count)
  }

  private static func exercise(_ curve: ExerciseCurve) -> keel_exercise {
    let problem = curve.problem
    return keel_exercise(
      rate: problem.rate, yield: problem.yield, volatility: problem.volatility, time: curve.time,
      sign: curve.sign, log_limit: curve.logLimit, shift: curve.shift, is_smooth: 1,
      power: Int32(curve.power))
  }

  private static func checkedCount(
    _ columns: OptionColumns,
    _ other: Int,
    _ argument: String
  ) throws(DerivativesError) -> Int {
    let count = columns.count(with: other)
    try columns.requireCounts(count)
    try OptionColumns.requireCount(other, argument, count)
    return count
  }

  private static func run(
    _ count: Int,
    _ pool: BoundedPool?,
    _ body: @Sendable (Range<Int>) -> Void
  ) {
    guard let pool else { return body(0..<count) }
    pool.forEachBlock(count: count, blockLength: blockLength, body: body)
  }

  /// Where the columns stand; a kind is one byte, zero for a call, as the cases stand in this
  /// order.
  private static func withPlaces(
    _ columns: OptionColumns,
    _ volatilities: Span<Double>,
    _ body: (keel_option_columns) -> Void
  ) {
    var places = unsafe keel_option_columns()
    unsafe columns.spots.withUnsafeBufferPointer { spots in
      unsafe columns.strikes.withUnsafeBufferPointer { strikes in
        unsafe columns.timesToExpiry.withUnsafeBufferPointer { times in
          unsafe columns.rates.withUnsafeBufferPointer { rates in
            unsafe columns.carryYields.withUnsafeBufferPointer { yields in
              unsafe volatilities.withUnsafeBufferPointer { volatilities in
                unsafe columns.kinds.withUnsafeBytes { kinds in
                  unsafe places.inputs = (
                    spots.baseAddress, strikes.baseAddress, times.baseAddress,
                    volatilities.baseAddress, rates.baseAddress, yields.baseAddress
                  )
                  unsafe places.steps = (
                    step(spots.count), step(strikes.count), step(times.count),
                    step(volatilities.count), step(rates.count), step(yields.count)
                  )
                  unsafe places.kinds = kinds.baseAddress?.assumingMemoryBound(to: UInt8.self)
                  unsafe places.kind_step = step(kinds.count)
                  unsafe body(places)
                }
              }
            }
          }
        }
      }
    }
  }

  /// A column of one element is shared, also by a single option.
  private static func step(_ count: Int) -> Int { count == 1 ? 0 : 1 }
}

/// One call's places in memory, which outlive it.
///
/// Unchecked, because the type system cannot see that blocks write to disjoint ranges.
@safe private struct Job: @unchecked Sendable {
  let places: keel_option_columns
  let output: UnsafeMutablePointer<Double>?
  let outcomes: UnsafeMutablePointer<UInt8>?
  let leading: Int
  let columnCount: Int
  let level: Int32
  let columns: OptionColumns

  /// The volatility or price of an option.
  private func given(_ i: Int) -> Double {
    unsafe places.inputs.3?[i * places.steps.3] ?? .nan
  }

  func price(_ range: Range<Int>) {
    guard let output = unsafe output else { return }
    var places = unsafe places
    let left = unsafe keel_black_scholes(
      &places, Int32(columnCount), output, leading, range.lowerBound, range.count, level)
    guard left > 0 else { return }
    for i in range where unsafe output[i].isNaN {
      let model = columns.model(i, volatility: given(i))
      if columnCount == 1 {
        unsafe output[i] = model.price(of: columns.option(i))
        continue
      }
      let greeks = model.greeks(of: columns.option(i))
      for column in 0..<columnCount {
        unsafe output[i + column * leading] = Greek(rawValue: column).map { greeks[$0] } ?? .nan
      }
    }
  }

  func invert(_ range: Range<Int>) {
    guard let output = unsafe output, let outcomes = unsafe outcomes else { return }
    var places = unsafe places
    let left = unsafe keel_implied_volatility(
      &places, output, outcomes, range.lowerBound, range.count, level)
    guard left > 0 else { return }
    for i in range where unsafe outcomes[i] == UInt8(KEEL_LEFT_TO_CALLER) {
      let (value, outcome) = columns.impliedVolatility(i, price: given(i))
      unsafe output[i] = value
      unsafe outcomes[i] = outcome.rawValue
    }
  }
}
