import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// Quotes held against a surface, and the spreads that follow.
@Suite struct MispricingTests {
  static let fee = OptionFee(forwardFraction: 0.0003, largestPriceFraction: 0.125)

  private func planted() throws -> (SmileSurface<SVISmile>, [SmileQuotes], MeasuresReference) {
    let reference = try MeasuresReference.load()
    let surface = try SmileSurface(
      smiles: reference.scores.map { try MeasuresReference.smile($0.raw) })
    let quotes = try reference.scores.map { row in
      try SmileQuotes(
        timeToExpiry: row.raw[0], forward: row.forward, discountFactor: row.discount,
        quotes: row.quotes.map {
          try SmileQuotes.Quote(logMoneyness: $0[0], bid: $0[1], ask: $0[2])
        })
    }
    return (surface, quotes, reference)
  }

  @Test func scoresMatchReferences() throws {
    let (surface, quotes, reference) = try planted()
    let mispricing = try Mispricing(of: quotes, against: surface, fee: Self.fee)
    expectClose(mispricing.center, reference.center, relative: 1e-10)
    expectClose(mispricing.scale, reference.scale, relative: 1e-10)
    #expect(mispricing.scores.count == reference.scores.reduce(0) { $0 + $1.quotes.count })
    for row in reference.scores {
      for quote in row.quotes {
        let score = try #require(
          mispricing.scores.first {
            $0.logMoneyness == quote[0] && $0.option.timeToExpiry == row.raw[0]
          })
        #expect(score.option.kind == (quote[0] > 0 ? .call : .put))
        for (price, expected) in zip(
          [score.bidPrice, score.fitPrice, score.askPrice], quote[3...])
        {
          expectClose(price, expected, relative: 1e-11)
        }
        let middle = (quote[1] + quote[2]) / 2
        expectClose(score.deviation, middle - score.fit, relative: 1e-12, absolute: 1e-16)
        expectClose(
          score.halfSpreads, score.deviation / (quote[2] - quote[1]) * 2, relative: 1e-10)
        #expect(score.isOutside == (score.halfSpreads.magnitude > 1))
        expectClose(
          score.robustScore, (score.deviation - reference.center) / reference.scale,
          relative: 1e-8, absolute: 1e-8)
        let fees = [quote[3], quote[5]].map { min(0.0003 * row.forward, 0.125 * $0) }
        expectClose(
          score.edgeOfSelling, quote[3] - quote[4] - fees[0], absolute: 1e-10 * row.forward)
        expectClose(
          score.edgeOfBuying, quote[4] - quote[5] - fees[1], absolute: 1e-10 * row.forward)
        expectClose(
          score.priceDeviation, (quote[3] + quote[5]) / 2 - quote[4],
          absolute: 1e-10 * row.forward)
      }
    }
    for (score, next) in zip(mispricing.scores, mispricing.scores.dropFirst()) {
      #expect(score.edge >= next.edge)
    }
    // The order of the quotes changes nothing, and no fee only adds edge.
    #expect(try Mispricing(of: quotes.reversed(), against: surface, fee: Self.fee) == mispricing)
    let free = try Mispricing(of: quotes, against: surface, fee: .none)
    #expect(free.scores[0].edge > mispricing.scores[0].edge)
    let data = try JSONEncoder().encode(free)
    #expect(try JSONDecoder().decode(Mispricing.self, from: data) == free)
  }

  @Test func badQuotesAndFees() throws {
    let (surface, quotes, _) = try planted()
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) {
      try Mispricing(of: [], against: surface, fee: .none)
    }
    let open = try SmileQuotes(
      timeToExpiry: 1, forward: 1,
      quotes: [
        .init(logMoneyness: 0, bid: 0, ask: 0.5),
        .init(logMoneyness: 1, bid: 0.5, ask: .infinity, middle: 0.6),
      ])
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) {
      try Mispricing(of: [open], against: surface, fee: .none)
    }
    for bad in [-1, Double.nan] {
      #expect(throws: VolatilityError.self) {
        try Mispricing(of: quotes, against: surface, fee: OptionFee(forwardFraction: bad))
      }
      #expect(throws: VolatilityError.self) {
        try Mispricing(
          of: quotes, against: surface,
          fee: OptionFee(forwardFraction: 0, largestPriceFraction: bad))
      }
    }
    struct Undefined: VolatilitySurface {
      func totalVariance(
        at logMoneyness: Double,
        timeToExpiry: Double
      ) -> (variance: TotalVariance, timeSlope: Double) {
        (TotalVariance(value: .nan, slope: 0, curvature: 0), 0)
      }
    }
    #expect(throws: VolatilityError.self) {
      try Mispricing(of: quotes, against: Undefined(), fee: .none)
    }
    // Locked quotes on the surface have no deviation, off it infinitely many half spreads.
    let flat = try SVISmile(timeToExpiry: 1, a: 0.25, b: 0, rho: 0, m: 0, sigma: 1)
    let locked = try SmileQuotes(
      timeToExpiry: 1, forward: 1,
      quotes: [
        .init(logMoneyness: 0, bid: 0.5, ask: 0.5), .init(logMoneyness: 0.1, bid: 0.5, ask: 0.5),
        .init(logMoneyness: 0.2, bid: 0.6, ask: 0.6),
      ])
    let scores = try Mispricing(
      of: [locked], against: SmileSurface(smiles: [flat]), fee: .none
    ).scores
    #expect(scores[0].halfSpreads == .infinity && scores[0].robustScore == .greatestFiniteMagnitude)
    #expect(scores[1].halfSpreads == 0 && scores[1].robustScore == 0 && !scores[1].isOutside)
  }

  /// A chain on two expiries: one put dear by 5 points, one call cheap by 5, a common strike apart by 4 in both expiries.
  private func chain() throws -> (SmileSurface<SVISmile>, [SmileQuotes]) {
    let smiles = try [0.1, 0.3].map {
      try SVISmile(timeToExpiry: $0, a: 0.25 * $0, b: 0.1 * $0, rho: -0.3, m: 0, sigma: 0.2)
    }
    let quotes = try smiles.enumerated().map { number, smile in
      try SmileQuotes(
        timeToExpiry: smile.timeToExpiry, forward: 100, discountFactor: 0.99,
        quotes: stride(from: 70.0, through: 130, by: 5).map { strike in
          let k = log(strike / 100)
          var middle = smile.impliedVolatility(at: k)
          if number == 0 && strike == 85 { middle += 0.05 }
          if number == 0 && strike == 110 { middle -= 0.05 }
          if strike == 120 { middle += number == 0 ? 0.04 : -0.04 }
          return try SmileQuotes.Quote(logMoneyness: k, bid: middle - 0.01, ask: middle + 0.01)
        })
    }
    return (try SmileSurface(smiles: smiles), quotes)
  }

  @Test(arguments: [SpreadCandidates.Neutrality.number, .vega, .delta])
  func spreadsBuyCheapAndSellDear(neutrality: SpreadCandidates.Neutrality) throws {
    let (surface, quotes) = try chain()
    let mispricing = try Mispricing(of: quotes, against: surface, fee: Self.fee)
    var settings = SpreadCandidates.Settings()
    settings.neutrality = neutrality
    settings.count = 1000
    let search = try SpreadCandidates(mispricing, settings: settings)
    #expect(!search.candidates.isEmpty)
    #expect(Set(search.candidates.map(\.form)) == Set(SpreadCandidate.Form.allCases))
    func score(_ option: EuropeanOption) -> Mispricing.Score? {
      mispricing.scores.first { $0.option == option }
    }
    for spread in search.candidates {
      var (edge, premium, delta, vega, gross) = (0.0, 0.0, 0.0, 0.0, 0.0)
      for leg in spread.legs {
        let score = try #require(score(leg.option))
        edge +=
          leg.quantity > 0
          ? leg.quantity * score.edgeOfBuying : -leg.quantity * score.edgeOfSelling
        #expect(leg.price == (leg.quantity > 0 ? score.askPrice : score.bidPrice))
        premium +=
          leg.quantity * leg.price + leg.quantity.magnitude * min(0.03, 0.125 * leg.price)
        let model = Black76(
          forward: 100, volatility: score.fit, rate: -log(0.99) / leg.option.timeToExpiry)
        let greeks = model.greeks(of: leg.option)
        delta += leg.quantity * greeks.delta
        vega += leg.quantity * greeks.vega.perUnitVolatility
        gross += leg.quantity.magnitude * greeks.vega.perUnitVolatility
      }
      #expect(spread.edge > 0)
      expectClose(spread.edge, edge, relative: 1e-12)
      expectClose(spread.edgePerVega, edge / gross, relative: 1e-12)
      expectClose(spread.premium, premium, absolute: 1e-12)
      expectClose(spread.delta, delta, absolute: 1e-13)
      expectClose(spread.vega.perUnitVolatility, vega, absolute: 1e-11)
      if spread.form != .butterfly {
        if neutrality == .vega {
          expectClose(spread.vega.perUnitVolatility, 0, absolute: 1e-12 * gross)
        }
        if neutrality == .delta { expectClose(spread.delta, 0, absolute: 1e-14) }
        if neutrality == .number { #expect(spread.legs.map(\.quantity) == [1, -1]) }
      }
      try checkLoss(spread)
    }
    for (spread, next) in zip(search.candidates, search.candidates.dropFirst()) {
      #expect(spread.edgePerVega >= next.edgePerVega)
    }
    // The best calendar is the one planted, and a search for fewer is the head of the search for more.
    let calendar = try #require(search.candidates.first { $0.form == .calendar })
    expectClose(calendar.legs[0].option.strike, 120, relative: 1e-12)
    #expect(calendar.legs.map(\.option.timeToExpiry) == [0.3, 0.1] && calendar.worstLoss == nil)
    settings.count = 3
    #expect(
      try SpreadCandidates(mispricing, settings: settings).candidates
        == Array(search.candidates.prefix(3)))
  }

  /// No price on a grid loses more than the worst loss, and one loses it.
  private func checkLoss(_ spread: SpreadCandidate) throws {
    guard spread.form != .calendar else { return }
    let loss = try #require(spread.worstLoss)
    let structure = OptionStructure(
      legs: spread.legs.map { OptionStructure.Leg(quantity: $0.quantity, option: $0.option) })
    let losses = (0...4000).map {
      spread.premium - 0.99 * structure.payoff(at: Double($0) / 10)
    }
    let worst = try #require(losses.max())
    if loss == .infinity {
      let far = spread.premium - 0.99 * structure.payoff(at: 1e9)
      #expect(far > 1e5)
    } else {
      expectClose(worst, loss, absolute: 1e-9)
    }
  }

  /// Against all pairs and triples, without a limit of options.
  @Test func missesNoSpreadWithinItsLimits() throws {
    let (surface, quotes) = try chain()
    let mispricing = try Mispricing(of: quotes, against: surface, fee: .none)
    var settings = SpreadCandidates.Settings()
    (settings.count, settings.optionLimit) = (1_000_000, 100)
    let search = try SpreadCandidates(mispricing, settings: settings)
    var counts: [SpreadCandidate.Form: Int] = [:]
    let scores = mispricing.scores
    for a in scores {
      for b in scores where b.option != a.option && b.option.kind == a.option.kind {
        guard a.edgeOfBuying + b.edgeOfSelling > 0 else { continue }
        let sameTime = a.option.timeToExpiry == b.option.timeToExpiry
        let sameStrike = (a.option.strike / b.option.strike - 1).magnitude < 1e-9
        if sameTime { counts[.vertical, default: 0] += 1 }
        if !sameTime && sameStrike { counts[.calendar, default: 0] += 1 }
      }
    }
    for body in scores {
      let same = scores.filter {
        $0.option.timeToExpiry == body.option.timeToExpiry && $0.option.kind == body.option.kind
      }
      for low in same where low.option.strike < body.option.strike {
        for high in same where high.option.strike > body.option.strike {
          let part =
            (high.option.strike - body.option.strike) / (high.option.strike - low.option.strike)
          let bought = part * low.edgeOfBuying + (1 - part) * high.edgeOfBuying
          let sold = part * low.edgeOfSelling + (1 - part) * high.edgeOfSelling
          if bought + body.edgeOfSelling > 0 { counts[.butterfly, default: 0] += 1 }
          if sold + body.edgeOfBuying > 0 { counts[.butterfly, default: 0] += 1 }
        }
      }
    }
    for form in SpreadCandidate.Form.allCases {
      #expect(search.candidates.count { $0.form == form } == counts[form])
    }
    // The bound that the documentation states.
    let (expiries, limit) = (2, 13)
    #expect(
      search.consideredCount
        <= 2 * expiries * (limit * limit + limit * limit * limit) + 2 * expiries * scores.count)
    settings.optionLimit = 2
    let small = try SpreadCandidates(mispricing, settings: settings)
    #expect(small.consideredCount <= 2 * expiries * (4 + 8) + 2 * expiries * scores.count)
    #expect(small.candidates[0].edgePerVega <= search.candidates[0].edgePerVega)
  }

  @Test func badSettings() throws {
    let (surface, quotes) = try chain()
    let mispricing = try Mispricing(of: quotes, against: surface, fee: .none)
    let changes: [(inout SpreadCandidates.Settings) -> Void] = [
      { $0.count = 0 }, { $0.count = -1 }, { $0.optionLimit = 0 }, { $0.optionLimit = 101 },
      { $0.largestRatio = 0.5 }, { $0.largestRatio = .nan }, { $0.strikeTolerance = -1 },
      { $0.strikeTolerance = .nan },
    ]
    for change in changes {
      var settings = SpreadCandidates.Settings()
      change(&settings)
      #expect(throws: VolatilityError.self) {
        try SpreadCandidates(mispricing, settings: settings)
      }
    }
    // Quotes on the surface leave nothing to trade.
    let (fair, _) = try chain()
    let same = try fair.smiles.map { smile in
      try SmileQuotes(
        timeToExpiry: smile.timeToExpiry, forward: 100,
        quotes: [-0.1, 0, 0.1].map {
          let volatility = smile.impliedVolatility(at: $0)
          return try .init(logMoneyness: $0, bid: volatility - 0.01, ask: volatility + 0.01)
        })
    }
    let none = try SpreadCandidates(Mispricing(of: same, against: fair, fee: .none))
    #expect(none.candidates.isEmpty && none.consideredCount > 0)
  }
}
