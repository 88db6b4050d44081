import KeelData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A forecast of each asset's volatility from what an engine remembers.
public protocol VolatilityForecast: SurfaceReader, Sendable, Encodable {
  /// The rows of the past that it needs beside what a memory always keeps.
  var rowsNeeded: Int { get }

  /// Forecasts the volatilities.
  ///
  /// - Parameter memory: The past.
  /// - Returns: One annualized volatility an asset of the memory's universe; nil where too little is known.
  func volatilities(_ memory: MarketMemory) -> [Double?]
}

/// The exponentially weighted volatility that the memory keeps.
public struct ExponentialVolatility: VolatilityForecast, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The returns before it speaks.
  public let returnsNeeded: Int

  /// Creates a forecast.
  ///
  /// - Parameter returnsNeeded: The returns before it speaks: at least 1.
  /// - Throws: `EngineError.invalidValue`.
  public init(returnsNeeded: Int = 20) throws(EngineError) {
    try requireNumber(Double(returnsNeeded), "returnsNeeded", 1...1e9)
    self.returnsNeeded = returnsNeeded
  }

  /// None: it is part of the memory.
  public var rowsNeeded: Int { 0 }

  /// Forecasts the volatilities; see the type.
  public func volatilities(_ memory: MarketMemory) -> [Double?] {
    memory.universe.assets.enumerated().map { place, asset in
      memory.returnCount(of: asset) >= returnsNeeded ? memory.volatility(place) : nil
    }
  }
}

/// The volatility over a window of the last rows, all of one weight.
public struct WindowVolatility: VolatilityForecast, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The returns in the window.
  public let returnCount: Int

  /// Creates a forecast.
  ///
  /// - Parameter returnCount: The returns in the window: 2 to 10⁶ − 1.
  /// - Throws: `EngineError.invalidValue`.
  public init(returnCount: Int) throws(EngineError) {
    try requireNumber(Double(returnCount), "returnCount", 2...999_999)
    self.returnCount = returnCount
  }

  /// One row more than returns.
  public var rowsNeeded: Int { returnCount + 1 }

  /// Forecasts the volatilities; see the type.
  ///
  /// An asset with a gap in the window has none.
  public func volatilities(_ memory: MarketMemory) -> [Double?] {
    guard let history = memory.view()?.history, history.rowCount >= rowsNeeded else {
      return memory.universe.assets.map { _ in nil }
    }
    let first = history.rowCount - rowsNeeded
    let years = history.timestamps[history.rowCount - 1].years(since: history.timestamps[first])
    return memory.universe.assets.indices.map { asset in
      var sum = 0.0
      for row in (first + 1)..<history.rowCount {
        guard let now = history[row, asset], let before = history[row - 1, asset] else {
          return nil
        }
        let change = log(now / before)
        sum += change * change
      }
      return (sum / years).squareRoot()
    }
  }
}
