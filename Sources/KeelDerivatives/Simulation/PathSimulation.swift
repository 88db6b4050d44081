public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Spot prices on given dates, drawn from the law that a model gives them.
///
/// ```swift
/// let simulation = try PathSimulation(
///   of: model, spot: 60_000, rate: 0.04, carryYield: 0, times: [0.25, 0.5], seed: 7)
/// let worst = try simulation.price(pathCount: 100_000) { path in
///   max(0, 60_000 - min(path[0], path[1]))
/// }
/// ```
///
/// There are no steps between the dates and no error of discretization. Path k depends on the seed and k alone.
public struct PathSimulation<Model: PathModel>: Sendable {
  /// What is paid at the last date, in cash, for the spots at all dates.
  public typealias Payoff = @Sendable (_ path: Span<Double>) -> Double

  /// The model of the spot.
  public let model: Model

  /// The spot now, in cash.
  public let spot: Double

  /// The rate, continuously compounded per year.
  public let rate: Double

  /// The yield of the asset, continuously compounded per year.
  public let carryYield: Double

  /// The times to the dates in years, increasing.
  public let times: [Double]

  /// The seed of the random numbers.
  public let seed: UInt64

  /// The most numbers that one call returns or paths that it draws.
  public static var mostNumbers: Int { 1_000_000_000 }

  /// The most dates.
  public static var mostTimes: Int { 1_000_000 }

  private let steps: [(law: Model.Step, carry: Double)]

  /// Creates a simulation.
  ///
  /// - Parameters:
  ///   - model: The model of the spot.
  ///   - spot: The spot now, in cash; positive.
  ///   - rate: The rate, continuously compounded per year.
  ///   - carryYield: The yield of the asset, continuously compounded per year.
  ///   - times: The times to the dates in years: positive and increasing, one to `mostTimes`.
  ///   - seed: The seed of the random numbers; the same seed gives the same paths.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    of model: Model,
    spot: Double,
    rate: Double,
    carryYield: Double,
    times: [Double],
    seed: UInt64
  ) throws(DerivativesError) {
    try requirePositive(spot, "spot")
    try requireFinite(rate, "rate")
    try requireFinite(carryYield, "carryYield")
    try requireInside(Double(times.count), "count of times", 1...Double(Self.mostTimes))
    var (steps, last, duration) = ([(law: Model.Step, carry: Double)](), 0.0, 0.0)
    for time in times {
      guard time > last, time.isFinite else {
        throw .invalidValue(
          argument: "times", got: time, lowest: last.nextUp, highest: .greatestFiniteMagnitude)
      }
      if let step = steps.last, time - last == duration {
        steps.append(step)
      } else {
        duration = time - last
        steps.append((model.step(over: duration), (rate - carryYield) * duration))
      }
      last = time
    }
    self.model = model
    self.spot = spot
    self.rate = rate
    self.carryYield = carryYield
    self.times = times
    self.seed = seed
    self.steps = steps
  }

  /// The price of a payoff.
  ///
  /// - Parameters:
  ///   - pathCount: The number of paths: 3 to `mostNumbers`.
  ///   - pool: The threads to work on; by default the caller's alone. The price is the same.
  ///   - payoff: What is paid at the last date, in cash.
  /// - Returns: The price with its standard error.
  /// - Throws: `DerivativesError.invalidValue` for another number of paths.
  /// - Complexity: O(dates · paths).
  public func price(
    pathCount: Int,
    on pool: BoundedPool? = nil,
    payoff: @escaping Payoff
  ) throws(DerivativesError) -> SimulatedPrice {
    try prices(pathCount: pathCount, on: pool, payoffs: [payoff])[0]
  }

  /// The prices of payoffs on the same paths.
  ///
  /// The last spot, whose mean is its forward, takes away what a payoff has in common with it: the slope is that of the
  /// least squares over the same paths. That needs a finite second moment; without one, prices are plain means, and the
  /// standard error of a payoff that grows with the spot says little.
  ///
  /// - Parameters:
  ///   - pathCount: The number of paths: 3 to `mostNumbers`.
  ///   - pool: The threads to work on; by default the caller's alone. The prices are the same.
  ///   - payoffs: What each pays at the last date, in cash.
  /// - Returns: The prices with their standard errors, in the order of the payoffs. When the calling task was cancelled
  ///   they are those of the paths drawn until then, NaN without any.
  /// - Throws: `DerivativesError.invalidValue` for another number of paths.
  /// - Complexity: O((dates + payoffs) · paths).
  public func prices(
    pathCount: Int,
    on pool: BoundedPool? = nil,
    payoffs: [Payoff]
  ) throws(DerivativesError) -> [SimulatedPrice] {
    try requireInside(Double(pathCount), "pathCount", 3...Double(Self.mostNumbers))
    let expiry = times[times.count - 1]
    let forward = spot * exp((rate - carryYield) * expiry)
    let isControlled = model.momentRange(timeToExpiry: expiry).upperBound > 2
    let blocks = (pool ?? BoundedPool(width: 1)).blockResults(
      count: pathCount, blockLength: Self.blockLength
    ) { range in
      var moments = [PairedMoments](repeating: PairedMoments(), count: payoffs.count)
      forEachPath(in: range) { _, path in
        let control = isControlled ? path[path.count - 1] / forward - 1 : 0
        for (i, payoff) in payoffs.enumerated() { moments[i].add(payoff(path), control) }
      }
      return moments
    }
    let discount = exp(-rate * expiry)
    return payoffs.indices.map { i in
      var total = PairedMoments()
      for block in blocks { total.add(block[i]) }
      let (mean, error) = total.controlledMean
      return SimulatedPrice(
        price: discount * mean, standardError: discount * error, pathCount: Int(total.count))
    }
  }

  /// Paths, for statistics of one's own.
  ///
  /// - Parameters:
  ///   - range: Which paths; none negative.
  ///   - pool: The threads to work on; by default the caller's alone. The paths are the same.
  /// - Returns: The spots in cash, dates × paths: one column a path.
  /// - Throws: `DerivativesError.invalidValue` for negative numbers, or for more than `mostNumbers` spots.
  public func paths(
    _ range: Range<Int>,
    on pool: BoundedPool? = nil
  ) throws(DerivativesError) -> Matrix {
    let most = Self.mostNumbers / times.count
    try requireInside(Double(range.lowerBound), "range", 0...Double(Int.max / 2))
    try requireInside(Double(range.count), "count of paths", 0...Double(most))
    var spots = [Double](repeating: 0, count: range.count * times.count)
    var span = spots.mutableSpan
    (pool ?? BoundedPool(width: 1)).forEachBlock(
      of: &span, blockLength: Self.blockLength * times.count
    ) { start, block in
      let first = range.lowerBound + start / times.count
      forEachPath(in: first..<(first + block.count / times.count)) { k, path in
        for i in path.indices { block[(k - first) * times.count + i] = path[i] }
      }
    }
    do throws(NumericsError) {
      return try Matrix(rowCount: times.count, columnCount: range.count, columnMajor: spots)
    } catch {
      throw .shapeMismatch(argument: "paths", got: spots.count, required: range.count)
    }
  }

  /// Paths of one block, each with a stream of its own.
  private func forEachPath(in range: Range<Int>, _ body: (Int, Span<Double>) -> Void) {
    var path = [Double](repeating: 0, count: times.count)
    for k in range {
      var draws = RandomSequence(RandomStream(seed: seed, stream: UInt64(k)))
      var memory = model.startingMemory
      var logarithm = 0.0
      for (i, step) in steps.enumerated() {
        logarithm += step.carry + model.logGrowth(over: step.law, from: &memory, &draws)
        path[i] = spot * exp(logarithm)
      }
      body(k, path.span)
    }
  }

  private static var blockLength: Int { 1024 }
}
