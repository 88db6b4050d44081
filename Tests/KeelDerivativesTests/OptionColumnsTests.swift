import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

/// The rows of `Tests/Reference/black_batch.json`.
struct BatchReference: Decodable {
  let cases: [[Double]]

  static func load() throws -> BatchReference { try Reference.load(Self.self, "black_batch") }

  var columns: OptionColumns {
    OptionColumns(
      kinds: cases.map { kind($0[0]) }, spots: cases.map { $0[1] }, strikes: cases.map { $0[2] },
      timesToExpiry: cases.map { $0[3] }, rates: cases.map { $0[5] },
      carryYields: cases.map { $0[6] })
  }

  var volatilities: [Double] { cases.map { $0[4] } }

  /// The sum of the magnitudes of the condition numbers of the price, times the price.
  static func sensitivity(_ row: [Double]) -> Double {
    let (spot, strike, time, volatility) = (row[1], row[2], row[3], row[4])
    let value = row[7...]
    let parts = [
      spot * value[7 + Greek.delta.column], strike * value[7 + Greek.dualDelta.column],
      time * value[7 + Greek.theta.column], volatility * value[7 + Greek.vega.column],
      row[5] * value[7 + Greek.rho.column], row[6] * value[7 + Greek.carryRho.column],
    ]
    return parts.reduce(0) { $0 + $1.magnitude }
  }
}

/// Seeded columns over every usual and many unusual regions.
func randomColumns(
  count: Int,
  seed: Int,
  depth: Double = 8
) -> (columns: OptionColumns, volatilities: [Double]) {
  var generator = SeededGenerator(seed: UInt64(seed))
  var columns = OptionColumns(
    kinds: [], spots: [], strikes: [], timesToExpiry: [], rates: [], carryYields: [])
  var volatilities: [Double] = []
  for _ in 0..<count {
    let spot = power(10, generator.uniform(-3...6))
    let time = power(10, generator.uniform(-5...1.3))
    let volatility = power(10, generator.uniform(-2...0.5))
    let (rate, carry) = (generator.uniform(-0.2...0.3), generator.uniform(-0.2...0.3))
    let total = volatility * time.squareRoot()
    let distance = (rate - carry) * time + generator.uniform(-depth...depth) * total
    columns.kinds.append(generator.uniform() < 0.5 ? .call : .put)
    columns.spots.append(spot)
    columns.strikes.append(spot * exponential(min(max(distance, -300), 300)))
    columns.timesToExpiry.append(time)
    columns.rates.append(rate)
    columns.carryYields.append(carry)
    volatilities.append(volatility)
  }
  return (columns, volatilities)
}

extension OptionColumns {
  /// The Greeks of all options, a row for each.
  func greeks(
    _ columnCount: Int,
    _ volatilities: [Double],
    count: Int,
    on pool: BoundedPool? = nil,
    level: Kernels.Level = .automatic
  ) throws -> Matrix {
    var result = try Matrix(
      rowCount: count, columnCount: columnCount,
      columnMajor: [Double](repeating: 0, count: count * columnCount))
    try write(columnCount, volatilities.span, &result, pool, level)
    return result
  }

  func option(at i: Int) -> EuropeanOption {
    EuropeanOption(kind: kinds[i], strike: strikes[i], timeToExpiry: timesToExpiry[i])
  }

  func model(at i: Int, _ volatility: Double) -> BlackScholes {
    BlackScholes(
      spot: spots[i], volatility: volatility, rate: rates[i], carryYield: carryYields[i])
  }
}

@Suite struct OptionColumnsTests {
  /// All derivatives in all corners, at every level.
  @Test(arguments: Kernels.Level.allCases)
  func matchesReference(level: Kernels.Level) throws {
    let reference = try BatchReference.load()
    #expect(reference.cases.count > 600)
    let count = reference.cases.count
    let greeks = try reference.columns.greeks(
      Greek.count, reference.volatilities, count: count, level: level)
    var worst = [Double](repeating: 0, count: Greek.count)
    for (i, row) in reference.cases.enumerated() {
      for j in 0..<Greek.count {
        let error = (greeks[i, j] - row[7 + j]).magnitude
        let terms = row[7 + Greek.count + j]
        let relative = error / max(terms, 1e-290)
        worst[j] = max(worst[j], relative)
        #expect(relative <= 1e-14, "\(Greek.allCases[j]) \(greeks[i, j]) for \(row)")
      }
    }
    let most = worst.max() ?? .nan
    #expect(most < 1e-14, "\(worst)")
  }

  /// The price is the exact one for inputs that are moved by four units in the last place.
  @Test(arguments: Kernels.Level.allCases)
  func priceIsWithinTheInputsBox(level: Kernels.Level) throws {
    let reference = try BatchReference.load()
    let count = reference.cases.count
    let prices = try reference.columns.greeks(
      1, reference.volatilities, count: count, level: level)
    for (i, row) in reference.cases.enumerated() {
      let bound = 4 * Double.ulpOfOne * (BatchReference.sensitivity(row) + row[7].magnitude)
      #expect((prices[i, 0] - row[7]).magnitude <= max(bound, 1e-300), "\(row)")
    }
  }

  /// The same for ten thousand prices of every kind, a row being inputs, price and how far relative
  /// moves of the inputs move it.
  @Test(arguments: Kernels.Level.allCases)
  func pricesAreWithinTheInputsBox(level: Kernels.Level) throws {
    let rows = try Reference.load(BatchReference.self, "black_batch_prices").cases
    #expect(rows.count > 10_000)
    let columns = BatchReference(cases: rows).columns
    let prices = try columns.greeks(1, rows.map { $0[4] }, count: rows.count, level: level)
    var worst = 0.0
    for (i, row) in rows.enumerated() {
      let error = (prices[i, 0] - row[7]).magnitude
      worst = max(worst, error / (Double.ulpOfOne * (row[8] + row[7])))
    }
    #expect(worst <= 4, "\(worst)")
  }

  /// A few units in the last place, deep wings apart, where the condition numbers count; prices alone
  /// are exact for inputs moved by four of them.
  @Test(arguments: 1...20)
  func agreesWithTheScalarForm(seed: Int) throws {
    #if DEBUG
      let count = 500
    #else
      let count = 50_000
    #endif
    let (columns, volatilities) = randomColumns(count: count, seed: seed)
    let greeks = try columns.greeks(volatilities: volatilities)
    let prices = try columns.prices(volatilities: volatilities)
    var worst = 0.0
    for i in 0..<count {
      let scalar = columns.model(at: i, volatilities[i]).greeks(of: columns.option(at: i))
      let moved =
        (columns.spots[i] * scalar.delta).magnitude
        + (columns.strikes[i] * scalar.dualDelta).magnitude
        + volatilities[i] * scalar.vega.perUnitVolatility
        + (columns.timesToExpiry[i] * scalar.theta.perYear).magnitude
        + (columns.rates[i] * scalar.rho.perUnitRate).magnitude
        + (columns.carryYields[i] * scalar.carryRho.perUnitRate).magnitude
      let box = 4 * Double.ulpOfOne * (moved + scalar.price) + 1e-300
      #expect((prices[i] - scalar.price).magnitude <= box)
      let values = [
        scalar.price, scalar.delta, scalar.gamma, scalar.vega.perUnitVolatility,
        scalar.rho.perUnitRate, scalar.carryRho.perUnitRate,
      ]
      for (value, greek) in zip(
        values, [Greek.price, .delta, .gamma, .vega, .rho, .carryRho])
      where value.magnitude > 1e-290 {
        worst = max(worst, ulps(greeks[i, greek.column], value))
      }
    }
    #expect(worst <= 64, "\(worst) ulp")
  }

  @Test(arguments: 1...20)
  func keepsParity(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let options = (0..<300).map { _ in RandomOption(using: &generator) }
    var columns = OptionColumns(
      kinds: [.call], forwards: options.map(\.forward), strikes: options.map(\.strike))
    let totals = options.map(\.totalVolatility)
    let calls = try columns.prices(volatilities: totals)
    columns.kinds = [.put]
    let puts = try columns.prices(volatilities: totals)
    for (i, option) in options.enumerated() {
      let (f, k) = (option.forward, option.strike)
      let largest = max(calls[i], puts[i], f, k)
      #expect(((calls[i] - puts[i]) - (f - k)).magnitude <= 2 * largest.ulp)
      let (out, into) = f < k ? (calls[i], puts[i]) : (puts[i], calls[i])
      #expect(into == (f - k).magnitude + out)
      #expect(calls[i] >= 0 && calls[i] <= f && puts[i] >= 0 && puts[i] <= k)
    }
  }

  /// The price is homogeneous in spot and strike, its derivatives obey the Black-Scholes equation.
  @Test(arguments: 1...10)
  func satisfiesItsIdentities(seed: Int) throws {
    let (columns, volatilities) = randomColumns(count: 300, seed: seed, depth: 4)
    let greeks = try columns.allGreeks(volatilities: volatilities)
    for i in 0..<300 {
      func value(_ greek: Greek) -> Double { greeks[i, greek.column] }
      let (spot, strike, time) = (columns.spots[i], columns.strikes[i], columns.timesToExpiry[i])
      let (rate, carry) = (columns.rates[i], columns.carryYields[i])
      let volatility = volatilities[i]
      let (near, far) = (spot * value(.delta), strike * value(.dualDelta))
      expectClose(
        near + far, value(.price), absolute: 1e-14 * (near.magnitude + far.magnitude))
      expectClose(
        strike * strike * value(.dualGamma), spot * spot * value(.gamma), relative: 1e-14)
      expectClose(value(.rho), -time * far, relative: 1e-14)
      expectClose(value(.carryRho), -time * near, relative: 1e-14)
      expectClose(
        value(.vega), volatility * time * spot * spot * value(.gamma), relative: 1e-13)
      // The equation, and its derivative with respect to the spot.
      let diffusion = volatility * volatility * spot / 2
      let terms = [
        value(.charm), diffusion * (2 * value(.gamma) + spot * value(.speed)),
        (rate - carry) * (value(.delta) + spot * value(.gamma)), -rate * value(.delta),
      ]
      let size =
        terms.reduce(0) { $0 + $1.magnitude } + (carry * value(.delta)).magnitude
        + diffusion * value(.gamma) * (2 + volatility * time.squareRoot())
      #expect(terms.reduce(0, +).magnitude <= 1e-12 * size)
    }
  }

  /// Neither the place nor the neighbors of an option, nor sharing, nor the number of threads change
  /// a bit.
  @Test(arguments: Kernels.Level.allCases)
  func dependsOnItsOwnValuesAlone(level: Kernels.Level) throws {
    let (columns, volatilities) = randomColumns(count: 67, seed: 3)
    let whole = try columns.greeks(Greek.count, volatilities, count: 67, level: level)
    for (start, count) in [(0, 1), (1, 2), (5, 13), (17, 33), (66, 1)] {
      let range = start..<(start + count)
      let piece = OptionColumns(
        kinds: Array(columns.kinds[range]), spots: Array(columns.spots[range]),
        strikes: Array(columns.strikes[range]),
        timesToExpiry: Array(columns.timesToExpiry[range]), rates: Array(columns.rates[range]),
        carryYields: Array(columns.carryYields[range]))
      let part = try piece.greeks(
        Greek.count, Array(volatilities[range]), count: count, level: level)
      for i in 0..<count {
        for j in 0..<Greek.count {
          #expect(part[i, j].bitPattern == whole[start + i, j].bitPattern)
        }
      }
    }
    var shared = columns
    shared.kinds = [.put]
    shared.spots = [100]
    shared.timesToExpiry = [0.3]
    shared.rates = [0.02]
    shared.carryYields = [-0.01]
    var spread = shared
    spread.kinds = Array(repeating: .put, count: 67)
    spread.spots = Array(repeating: 100, count: 67)
    spread.timesToExpiry = Array(repeating: 0.3, count: 67)
    spread.rates = Array(repeating: 0.02, count: 67)
    spread.carryYields = Array(repeating: -0.01, count: 67)
    let first = try shared.greeks(Greek.count, [0.4], count: 67, level: level)
    let second = try spread.greeks(
      Greek.count, Array(repeating: 0.4, count: 67), count: 67, level: level)
    #expect(first == second)
  }

  /// Nor does the place of the output in memory, wherever an option is that the scalar form computes.
  @Test func outputBeginsAnywhere() throws {
    let count = 67
    for special in 0...count {
      var (columns, volatilities) = randomColumns(count: count, seed: 5)
      if special < count { columns.timesToExpiry[special] = 0 }
      let whole = try columns.prices(volatilities: volatilities)
      #expect(!whole.contains { $0.isNaN })
      for start in 0..<9 {
        var buffer = [Double](repeating: -1, count: count + 9)
        do {
          var span = buffer.mutableSpan
          var output = span._mutatingExtracting(start..<(start + count))
          try columns.prices(volatilities: volatilities.span, into: &output)
        }
        let around = buffer[..<start] + buffer[(start + count)...]
        #expect(Array(buffer[start..<(start + count)]) == whole, "from \(start)")
        #expect(around.allSatisfy { $0 == -1 })
      }
    }
  }

  @Test func threadsDoNotChangeABit() throws {
    let count = 20_001
    var (columns, volatilities) = randomColumns(count: count, seed: 11)
    columns.timesToExpiry[9000] = 0
    volatilities[12_345] = .nan
    let alone = try columns.greeks(Greek.count, volatilities, count: count)
    for width in [1, 2, 5] {
      let together = try columns.greeks(
        Greek.count, volatilities, count: count, on: BoundedPool(width: width))
      let bits = alone.columnMajorElements.map(\.bitPattern)
      let isSame = together.columnMajorElements.map(\.bitPattern) == bits
      #expect(isSame, "width \(width)")
    }
  }

  /// NaN outside the domain, the scalar form's limits at its edge, in every place.
  @Test(arguments: Kernels.Level.allCases)
  func isDefinedForHostileNumbers(level: Kernels.Level) throws {
    for number in hostileNumbers {
      for place in 0..<6 {
        var inputs = [100.0, 110.0, 0.5, 0.3, 0.05, 0.01]
        inputs[place] = number
        for kind in EuropeanOption.Kind.allCases {
          let columns = OptionColumns(
            kinds: [kind, .call, .put], spots: [inputs[0], 100, 90],
            strikes: [inputs[1], 100, 100], timesToExpiry: [inputs[2], 1, 2],
            rates: [inputs[4], 0, 0.1], carryYields: [inputs[5], 0, 0.1])
          let greeks = try columns.greeks(
            Greek.count, [inputs[3], 0.2, 0.3], count: 3, level: level)
          let scalar = columns.model(at: 0, inputs[3]).greeks(of: columns.option(at: 0))
          let values = [
            scalar.price, scalar.delta, scalar.gamma, scalar.vega.perUnitVolatility,
            scalar.theta.perYear, scalar.rho.perUnitRate, scalar.carryRho.perUnitRate,
          ]
          for (j, value) in values.enumerated() {
            expectClose(greeks[0, j], value, relative: 1e-14, absolute: 1e-300, "\(inputs) \(j)")
          }
          let isRate = place >= 4
          if !number.isFinite || (number < 0 && !isRate) {
            for j in 0..<Greek.count { #expect(greeks[0, j].isNaN) }
          } else if number == 0 || number.magnitude < 1e-200 {
            for j in 0..<Greek.count { #expect(!greeks[0, j].isNaN, "\(inputs) \(j)") }
          }
          for j in 0..<Greek.count {
            #expect(greeks[1, j].isFinite && greeks[2, j].isFinite)
          }
        }
      }
    }
  }

  @Test func hasItsLimits() throws {
    // Away from the money nothing but the holding's decay is left.
    let expired = OptionColumns(
      kinds: [.call, .put, .call], spots: [100, 100, 100], strikes: [90, 120, 100],
      timesToExpiry: [0], rates: [0.1], carryYields: [0.02])
    let greeks = try expired.greeks(Greek.count, [0.5], count: 3)
    #expect(greeks[0, Greek.price.column] == 10 && greeks[1, Greek.price.column] == 20)
    #expect(greeks[0, Greek.dualDelta.column] == -1 && greeks[1, Greek.dualDelta.column] == 1)
    #expect(greeks[0, Greek.charm.column] == 0.02 && greeks[1, Greek.charm.column] == -0.02)
    for greek in [Greek.dualGamma, .vanna, .volga, .veta, .speed, .zomma, .color, .ultima] {
      #expect(greeks[0, greek.column] == 0 && greeks[1, greek.column] == 0)
    }
    // At the kink.
    #expect(greeks[2, Greek.dualDelta.column] == -0.5)
    #expect(greeks[2, Greek.dualGamma.column] == .infinity)
    #expect(greeks[2, Greek.speed.column] == -.infinity)
    #expect(greeks[2, Greek.color.column] == .infinity)
    #expect(greeks[2, Greek.vanna.column] == 0 && greeks[2, Greek.volga.column] == 0)
    // Limits are approached by the kernel itself.
    let still = OptionColumns(
      kinds: [.call], spots: [100], strikes: [100], timesToExpiry: [2], rates: [0.03],
      carryYields: [0.03])
    let limit = try still.greeks(Greek.count, [0], count: 1)
    let near = try still.greeks(Greek.count, [1e-9], count: 1)
    for greek in [Greek.price, .delta, .vega, .rho, .carryRho, .dualDelta, .vanna, .veta, .ultima] {
      expectClose(
        near[0, greek.column], limit[0, greek.column], relative: 1e-8, absolute: 1e-6, "\(greek)")
    }
  }

  @Test func namesTheColumnThatDoesNotFit() throws {
    let columns = OptionColumns(
      kinds: [.call], spots: [100], strikes: [90, 100, 110], timesToExpiry: [1, 2],
      rates: [0], carryYields: [0])
    #expect(
      throws: DerivativesError.shapeMismatch(argument: "timesToExpiry", got: 2, required: 3)
    ) { try columns.prices(volatilities: [0.2]) }
    var fitting = columns
    fitting.timesToExpiry = [1]
    #expect(
      throws: DerivativesError.shapeMismatch(argument: "volatilities", got: 2, required: 3)
    ) { try fitting.prices(volatilities: [0.2, 0.3]) }
    #expect(throws: DerivativesError.shapeMismatch(argument: "output", got: 14, required: 21)) {
      try fitting.greeks(7, [0.2], count: 2)
    }
    var wide = try Matrix(
      rowCount: 3, columnCount: 6, columnMajor: [Double](repeating: 1, count: 18))
    #expect(
      throws: DerivativesError.shapeMismatch(
        argument: "output.columnCount", got: 6, required: 7)
    ) { try fitting.greeks(volatilities: [0.2].span, into: &wide) }
    #expect(wide.columnMajorElements == [Double](repeating: 1, count: 18))
    fitting.strikes = []
    #expect(try fitting.prices(volatilities: [0.2]).isEmpty)
    fitting.spots = [1, 2]
    #expect(throws: DerivativesError.shapeMismatch(argument: "spots", got: 2, required: 0)) {
      try fitting.prices(volatilities: [0.2])
    }
    #expect(try columns.columnsOf(count: 1).prices(volatilities: [0.2]).count == 1)
  }

  /// The kernels read kinds as bytes, zero for a call.
  @Test func kindsAreBytes() {
    #expect(MemoryLayout<EuropeanOption.Kind>.stride == 1)
    #expect(unsafe unsafeBitCast(EuropeanOption.Kind.call, to: UInt8.self) == 0)
    #expect(unsafe unsafeBitCast(EuropeanOption.Kind.put, to: UInt8.self) == 1)
    for outcome in ImpliedVolatilityOutcome.allCases {
      #expect(unsafe unsafeBitCast(outcome, to: UInt8.self) == outcome.rawValue)
    }
  }
}

extension OptionColumns {
  /// The first options.
  fileprivate func columnsOf(count: Int) -> OptionColumns {
    var first = self
    first.strikes = Array(strikes.prefix(count))
    first.timesToExpiry = Array(timesToExpiry.prefix(count))
    return first
  }
}
