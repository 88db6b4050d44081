internal import KeelDerivatives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The search for spreads over the quotes of a mispricing.
struct SpreadSearch {
  /// A quote with its Greeks at the volatility of the surface.
  private struct Item {
    let score: Mispricing.Score
    let greeks: Greeks

    init(_ score: Mispricing.Score) {
      self.score = score
      let rate = -log(score.discountFactor) / score.option.timeToExpiry
      greeks = Black76(forward: score.forward, volatility: score.fit, rate: rate)
        .greeks(of: score.option)
    }

    var vega: Double { greeks.vega.perUnitVolatility }

    func edge(_ quantity: Double) -> Double {
      quantity > 0 ? quantity * score.edgeOfBuying : -quantity * score.edgeOfSelling
    }

    /// What a number costs with the fee.
    func cost(_ quantity: Double) -> Double { quantity * score.fitPrice - edge(quantity) }
  }

  private let settings: SpreadCandidates.Settings
  /// The quotes of each expiry and kind, by ascending strike.
  private let groups: [[Item]]
  private var found: [SpreadCandidate] = []
  private(set) var consideredCount = 0

  /// So many more than twice those that are returned are kept before the rest is forgotten.
  private static let spareCount = 1000

  init(_ mispricing: Mispricing, _ settings: SpreadCandidates.Settings) {
    self.settings = settings
    struct Key: Hashable {
      let time: Double
      let isCall: Bool
    }
    let items = mispricing.scores.map(Item.init)
    let byKey = Dictionary(grouping: items) {
      Key(time: $0.score.option.timeToExpiry, isCall: $0.score.option.kind == .call)
    }
    let keys = byKey.keys.sorted { ($0.time, $0.isCall ? 1 : 0) < ($1.time, $1.isCall ? 1 : 0) }
    groups = keys.map { key in
      (byKey[key] ?? []).sorted { $0.score.option.strike < $1.score.option.strike }
    }
  }

  /// The best spreads.
  var best: [SpreadCandidate] {
    Array(found.sorted(by: Self.isBetter).prefix(settings.count))
  }

  mutating func run() {
    for group in groups {
      let bought = top(group, 1)
      let sold = top(group, -1)
      for buy in bought {
        for sell in sold where sell.score.option.strike != buy.score.option.strike {
          pair(.vertical, buy, sell)
        }
      }
      butterflies(outer: bought, inner: sold, sign: 1)
      butterflies(outer: sold, inner: bought, sign: -1)
    }
    for (index, early) in groups.enumerated() {
      for late in groups[(index + 1)...]
      where late[0].score.option.kind == early[0].score.option.kind {
        calendars(early, late)
      }
    }
  }

  /// The options with the best edges of one side, by ascending strike.
  private func top(_ group: [Item], _ sign: Double) -> [Item] {
    group.sorted {
      let edges = ($0.edge(sign), $1.edge(sign))
      return edges.0 != edges.1
        ? edges.0 > edges.1 : $0.score.option.strike < $1.score.option.strike
    }.prefix(settings.optionLimit).sorted { $0.score.option.strike < $1.score.option.strike }
  }

  private mutating func butterflies(outer: [Item], inner: [Item], sign: Double) {
    for body in inner {
      let middle = body.score.option.strike
      for low in outer where low.score.option.strike < middle {
        for high in outer where high.score.option.strike > middle {
          let (start, end) = (low.score.option.strike, high.score.option.strike)
          let lower = (end - middle) / (end - start)
          add(.butterfly, [(low, sign * lower), (high, sign * (1 - lower)), (body, -sign)])
        }
      }
    }
  }

  /// Strikes that two expiries share: both lists ascend.
  private mutating func calendars(_ early: [Item], _ late: [Item]) {
    var position = 0
    for item in early {
      let strike = item.score.option.strike
      let margin = settings.strikeTolerance * strike
      while position < late.count, late[position].score.option.strike < strike - margin {
        position += 1
      }
      guard position < late.count, late[position].score.option.strike <= strike + margin else {
        continue
      }
      pair(.calendar, item, late[position])
      pair(.calendar, late[position], item)
    }
  }

  private mutating func pair(_ form: SpreadCandidate.Form, _ buy: Item, _ sell: Item) {
    let ratio =
      switch settings.neutrality {
      case .number: 1.0
      case .vega: buy.vega / sell.vega
      case .delta: buy.greeks.delta / sell.greeks.delta
      }
    guard ratio >= 1 / settings.largestRatio, ratio <= settings.largestRatio else {
      consideredCount += 1
      return
    }
    add(form, [(buy, 1), (sell, -ratio)])
  }

  private mutating func add(_ form: SpreadCandidate.Form, _ items: [(item: Item, number: Double)]) {
    consideredCount += 1
    let edge = items.reduce(0) { $0 + $1.item.edge($1.number) }
    let gross = items.reduce(0) { $0 + $1.number.magnitude * $1.item.vega }
    guard edge > 0, gross > 0 else { return }
    let total = items.reduce(into: Greeks.zero) { $0 += $1.number * $1.item.greeks }
    let premium = items.reduce(0) { $0 + $1.item.cost($1.number) }
    let legs = items.map { item, number in
      SpreadCandidate.Leg(
        option: item.score.option, quantity: number,
        price: number > 0 ? item.score.askPrice : item.score.bidPrice, fit: item.score.fit)
    }
    found.append(
      SpreadCandidate(
        form: form, legs: legs, edge: edge, edgePerVega: edge / gross, premium: premium,
        worstLoss: form == .calendar
          ? nil : Self.worstLoss(legs, premium, items[0].item.score.discountFactor),
        delta: total.delta, gamma: total.gamma, vega: total.vega))
    if found.count > 2 * settings.count + Self.spareCount { found = best }
  }

  /// The premium less the least payoff, which is at a strike, at zero or beyond all strikes.
  private static func worstLoss(
    _ legs: [SpreadCandidate.Leg],
    _ premium: Double,
    _ discountFactor: Double
  ) -> Double {
    let calls = legs.reduce(0) { $0 + ($1.option.kind == .call ? $1.quantity : 0) }
    if calls < 0 { return .infinity }
    let structure = OptionStructure(
      legs: legs.map { OptionStructure.Leg(quantity: $0.quantity, option: $0.option) })
    let least = legs.reduce(structure.payoff(at: 0)) {
      min($0, structure.payoff(at: $1.option.strike))
    }
    return premium - discountFactor * least
  }

  private static func isBetter(_ a: SpreadCandidate, _ b: SpreadCandidate) -> Bool {
    if a.edgePerVega != b.edgePerVega { return a.edgePerVega > b.edgePerVega }
    return key(a).lexicographicallyPrecedes(key(b))
  }

  private static func key(_ spread: SpreadCandidate) -> [Double] {
    let form: Double =
      switch spread.form {
      case .vertical: 0
      case .calendar: 1
      case .butterfly: 2
      }
    return [form]
      + spread.legs.flatMap {
        [$0.option.timeToExpiry, $0.option.strike, $0.option.kind == .call ? 1 : 0]
      }
  }
}
