public import KeelData
import KeelMarkets
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// What an engine remembers of the market: enough for its stages, in memory that does not grow.
//
// Covariances are exponentially weighted over log returns, without a mean:
//
//   C ← d C + (1 − d) r rᵀ,  W_i ← d W_i + (1 − d),  d = 2^(−1/half-life),  estimate C_ij/(√W_i √W_j)
//
// where the weight of an asset counts from its first price, so that a young one has the variance of its own life and the
// matrix stays semidefinite. An asset without a price keeps its last one: its next return covers the gap. Time is
// remembered with the same weights, which annualizes estimates whatever the steps are.

/// The part of the past that an engine keeps between steps.
public struct MarketMemory: Hashable, Sendable, Codable {
  /// The assets, cash included.
  public let universe: Universe

  /// The steps after which a return counts half.
  public let halfLife: Double

  /// The number of last rows that are kept.
  public let rowCapacity: Int

  /// The number of returns so far.
  public private(set) var returnCount = 0

  private var times: [Timestamp] = []
  private var rows: [Double] = []
  private var lastPrices: [Double]
  private var products: [Double]
  private var weights: [Double]
  private var returnCounts: [Int]
  private var totalWeight = 0.0
  private var totalYears = 0.0
  private var series: [String: ObservedSeries] = [:]

  /// Creates an empty memory.
  ///
  /// - Parameters:
  ///   - universe: The N assets, cash included.
  ///   - halfLife: The steps after which a return counts half: positive, finite.
  ///   - rowCapacity: The number of last rows to keep: 1 to 10⁶.
  /// - Throws: `EngineError.invalidValue`.
  public init(universe: Universe, halfLife: Double, rowCapacity: Int) throws(EngineError) {
    try requireNumber(halfLife, "halfLife", .positive)
    try requireNumber(Double(rowCapacity), "rowCapacity", 1...1e6)
    self.universe = universe
    self.halfLife = halfLife
    self.rowCapacity = rowCapacity
    lastPrices = [Double](repeating: .nan, count: universe.count)
    products = [Double](repeating: 0, count: universe.count * (universe.count + 1) / 2)
    weights = [Double](repeating: 0, count: universe.count)
    returnCounts = [Int](repeating: 0, count: universe.count)
  }

  /// The time of the last row; nil before the first.
  public var lastTime: Timestamp? { times.last }

  /// The last price of each asset; NaN before its first.
  public var prices: [Double] { lastPrices }

  /// Takes in a market.
  ///
  /// - Parameters:
  ///   - market: The market, over the same universe and later than the last one; prices that are not
  ///     positive and finite count as missing.
  ///   - quoted: Series that were read off its quotes; a series of the host's own of the same name counts instead.
  /// - Complexity: O(N²).
  mutating func observe(_ market: MarketSnapshot, quoted: [String: [AssetID: Double]] = [:]) {
    let decay = exp2(-1 / halfLife)
    var returns = [Double](repeating: 0, count: lastPrices.count)
    for i in returns.indices {
      let price = market.prices[i]
      let isListed = lastPrices[i] > 0
      if !times.isEmpty {
        weights[i] = decay * weights[i] + (isListed ? 1 - decay : 0)
      }
      guard price > 0 && price.isFinite else { continue }
      if isListed {
        returns[i] = log(price / lastPrices[i])
        returnCounts[i] += 1
      }
      lastPrices[i] = price
    }
    if let last = times.last {
      addProducts(of: returns, decay: decay)
      totalWeight = decay * totalWeight + (1 - decay)
      totalYears = decay * totalYears + (1 - decay) * market.time.years(since: last)
      returnCount += 1
    }
    if times.count >= 2 * rowCapacity {
      times.removeFirst(rowCapacity)
      rows.removeFirst(rowCapacity * lastPrices.count)
    }
    times.append(market.time)
    rows.append(contentsOf: market.prices)
    if quoted.isEmpty && market.series.isEmpty { return }
    for (name, values) in quoted.merging(market.series, uniquingKeysWith: { $1 }) {
      series[name, default: ObservedSeries([])]
        .append(.init(time: market.time, values: values), keeping: rowCapacity)
    }
  }

  /// Lets the products of returns decay and adds those of a row.
  private mutating func addProducts(of returns: [Double], decay: Double) {
    var sums = products.mutableSpan
    let row = returns.span
    var place = 0
    for i in row.indices {
      let scaled = (1 - decay) * row[i]
      for j in 0...i {
        sums[place] = decay * sums[place] + scaled * row[j]
        place += 1
      }
    }
  }

  /// The years that a step takes, on average with the same weights; nil before the first return.
  public var yearsPerStep: Double? { totalWeight > 0 ? totalYears / totalWeight : nil }

  /// The returns that an asset has had.
  ///
  /// - Parameter asset: An asset.
  /// - Returns: The number; zero for an unknown one.
  public func returnCount(of asset: AssetID) -> Int {
    universe.position(of: asset).map { returnCounts[$0] } ?? 0
  }

  /// The returns that the asset at a place has had.
  func returnCount(at place: Int) -> Int { returnCounts[place] }

  /// The covariance of the log returns of two assets per step.
  func covariance(_ i: Int, _ j: Int) -> Double {
    let weight = weights[i].squareRoot() * weights[j].squareRoot()
    return weight > 0 ? products[Self.place(i, j)] / weight : 0
  }

  /// The place of a pair in the lower triangle by rows.
  private static func place(_ i: Int, _ j: Int) -> Int {
    let (high, low) = (max(i, j), min(i, j))
    return high * (high + 1) / 2 + low
  }

  /// The volatility of an asset, annualized; zero before the first return.
  ///
  /// - Parameter place: The position of the asset.
  /// - Returns: The volatility as a fraction.
  func volatility(_ place: Int) -> Double {
    guard let years = yearsPerStep, years > 0 else { return 0 }
    return (covariance(place, place) / years).squareRoot()
  }

  /// The volatility of weights, annualized; nil before the first return.
  ///
  /// - Parameter weights: One weight an asset, in the order of the universe.
  /// - Returns: The volatility as a fraction.
  /// - Complexity: O(N²).
  public func volatility(of weights: [Double]) -> Double? {
    guard weights.count == lastPrices.count, let years = yearsPerStep, years > 0 else { return nil }
    let scaled = zip(weights, self.weights).map { $1 > 0 ? $0 / $1.squareRoot() : 0 }
    var sum = 0.0
    var place = 0
    for i in scaled.indices {
      for j in 0..<i { sum += 2 * scaled[i] * scaled[j] * products[place + j] }
      sum += scaled[i] * scaled[i] * products[place + i]
      place += i + 1
    }
    return (max(sum, 0) / years).squareRoot()
  }

  /// The covariance of some assets per step.
  ///
  /// - Parameter assets: Assets of the universe.
  /// - Returns: Their covariance; nil before the first return.
  /// - Throws: `EngineError.unknownAsset`.
  public func covariance(of assets: [AssetID]) throws(EngineError) -> Covariance? {
    var places: [Int] = []
    for asset in assets {
      guard let place = universe.position(of: asset) else { throw .unknownAsset(asset) }
      places.append(place)
    }
    do throws(DataError) {
      return try covariance(places, Universe(assets))
    } catch {
      throw EngineError(error, asset: assets.first ?? AssetID(""))
    }
  }

  /// The covariance of the assets at some places, over a universe of just them.
  func covariance(_ places: [Int], _ universe: Universe) throws(DataError) -> Covariance? {
    guard totalWeight > 0 else { return nil }
    // A sum of squares with positive weights: semidefinite by construction.
    let order = places.count
    let roots = places.map { weights[$0].squareRoot() }
    var values = [Double](repeating: 0, count: order * order)
    var entries = values.mutableSpan
    let (sums, rows, scales) = (products.span, places.span, roots.span)
    for column in rows.indices where scales[column] > 0 {
      for row in column..<order where scales[row] > 0 {
        let place = Self.place(rows[row], rows[column])
        entries[row + column * order] = sums[place] / (scales[row] * scales[column])
      }
    }
    return try Covariance(
      universe: universe, dense: SymmetricMatrix(lowerTriangleOf: values, order: order),
      definiteness: .byConstruction)
  }

  /// What signals may see now: the rows that are kept.
  ///
  /// - Returns: The view; nil before the first row.
  /// - Complexity: O(rows · N).
  public func view() -> SignalView? {
    guard let time = times.last else { return nil }
    let count = min(times.count, rowCapacity)
    let width = lastPrices.count
    guard var values = try? Matrix(rowCount: count, columnCount: width) else { return nil }
    var availability = [Availability](repeating: .value, count: count * width)
    let first = times.count - count
    for j in 0..<width {
      var hasPrice = false
      for i in 0..<count {
        let price = rows[(first + i) * width + j]
        if price > 0 && price.isFinite {
          values[i, j] = price
          hasPrice = true
        } else {
          availability[i + j * count] = hasPrice ? .noTrade : .notListed
        }
      }
    }
    guard
      let history = try? PriceHistory(
        universe: universe, timestamps: Array(times[first...]), prices: values,
        availability: availability)
    else { return nil }
    return SignalView(history: history, series: series, time: time)
  }
}
