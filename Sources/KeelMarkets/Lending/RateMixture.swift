import KeelNumerics

// The median and the mean of rates by capital.
//
// Goals in order: no source counts for more than its capital, the same bits for any order of the sources, accuracy, speed.
//
// The median by capital is where half of the capital earns less and half more: whoever moves one source of share a < 1/2
// keeps it within the rates at which capital reaches 1/2 − a and 1/2 + a. References: F. Y. Edgeworth, "On a new method of
// reducing observations", Philosophical Magazine 25 (1888); P. J. Huber, "Robust Statistics" (1981).

/// One source after commission and losses.
struct RatePart {
  let place: Int
  let gross: Double
  let loss: Double
  var rate: Double
  var capital: Double

  /// Rates that still mean something: ten thousand per cent.
  static let allowed = -100.0...100.0

  init(_ source: ReferenceRate.Source, at place: Int) throws(MarketsError) {
    func check(
      _ value: Double, _ what: String, _ allowed: ClosedRange<Double>
    ) throws(MarketsError) {
      try require(value, "\(what) of \(source.name)", in: allowed, place: place)
    }
    try check(source.hazardPerYear, "hazardPerYear", .nonnegative)
    try check(source.lossGivenFailure, "lossGivenFailure", 0...1)
    var quote = source.quote
    var loss = source.hazardPerYear * source.lossGivenFailure
    if let staking = source.staking {
      try check(staking.commission, "commission", 0...1)
      try check(staking.slashingHazardPerYear, "slashingHazardPerYear", .nonnegative)
      try check(staking.lossGivenSlashing, "lossGivenSlashing", 0...1)
      if quote.perYear > 0 { quote.perYear *= 1 - staking.commission }
      loss += staking.slashingHazardPerYear * staking.lossGivenSlashing
    }
    let gross = quote.continuouslyCompounded
    try check(gross, "quote", Self.allowed)
    try check(gross - loss, "rate", Self.allowed)
    self.place = place
    self.gross = gross
    self.loss = loss
    rate = gross - loss
    capital = source.capital
  }
}

/// Rates in increasing order with their capital, scaled by a power of two to less than two each.
struct RateMixture {
  let parts: [RatePart]
  let capital: Double

  /// Sums of parts of capital round: what is this near to one half is one half.
  static let halfTolerance = 0x1p-48

  /// Equal rates are in order of capital, so that sums do not depend on the order given.
  init(_ parts: [RatePart]) {
    let largest = parts.reduce(0) { max($0, $1.capital) }
    var scaled = parts
    for k in scaled.indices {
      scaled[k].capital = Double(
        sign: .plus, exponent: -largest.exponent, significand: scaled[k].capital)
    }
    self.parts = scaled.sorted {
      ($0.rate, $0.capital, $0.place) < ($1.rate, $1.capital, $1.place)
    }
    capital = Self.sum(self.parts[...]) { $0.capital }
  }

  private static func sum(_ parts: ArraySlice<RatePart>, _ term: (RatePart) -> Double) -> Double {
    var sum = CompensatedSum()
    for part in parts { sum.add(term(part)) }
    return sum.value
  }

  /// The lower and the upper median by capital.
  private var middle: (lower: Double, upper: Double) {
    let (below, above) = (0.5 - Self.halfTolerance, 0.5 + Self.halfTolerance)
    var sum = CompensatedSum()
    var lower: Double?
    for part in parts {
      sum.add(part.capital)
      let share = sum.value / capital
      if lower == nil, share >= below { lower = part.rate }
      if let lower, share > above { return (lower, part.rate) }
    }
    let last = parts[parts.count - 1].rate
    return (lower ?? last, last)
  }

  func rate(_ method: ReferenceRate.Method) -> Double {
    switch method {
    case .median: return middle.lower / 2 + middle.upper / 2
    case .mean:
      let mean = Self.sum(parts[...]) { $0.capital * $0.rate } / capital
      return min(max(mean, parts[0].rate), parts[parts.count - 1].rate)
    }
  }

  /// The weight of each part in the rate, sources of one rate by their capital.
  func weights(_ method: ReferenceRate.Method) -> [Double] {
    if method == .mean { return parts.map { $0.capital / capital } }
    let middle = middle
    func share(_ part: RatePart, _ rate: Double) -> Double {
      guard part.rate == rate else { return 0 }
      return part.capital / parts.reduce(0) { $1.rate == rate ? $0 + $1.capital : $0 }
    }
    return parts.map { share($0, middle.lower) / 2 + share($0, middle.upper) / 2 }
  }

  func without(_ place: Int) -> RateMixture? {
    if parts.count == 1 { return nil }
    var others = parts
    others.remove(at: place)
    return RateMixture(others)
  }

  /// The references when one part quotes less, or more, than anything.
  func attainable(_ place: Int, _ method: ReferenceRate.Method) -> ClosedRange<Double>? {
    if method == .mean { return nil }
    func rate(quoting quote: Double) -> Double {
      var moved = parts
      moved[place].rate = quote
      return RateMixture(moved).rate(method)
    }
    let (low, high) = (rate(quoting: -.infinity), rate(quoting: .infinity))
    return low.isFinite && high.isFinite ? low...high : nil
  }
}
