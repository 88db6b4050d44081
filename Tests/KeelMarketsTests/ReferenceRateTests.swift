import Foundation
import KeelData
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct ReferenceRateTests {
  private struct Mixture: Decodable {
    let sources: [[Double]]
    let rates: [Double]
    let median: Double
    let mean: Double
  }

  private struct File: Decodable {
    let quotes: [[Double]]
    let growths: [[Double]]
    let mixtures: [Mixture]
  }

  private static func compounding(_ credits: Double) -> QuotedRate.Compounding {
    switch credits {
    case 0: .continuous
    case 31_536_000: .everySecond
    default: .periodic(perYear: credits)
    }
  }

  private static func source(_ row: [Double], _ name: String) -> ReferenceRate.Source {
    ReferenceRate.Source(
      name, quote: QuotedRate(row[0], compounding(row[1])), capital: row[2],
      hazardPerYear: row[3], lossGivenFailure: row[4],
      staking: row[5] + row[6] > 0
        ? .init(commission: row[5], slashingHazardPerYear: row[6], lossGivenSlashing: row[7])
        : nil)
  }

  private static func random(_ generator: inout SeededGenerator, count: Int)
    -> [ReferenceRate.Source]
  {
    (0..<count).map { k in
      source(
        [
          generator.uniform(-0.01...0.2), generator.uniform() < 0.5 ? 0 : 1,
          exp(generator.uniform(0...6)), generator.uniform(0...0.05), generator.uniform(),
          generator.uniform() < 0.5 ? 0 : 0.1, 0, 0,
        ], "S\(k)")
    }
  }

  /// The logarithm is as sharp as its argument lets it be: near a credit that takes all, less.
  @Test func quotesMatchReferences() throws {
    for row in try Reference.load(File.self, "reference_rate").quotes {
      let compounding = Self.compounding(row[1])
      let rate = QuotedRate(row[0], compounding).continuouslyCompounded
      expectClose(rate, row[2], relative: (2 + row[3]) * 0x1p-52)
      let back = QuotedRate(continuouslyCompounded: row[2], as: compounding)
      expectClose(back.perYear, row[0], relative: (2 + 2 / min(row[3], 1)) * 0x1p-52)
      if case .periodic(let credits) = compounding {
        let simple = QuotedRate(row[0], .simple(periodInYears: 1 / credits))
        expectClose(simple.continuouslyCompounded, rate, relative: 4 * row[3] * 0x1p-52)
      }
    }
  }

  @Test func indicesMatchReferences() throws {
    for row in try Reference.load(File.self, "reference_rate").growths {
      let quote = try QuotedRate(indexFrom: row[0], to: row[1], years: row[2])
      #expect(quote.compounding == .continuous)
      expectClose(quote.perYear, row[3], relative: 0x1p-50)
    }
  }

  @Test func mixturesMatchReferences() throws {
    for mixture in try Reference.load(File.self, "reference_rate").mixtures {
      let sources = mixture.sources.map { Self.source($0, "any") }
      let median = try ReferenceRate(sources: sources)
      for (contribution, rate) in zip(median.contributions, mixture.rates) {
        let parts = contribution.grossRate.magnitude + contribution.expectedLoss
        expectClose(contribution.rate, rate, absolute: parts * 0x1p-50)
      }
      expectClose(median.rate, mixture.median, absolute: 1e-15)
      let mean = try ReferenceRate(sources: sources, method: .mean)
      expectClose(mean.rate, mixture.mean, absolute: 1e-15)
    }
  }

  /// By hand: 12 % simple over a month grows by 1 %, twelve times; half of 0.2 % and a tenth of 1 % are lost a year.
  @Test func isAsByHand() throws {
    let monthly = QuotedRate(0.12, .simple(periodInYears: 1.0 / 12))
    expectClose(exp(monthly.continuouslyCompounded), pow(1.01, 12), relative: 1e-15)
    let effective = QuotedRate(0.05, .periodic(perYear: 1))
    expectClose(effective.continuouslyCompounded, log(1.05), relative: 1e-14)
    #expect(QuotedRate(0.05, .continuous).continuouslyCompounded == 0.05)
    let second = QuotedRate(0.05, .everySecond).continuouslyCompounded
    expectClose(0.05 - second, 0.05 * 0.05 / 2 / 31_536_000, relative: 1e-5)
    let staked = ReferenceRate.Source(
      "staked", quote: QuotedRate(0.04, .continuous), capital: 3, hazardPerYear: 0.002,
      lossGivenFailure: 0.5,
      staking: .init(commission: 0.1, slashingHazardPerYear: 0.01, lossGivenSlashing: 0.1))
    let lent = ReferenceRate.Source("lent", quote: QuotedRate(0.05, .continuous), capital: 2)
    let idle = ReferenceRate.Source("idle", quote: QuotedRate(-0.01, .continuous), capital: 1)
    let reference = try ReferenceRate(sources: [lent, staked, idle])
    // One of six units of capital lies below 3.4 %, two above.
    expectClose(reference.rate, 0.034, relative: 1e-14)
    expectClose(reference.spread, 0.06, relative: 1e-14)
    let parts = reference.contributions
    #expect(parts.map(\.name) == ["lent", "staked", "idle"] && parts.map(\.place) == [0, 1, 2])
    expectClose(parts[1].grossRate, 0.036, relative: 1e-14)
    expectClose(parts[1].expectedLoss, 0.002, relative: 1e-14)
    #expect(parts.map(\.weight) == [0, 1, 0])
    expectClose(parts[0].share, 1.0 / 3)
    // Without the stake, two of three lie at 5 %; with half of the capital it can move the median anywhere.
    #expect(parts[1].referenceWithoutIt == 0.05 && parts[1].attainable == nil)
    let attainable = try #require(parts[0].attainable)
    // The loan below the idle one makes half of the capital, and the middle of −1 % and 3.4 %.
    expectClose(attainable.lowerBound, 0.012, relative: 1e-14)
    expectClose(attainable.upperBound, 0.034, relative: 1e-14)
    let mean = try ReferenceRate(sources: [lent, staked, idle], method: .mean)
    expectClose(mean.rate, (2 * 0.05 + 3 * 0.034 - 0.01) / 6, relative: 1e-14)
    #expect(mean.contributions.allSatisfy { $0.attainable == nil })
  }

  /// The middle of the two rates where exactly half of the capital lies on each side.
  @Test func halvesShareTheMiddle() throws {
    let sources = [(0.02, 1.0), (0.03, 2), (0.05, 3)].map {
      ReferenceRate.Source("A", quote: QuotedRate($0, .continuous), capital: $1)
    }
    let reference = try ReferenceRate(sources: sources)
    expectClose(reference.rate, 0.04, relative: 1e-15)
    #expect(reference.contributions.map(\.weight) == [0, 0.5, 0.5])
    #expect(reference.contributions[2].attainable == nil)
    let alone = try ReferenceRate(sources: [sources[0]])
    #expect(alone.rate == 0.02 && alone.spread == 0)
    #expect(alone.contributions[0].referenceWithoutIt == nil)
    #expect(alone.contributions[0].attainable == nil && alone.contributions[0].weight == 1)
  }

  /// In expectation a source that fails at its hazard again and again grows at its net rate.
  @Test func lossesAreTheirExpectation() throws {
    let source = ReferenceRate.Source(
      "A", quote: QuotedRate(0.08, .continuous), capital: 1, hazardPerYear: 0.4,
      lossGivenFailure: 0.3)
    let rate = try ReferenceRate(sources: [source]).rate
    // Sum over the number of failures in three years, Poisson with mean 1.2.
    var (expected, probability) = (0.0, exp(-1.2))
    for failures in 0..<60 {
      expected += probability * pow(0.7, Double(failures))
      probability *= 1.2 / Double(failures + 1)
    }
    expectClose(exp(rate * 3), expected * exp(0.08 * 3), relative: 1e-14)
  }

  /// Order does not matter, not by a bit; weights times rates are the reference, which lies between the sources.
  @Test(arguments: 1...100, ReferenceRate.Method.allCases)
  func isAMixtureInAnyOrder(seed: Int, method: ReferenceRate.Method) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let sources = Self.random(&generator, count: 1 + seed % 15)
    let reference = try ReferenceRate(sources: sources, method: method)
    let shuffled = sources.indices.map { ($0, generator.uniform()) }.sorted { $0.1 < $1.1 }
      .map { sources[$0.0] }
    let other = try ReferenceRate(sources: shuffled, method: method)
    #expect(other.rate == reference.rate && other.spread == reference.spread)
    for part in other.contributions {
      let same = try #require(reference.contributions.first { $0.name == part.name })
      #expect(part.weight == same.weight && part.attainable == same.attainable)
      #expect(part.referenceWithoutIt == same.referenceWithoutIt && part.share == same.share)
    }
    let parts = reference.contributions
    expectClose(parts.reduce(0) { $0 + $1.weight * $1.rate }, reference.rate, absolute: 1e-15)
    expectClose(parts.reduce(0) { $0 + $1.weight }, 1, relative: 1e-14)
    expectClose(parts.reduce(0) { $0 + $1.share }, 1, relative: 1e-14)
    #expect(reference.rate >= reference.lowest && reference.rate <= reference.highest)
    #expect(parts.map(\.rate).min() == reference.lowest)
    #expect(parts.map(\.rate).max() == reference.highest)
    for (k, part) in parts.enumerated() where parts.count > 1 {
      var others = sources
      others.remove(at: k)
      #expect(try ReferenceRate(sources: others, method: method).rate == part.referenceWithoutIt)
    }
    // Half of the capital earns at most the median, half at least.
    if method == .median {
      let below = parts.reduce(0) { $1.rate <= reference.rate ? $0 + $1.share : $0 }
      let above = parts.reduce(0) { $1.rate >= reference.rate ? $0 + $1.share : $0 }
      #expect(below >= 0.5 - 1e-14 && above >= 0.5 - 1e-14)
    }
  }

  /// A source in two parts, of one rate each, is the same source.
  @Test(arguments: 1...100, ReferenceRate.Method.allCases)
  func splittingChangesNothing(seed: Int, method: ReferenceRate.Method) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 1000))
    let sources = Self.random(&generator, count: 1 + seed % 9)
    let reference = try ReferenceRate(sources: sources, method: method)
    for place in sources.indices {
      let share = generator.uniform()
      var split = sources
      split[place].capital *= share
      split.append(sources[place])
      split[split.count - 1].capital *= 1 - share
      let other = try ReferenceRate(sources: split, method: method)
      expectClose(other.rate, reference.rate, absolute: method == .median ? 0 : 1e-16)
      expectClose(
        other.contributions[place].weight + other.contributions[split.count - 1].weight,
        reference.contributions[place].weight, absolute: 1e-14)
    }
    // Exact halves stay halves when parts round.
    let halves = [0.02, 0.03].map { rate in
      (1...7).map {
        ReferenceRate.Source(
          "\($0)", quote: QuotedRate(rate, .continuous), capital: 0.1 * Double($0))
      }
    }
    let whole = ReferenceRate.Source("all", quote: QuotedRate(0.03, .continuous), capital: 2.8)
    #expect(try ReferenceRate(sources: halves[0] + [whole]).rate == 0.025)
    #expect(try ReferenceRate(sources: halves[0] + halves[1]).rate == 0.025)
  }

  /// Whatever one source of less than half of the capital quotes, the median stays in the range it was promised, which is
  /// where capital reaches half less and half plus its share; the mean can be moved anywhere.
  @Test(arguments: 1...100)
  func oneSourceMovesTheMedianWithinItsShare(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 2000))
    let sources = Self.random(&generator, count: 3 + seed % 9)
    let reference = try ReferenceRate(sources: sources)
    func quantile(_ level: Double) -> Double {
      var reached = 0.0
      for part in reference.contributions.sorted(by: { $0.rate < $1.rate }) {
        reached += part.share
        if reached >= level { return part.rate }
      }
      return reference.highest
    }
    for (place, part) in reference.contributions.enumerated() {
      guard let range = part.attainable else {
        #expect(part.share >= 0.5 - 1e-12)
        continue
      }
      #expect(part.share < 0.5 && range.contains(reference.rate))
      #expect(range.lowerBound >= quantile(0.5 - part.share - 1e-12))
      #expect(range.upperBound <= quantile(0.5 + part.share + 1e-12))
      var moved = sources
      moved[place].hazardPerYear = 0
      moved[place].staking = nil
      var rates: [Double] = []
      for quote in [-99, generator.uniform(-0.1...0.3), 99] {
        moved[place].quote = QuotedRate(quote, .continuous)
        rates.append(try ReferenceRate(sources: moved).rate)
        #expect(range.contains(rates[rates.count - 1]))
      }
      #expect(rates[0] == range.lowerBound && rates[2] == range.upperBound)
      #expect(try ReferenceRate(sources: moved, method: .mean).rate > 99 * part.share - 1)
    }
  }

  /// A higher quote never lowers the reference, a higher hazard never raises it.
  @Test(arguments: 1...50, ReferenceRate.Method.allCases)
  func isMonotone(seed: Int, method: ReferenceRate.Method) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 3000))
    let sources = Self.random(&generator, count: 2 + seed % 6)
    let before = try ReferenceRate(sources: sources, method: method).rate
    for place in sources.indices {
      var better = sources
      better[place].quote.perYear += generator.uniform(0...0.1)
      #expect(try ReferenceRate(sources: better, method: method).rate >= before)
      var worse = sources
      worse[place].hazardPerYear += generator.uniform(0...0.1)
      #expect(try ReferenceRate(sources: worse, method: method).rate <= before)
    }
  }

  @Test func moneyMarketsAreSources() throws {
    let model = try InterestRateModel(
      baseRate: 0.01, slopeBelowKink: 0.04, slopeAboveKink: 0.6, kink: 0.9, reserveFactor: 0.1)
    let quote = QuotedRate(supplyingAt: 0.9, in: model)
    #expect(quote == QuotedRate(model.supplyRate(utilization: 0.9), .everySecond))
    expectClose(quote.perYear, 0.05 * 0.9 * 0.9, relative: 1e-15)
    #expect(QuotedRate(supplyingAt: 1.1, in: model).continuouslyCompounded.isNaN)
    let reserve = try LendingReserve(supplied: 2e6, borrowed: 1.8e6, rates: model)
    let source = ReferenceRate.Source(
      "market", reserve: reserve, hazardPerYear: 0.01, lossGivenFailure: 0.5)
    #expect(source.quote == quote && source.capital == 2e6)
    expectClose(
      try ReferenceRate(sources: [source]).rate, quote.continuouslyCompounded - 0.005,
      relative: 1e-14)
    // A deposit that grows at the quote for a year shows it by its index.
    let index = exp(quote.continuouslyCompounded)
    expectClose(
      try QuotedRate(indexFrom: 1.3, to: 1.3 * index, years: 1).perYear,
      quote.continuouslyCompounded, relative: 1e-14)
  }

  @Test func staleAndEmptySourcesAreLeftOut() throws {
    var sources = [(0.02, 5.0), (0.03, 0), (0.04, 2), (0.05, 2), (.nan, 2)].map {
      ReferenceRate.Source("R\($0)", quote: QuotedRate($0, .continuous), capital: $1)
    }
    sources[0].ageNanoseconds = 61
    sources[2].ageNanoseconds = 60
    sources[4].ageNanoseconds = .max
    let reference = try ReferenceRate(sources: sources, maximumAgeNanoseconds: 60)
    expectClose(reference.rate, 0.045, relative: 1e-15)
    #expect(reference.leftOut.map(\.place) == [0, 1, 4])
    #expect(reference.leftOut.map(\.name) == ["R0.02", "R0.03", "Rnan"])
    #expect(reference.leftOut.map(\.reason) == [.stale, .noCapital, .stale])
    #expect(reference.contributions.map(\.place) == [2, 3])
    // Without a greatest age nothing is stale, and the broken feed is seen.
    #expect(throws: MarketsError.self) { try ReferenceRate(sources: sources) }
    sources.removeLast()
    #expect(try ReferenceRate(sources: sources).rate == 0.02)
    #expect(throws: MarketsError.self) {
      try ReferenceRate(sources: [sources[0], sources[1]], maximumAgeNanoseconds: 60)
    }
    #expect(throws: MarketsError.self) { try ReferenceRate(sources: []) }
    #expect(throws: MarketsError.self) {
      try ReferenceRate(sources: sources, maximumAgeNanoseconds: -1)
    }
    // A quote from the future.
    sources[2].ageNanoseconds = -1
    #expect(throws: MarketsError.self) { try ReferenceRate(sources: sources) }
  }

  @Test func hostileNumbersAreRefused() throws {
    let good = ReferenceRate.Source(
      "A", quote: QuotedRate(0.04, .continuous), capital: 1,
      staking: .init(commission: 0.1, slashingHazardPerYear: 0.01, lossGivenSlashing: 0.1))
    let changes: [WritableKeyPath<ReferenceRate.Source, Double>] = [
      \.quote.perYear, \.capital, \.hazardPerYear, \.lossGivenFailure,
    ]
    let terms: [WritableKeyPath<ReferenceRate.Staking, Double>] = [
      \.commission, \.slashingHazardPerYear, \.lossGivenSlashing,
    ]
    for number in [Double.nan, .infinity, -.infinity, -1e300, -101] {
      for change in changes {
        var bad = good
        bad[keyPath: change] = number
        let error = #expect(throws: MarketsError.self) { try ReferenceRate(sources: [good, bad]) }
        guard case .invalidValue(let argument, let place, _, _, _) = error else {
          Issue.record("another error: \(String(describing: error))")
          continue
        }
        #expect(argument.hasSuffix("of A") && place == 1)
      }
      for term in terms {
        var staking = ReferenceRate.Staking(commission: 0)
        staking[keyPath: term] = number
        var bad = good
        bad.staking = staking
        #expect(throws: MarketsError.self) { try ReferenceRate(sources: [bad]) }
      }
      #expect(throws: MarketsError.self) {
        try QuotedRate(indexFrom: number, to: 1, years: 1)
      }
      #expect(throws: MarketsError.self) {
        try QuotedRate(indexFrom: 1, to: number, years: 1)
      }
      #expect(throws: MarketsError.self) {
        try QuotedRate(indexFrom: 1, to: 1, years: number)
      }
    }
    // Credits that are none, or take all.
    for compounding in [
      QuotedRate.Compounding.simple(periodInYears: -1), .simple(periodInYears: .nan),
      .periodic(perYear: 0), .periodic(perYear: -2), .periodic(perYear: .nan),
    ] {
      #expect(QuotedRate(0.05, compounding).continuouslyCompounded.isNaN)
      #expect(QuotedRate(continuouslyCompounded: 0.05, as: compounding).perYear.isNaN)
    }
    #expect(QuotedRate(-1, .periodic(perYear: 1)).continuouslyCompounded.isNaN)
    #expect(QuotedRate(-0.5, .simple(periodInYears: 4)).continuouslyCompounded.isNaN)
    // Limits: a period of nothing, and no period.
    #expect(QuotedRate(0.05, .periodic(perYear: .infinity)).continuouslyCompounded == 0.05)
    #expect(QuotedRate(0.05, .simple(periodInYears: 0)).continuouslyCompounded == 0.05)
    // Capital at both ends of the range.
    var sources = [good, good, good]
    for (place, capital) in [Double.greatestFiniteMagnitude, .leastNonzeroMagnitude, 1e308]
      .enumerated()
    {
      sources[place].capital = capital
      sources[place].quote.perYear = 0.01 * Double(place + 1)
    }
    for method in ReferenceRate.Method.allCases {
      let reference = try ReferenceRate(sources: sources, method: method)
      #expect(reference.rate >= reference.lowest && reference.rate <= reference.highest)
    }
    // Indices at both ends of the range.
    let least = Double.leastNonzeroMagnitude
    let largest = Double.greatestFiniteMagnitude
    expectClose(
      try QuotedRate(indexFrom: least, to: largest, years: 1).perYear,
      log(largest) - log(least), relative: 1e-15)
  }

  @Test(arguments: ReferenceRate.Method.allCases)
  func survivesStorage(method: ReferenceRate.Method) throws {
    var generator = SeededGenerator(seed: 5)
    var sources = Self.random(&generator, count: 6)
    sources[2].quote = QuotedRate(0.03, .simple(periodInYears: 0.25))
    sources[3].ageNanoseconds = 7
    let reference = try ReferenceRate(
      sources: sources, method: method, maximumAgeNanoseconds: 6)
    let data = try JSONEncoder().encode(reference)
    #expect(try JSONDecoder().decode(ReferenceRate.self, from: data) == reference)
    let text = String(decoding: data, as: UTF8.self)
    let bad = text.replacingOccurrences(of: #""S0""#, with: #""S0","ageNanoseconds":-1"#)
    #expect(throws: MarketsError.self) {
      try JSONDecoder().decode(ReferenceRate.self, from: Data(bad.utf8))
    }
  }
}

/// Rates of lenders and stakers as they were.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct ReferenceRateRealDataTests {
  private func number(_ row: [String: String], _ column: String) throws -> Double {
    try #require(Double(row[column] ?? ""))
  }

  /// Aave's dollars hour by hour: what was quoted and what the index shows agree, and the reference lies between.
  @Test func quotesAgreeWithTheIndex() throws {
    let rows = try #require(try Reference.realRows("lending_aave_v3_polygon_minute.csv.gz"))
      .filter { $0["reserve"] == "USDC" }
    for hour in stride(from: 60, to: rows.count, by: 60) {
      let quoted = try rows[(hour - 60)..<hour].reduce(0) {
        try $0
          + QuotedRate(number($1, "supply_rate"), .everySecond).continuouslyCompounded / 60
      }
      let growth = try QuotedRate(
        indexFrom: number(rows[hour - 60], "liquidity_index"),
        to: number(rows[hour], "liquidity_index"), years: 1 / (365 * 24.0))
      let sources = [
        ReferenceRate.Source("quote", quote: QuotedRate(quoted, .continuous), capital: 1),
        ReferenceRate.Source("index", quote: growth, capital: 1),
      ]
      for method in ReferenceRate.Method.allCases {
        let reference = try ReferenceRate(sources: sources, method: method)
        #expect(reference.rate >= min(quoted, growth.perYear))
        #expect(reference.rate <= max(quoted, growth.perYear))
        #expect(reference.rate > 0 && reference.rate < 0.15)
      }
    }
    // Fees of flash loans go to suppliers beside the rate.
    let supplied = try growth(rows, "supply_rate", "liquidity_index")
    #expect(supplied.index > supplied.quoted)
    expectClose(supplied.index, supplied.quoted, relative: 0.03)
    let borrowed = try growth(rows, "variable_borrow_rate", "variable_borrow_index")
    expectClose(borrowed.index, borrowed.quoted, relative: 5e-4)
  }

  /// The mean of the quotes and the growth of the index over all minutes.
  private func growth(
    _ rows: [[String: String]], _ rate: String, _ index: String
  ) throws -> (quoted: Double, index: Double) {
    let minutes = Double(rows.count - 1)
    let quoted = try rows.dropLast().reduce(0) {
      try $0 + QuotedRate(number($1, rate), .everySecond).continuouslyCompounded / minutes
    }
    let grown = try QuotedRate(
      indexFrom: number(rows[0], index), to: number(rows[rows.count - 1], index),
      years: minutes / (365 * 1_440))
    return (quoted, grown.perYear)
  }

  /// Dollars lent in many pools and ether staked, on one day: the median by capital is a rate of that day, and no pool can move
  /// it far.
  @Test func aDayHasPlausibleRates() throws {
    let rows = try #require(try Reference.realRows("yields_defi_2025-11-03.csv.gz"))
    func reference(
      _ symbols: Set<String>, _ projects: Set<String>, hazard: Double
    ) throws -> ReferenceRate {
      try ReferenceRate(
        sources: rows.compactMap { row in
          guard symbols.contains(row["symbol"] ?? ""), projects.contains(row["project"] ?? ""),
            row["exposure"] == "single", let base = Double(row["apy_base_pct"] ?? "")
          else { return nil }
          return ReferenceRate.Source(
            "\(row["project"] ?? "") \(row["chain"] ?? "")",
            quote: QuotedRate(base / 100, .periodic(perYear: 1)),
            capital: try number(row, "tvl_usd"), hazardPerYear: hazard, lossGivenFailure: 0.5)
        })
    }
    let lenders: Set = [
      "aave-v3", "compound-v3", "compound-v2", "sparklend", "fluid-lending", "venus-core-pool",
      "justlend", "kamino-lend", "euler-v2", "morpho-v1", "maple",
    ]
    let dollars = try reference(["USDC", "USDT", "DAI", "USDS"], lenders, hazard: 0)
    #expect(dollars.contributions.count > 50 && dollars.spread > 0.1)
    #expect(dollars.rate > 0.03 && dollars.rate < 0.07)
    // The largest pool may quote anything and the reference is still that of a market.
    for part in dollars.contributions {
      let range = try #require(part.attainable)
      #expect(range.lowerBound > 0.03 && range.upperBound < 0.08)
    }
    let safer = try reference(["USDC", "USDT", "DAI", "USDS"], lenders, hazard: 0.01)
    expectClose(safer.rate, dollars.rate - 0.005, absolute: 1e-15)
    let ether = try reference(
      ["STETH", "WBETH", "RETH", "CBETH", "WEETH", "SWETH"],
      [
        "lido", "binance-staked-eth", "rocket-pool", "coinbase-wrapped-staked-eth",
        "ether.fi-stake", "swell-liquid-staking",
      ], hazard: 0)
    #expect(ether.rate > 0.015 && ether.rate < 0.035 && ether.contributions.count > 4)
    #expect(ether.rate >= ether.lowest && ether.rate <= ether.highest)
  }
}
