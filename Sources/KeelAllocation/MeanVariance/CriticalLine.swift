// Goals: (1) every corner to rounding: each is refined against the covariance itself, never only
// carried along; (2) degenerate ties, duplicated assets, cash and singular covariances have an
// answer; (3) O(N k) a corner for k free assets.
//
// Markowitz, The optimization of a quadratic function subject to linear constraints, Naval Research
// Logistics Quarterly 3 (1956); Niedermayer and Niedermayer, Applying Markowitz's critical line
// algorithm, Handbook of Portfolio Construction (2010). For the risk tolerance t falling from the
// first corner to zero,
//
//   Σ_FF w_F + Σ_FB w_B − t μ_F − γ 1 = 0,   1'w = budget
//
// holds on the free assets F, and the weights are linear in t until a free asset meets a bound or the
// gradient of an asset at a bound changes sign. Where several things happen at one t, the asset with
// the first name among those whose rate points the wrong way changes its place, one after the other:
// the least-index rule, which is finite for definite systems (Murty, Note on a Bard-type scheme,
// Opsearch 11 (1974)).

import KeelNumerics
import KeelOptimization

/// One walk along the efficient set of a problem with bounds and a budget.
struct CriticalLine {
  /// Where the weight of an asset is.
  enum Place { case free, lower, upper }

  /// Why the walk ended before a risk tolerance of zero.
  enum Failure: Error {
    case stepLimit, lostAccuracy, notConvex, deadline, cancelled

    /// What it means for a solver.
    var status: SolverStatus {
      switch self {
      case .stepLimit: .iterationLimit
      case .lostAccuracy, .notConvex: .stalled
      case .deadline: .deadlineExceeded
      case .cancelled: .cancelled
      }
    }
  }

  /// A point where the weights turn.
  struct Turn {
    let riskTolerance: Double
    let weights: [Double]
    let product: [Double]
    let multiplier: Double
    let residual: Double
    let entering: [Int]
    let leaving: [Int]
    /// The multipliers of rows beside the budget, and the rows that become active or let go.
    var further: [Double] = []
    var activated: [Int] = []
    var released: [Int] = []
  }

  let covariance: SymmetricMatrix
  let deviations: [Double]
  let budget: Double
  /// The position of each asset's name in the alphabet.
  let rank: [Int]
  let maximumSteps: Int
  /// The largest weight at the start: what the rounding of a weight is compared with.
  private let weightScale: Double

  /// Positions of equal bounds never move.
  var lower: [Double]
  var upper: [Double]
  var mean: [Double]
  var place: [Place]
  var weights: [Double]
  var inverse: BorderedInverse
  var steps = 0

  private var riskTolerance = 0.0
  /// Σw and the multiplier γ of the budget.
  private var product: [Double] = []
  private var multiplier = 0.0
  /// Rates while the risk tolerance falls by one: of the weights, of Σw, of γ.
  private var weightRate: [Double] = []
  private var productRate: [Double] = []
  private var multiplierRate = 0.0
  /// Assets that the free ones replicate; they cannot join before another asset leaves.
  private var isReplicated: [Bool]

  /// Rounding of a sum of some hundred products, relative to their magnitudes.
  private static let rounding = 1e-13
  /// The residual above which the inverse is made anew.
  private static let largestResidual = 1e-11

  init(
    covariance: SymmetricMatrix,
    lower: [Double],
    upper: [Double],
    budget: Double,
    rank: [Int],
    maximumSteps: Int,
    start: (weights: [Double], place: [Place], free: Int)
  ) {
    self.covariance = covariance
    deviations = covariance.diagonal.map { max($0, 0).squareRoot() }
    self.lower = lower
    self.upper = upper
    self.budget = budget
    self.rank = rank
    self.maximumSteps = maximumSteps
    mean = [Double](repeating: 0, count: lower.count)
    weights = start.weights
    weightScale = start.weights.reduce(budget.magnitude) { max($0, $1.magnitude) }
    place = start.place
    inverse = BorderedInverse(
      asset: start.free, variance: covariance[start.free, start.free])
    isReplicated = [Bool](repeating: false, count: lower.count)
  }
}

// MARK: - The walk

extension CriticalLine {
  /// Walks from the vertex or face of largest mean, where the free assets have mean zero, those at
  /// an upper bound a mean of zero or more and those at a lower bound zero or less, down to a risk
  /// tolerance of zero.
  mutating func walk() throws(Failure) -> [Turn] {
    isReplicated = [Bool](repeating: false, count: lower.count)
    product = SymmetricKernel.product(covariance, weights)
    multiplier = 0
    riskTolerance = 0
    for _ in 0..<2 { refine() }
    product = SymmetricKernel.product(covariance, weights)
    var blocking = firstCorner()
    var turns: [Turn] = []
    while true {
      let before = place
      if riskTolerance > 0 { try settle(blocking) }
      turns.append(try turn(before))
      if riskTolerance == 0 { return turns }
      steps += 1
      if steps > maximumSteps { throw .stepLimit }
      blocking = try move()
    }
  }

  /// The largest risk tolerance at which an asset can join, as gradient = (Σw)_i − γ − t mean_i.
  private mutating func firstCorner() -> Int? {
    var first: Int?
    for i in place.indices where place[i] != .free && mean[i] != 0 && lower[i] < upper[i] {
      let corner = (product[i] - multiplier) / mean[i]
      let isTie = corner == riskTolerance && first.map { rank[i] < rank[$0] } ?? false
      if corner > riskTolerance || isTie {
        riskTolerance = corner
        first = i
      }
    }
    return first
  }

  /// Changes places until no rate at this corner points out of the feasible or optimal set.
  private mutating func settle(_ blocking: Int?) throws(Failure) {
    while true {
      updateRates()
      guard let next = firstOffender(blocking) else { return }
      steps += 1
      if steps > maximumSteps { throw .stepLimit }
      if place[next] == .free {
        // A single free asset cannot move, so that it is never the offender.
        guard inverse.free.count > 1, let position = inverse.free.firstIndex(of: next) else {
          throw .lostAccuracy
        }
        place[next] = weightRate[next] < 0 ? .lower : .upper
        weights[next] = weightRate[next] < 0 ? lower[next] : upper[next]
        inverse.remove(at: position)
        clearReplicated()
      } else if try join(next) {
        clearReplicated()
      } else {
        isReplicated[next] = true
      }
    }
  }

  private mutating func clearReplicated() {
    for i in isReplicated.indices { isReplicated[i] = false }
  }

  /// The asset with the first name that is at the edge of its range and moves out of it.
  private func firstOffender(_ blocking: Int?) -> Int? {
    let sizes = sizes()
    let rateSize = grossDeviation(weightRate)
    let largestRate = largestMagnitude(weightRate)
    var offender: Int?
    for i in place.indices where offender.map({ rank[i] < rank[$0] }) ?? true {
      let isOut: Bool
      if place[i] == .free {
        let rate = weightRate[i]
        if rate.magnitude <= Self.rounding * largestRate { continue }
        let distance = rate < 0 ? weights[i] - lower[i] : upper[i] - weights[i]
        isOut = distance <= Self.rounding * weightScale || (i == blocking && distance <= 0)
      } else {
        if lower[i] == upper[i] || isReplicated[i] { continue }
        let gradient = gradient(i)
        let isEdge =
          i == blocking || gradient.magnitude <= Self.rounding * gradientSize(i, sizes)
          || (place[i] == .lower) == (gradient < 0)
        isOut = isEdge && isWrongWay(i, rateSize)
      }
      if isOut { offender = i }
    }
    return offender
  }

  private func isWrongWay(_ i: Int, _ rateSize: Double) -> Bool {
    let rate = gradientRate(i)
    let size = deviations[i] * rateSize + mean[i].magnitude + multiplierRate.magnitude
    if rate.magnitude <= Self.rounding * size { return false }
    return (place[i] == .lower) == (rate < 0)
  }

  /// Makes an asset free; false when the free assets replicate it.
  private mutating func join(_ asset: Int) throws(Failure) -> Bool {
    let (image, remainder) = try hedge(asset)
    guard remainder > 0 else { return false }
    inverse.insert(asset, image: image, remainder: remainder)
    place[asset] = .free
    return true
  }

  /// The hedge of an asset by the free ones, and the variance that it leaves; zero for rounding.
  private func hedge(_ asset: Int) throws(Failure) -> (image: [Double], remainder: Double) {
    let border = inverse.border(of: asset, in: covariance)
    var image = inverse.times(border)
    let variance = covariance[asset, asset]
    var remainder = variance
    var gross = deviations[asset]
    for (q, i) in inverse.free.enumerated() {
      gross += deviations[i] * image[q + 1].magnitude
    }
    for q in border.indices { remainder -= border[q] * image[q] }
    let size = gross * gross
    // Near the rounding of the updates the hedge is improved before it is judged.
    let doubtful = 1e-6
    if remainder < doubtful * size {
      let missing = residual(of: image, border)
      for (q, value) in inverse.times(missing).enumerated() { image[q] += value }
      remainder = variance
      for q in border.indices { remainder -= border[q] * image[q] }
    }
    if remainder < -Self.largestResidual * size { throw .notConvex }
    return (image, remainder > Self.rounding * size ? remainder : 0)
  }

  /// What is missing of a right-hand side: border − [0 1'; 1 K] image.
  private func residual(of image: [Double], _ border: [Double]) -> [Double] {
    var missing = border
    for (q, i) in inverse.free.enumerated() {
      missing[0] -= image[q + 1]
      missing[q + 1] -= image[0]
      let column = covariance.column(i)
      for (p, j) in inverse.free.enumerated() { missing[p + 1] -= column[j] * image[q + 1] }
    }
    return missing
  }

  /// Lowers the risk tolerance to the next event; the result is the asset that causes it.
  private mutating func move() throws(Failure) -> Int? {
    let previous = riskTolerance
    let (length, blocking) = try nextEvent()
    advance(by: length)
    if blocking == nil { riskTolerance = 0 }
    try improve()
    guard let blocking else { return nil }
    // The event itself, on refined weights.
    let correction: Double
    if place[blocking] == .free {
      let bound = weightRate[blocking] < 0 ? lower[blocking] : upper[blocking]
      correction = (bound - weights[blocking]) / weightRate[blocking]
    } else {
      correction = -gradient(blocking) / gradientRate(blocking)
    }
    let corrected = riskTolerance - correction
    if corrected >= 0 && corrected <= previous { advance(by: correction) }
    if place[blocking] == .free {
      weights[blocking] = weightRate[blocking] < 0 ? lower[blocking] : upper[blocking]
    }
    return blocking
  }

  private mutating func nextEvent() throws(Failure) -> (length: Double, asset: Int?) {
    let rateSize = grossDeviation(weightRate)
    let largestRate = largestMagnitude(weightRate)
    while true {
      // What happens within rounding of zero happens at the end of the walk.
      var length = riskTolerance * (1 - Self.rounding)
      var asset: Int?
      for i in place.indices {
        var candidate: Double
        if place[i] == .free {
          let rate = weightRate[i]
          if rate.magnitude <= Self.rounding * largestRate { continue }
          candidate = rate < 0 ? (lower[i] - weights[i]) / rate : (upper[i] - weights[i]) / rate
        } else {
          guard lower[i] < upper[i], !isReplicated[i], isWrongWay(i, rateSize) else { continue }
          candidate = -gradient(i) / gradientRate(i)
        }
        candidate = max(candidate, 0)
        let isEarlier = asset.map { candidate == length && rank[i] < rank[$0] } ?? false
        if candidate < length || isEarlier {
          length = candidate
          asset = i
        }
      }
      guard let event = asset else { return (riskTolerance, nil) }
      if place[event] == .free { return (length, event) }
      if try hedge(event).remainder > 0 { return (length, event) }
      isReplicated[event] = true
    }
  }

  private mutating func advance(by length: Double) {
    for i in inverse.free { weights[i] += length * weightRate[i] }
    for i in product.indices { product[i] += length * productRate[i] }
    multiplier += length * multiplierRate
    riskTolerance -= length
  }
}

// MARK: - Linear algebra

extension CriticalLine {
  /// The gradient (Σw)_i − t mean_i − γ.
  private func gradient(_ i: Int) -> Double {
    product[i] - riskTolerance * mean[i] - multiplier
  }

  private func gradientRate(_ i: Int) -> Double {
    productRate[i] + mean[i] - multiplierRate
  }

  /// The scales of the terms of a gradient.
  private struct Sizes {
    /// Σ |w| deviation; a free weight counts with what its own rounding is worth, so that a
    /// portfolio without risk has a scale.
    var gross = 0.0
    /// |γ|, or the mean of the terms of the gradient over the weights when it is larger: where γ
    /// cancels, the rounding of those terms is left.
    var multiplier = 0.0
  }

  private func sizes() -> Sizes {
    // As many roundings of a weight count like the rounding of a gradient.
    let weightUlps = 4 / Self.rounding
    var gross = grossDeviation(weights)
    let least = weightUlps * Double.ulpOfOne * weightScale
    for i in inverse.free { gross += deviations[i] * least }
    var terms = 0.0
    var total = 0.0
    for i in weights.indices {
      let size = weights[i].magnitude
      let counted = place[i] == .free ? size + least : size
      terms += counted * (deviations[i] * gross + riskTolerance * mean[i].magnitude)
      total += counted
    }
    return Sizes(
      gross: gross, multiplier: max(multiplier.magnitude, total > 0 ? terms / total : 0))
  }

  /// A bound on the magnitudes of the terms of a gradient, by Cauchy and Schwarz.
  private func gradientSize(_ i: Int, _ sizes: Sizes) -> Double {
    deviations[i] * sizes.gross + riskTolerance * mean[i].magnitude + sizes.multiplier
  }

  private func grossDeviation(_ values: [Double]) -> Double {
    var sum = 0.0
    for i in values.indices { sum += deviations[i] * values[i].magnitude }
    return sum
  }

  private func largestMagnitude(_ values: [Double]) -> Double {
    values.reduce(0) { max($0, $1.magnitude) }
  }

  private mutating func updateRates() {
    var right = [Double](repeating: 0, count: inverse.order)
    for (q, i) in inverse.free.enumerated() { right[q + 1] = -mean[i] }
    let solution = inverse.times(right)
    weightRate = [Double](repeating: 0, count: weights.count)
    // A single free asset cannot move, whatever the rounding.
    if inverse.free.count > 1 {
      for (q, i) in inverse.free.enumerated() { weightRate[i] = solution[q + 1] }
    }
    productRate = SymmetricKernel.product(covariance, weightRate)
    multiplierRate = -solution[0]
  }

  /// One Newton step to the optimality conditions on the free assets at this risk tolerance.
  private mutating func refine() {
    var right = [Double](repeating: 0, count: inverse.order)
    right[0] = budget
    for value in weights { right[0] -= value }
    for (q, i) in inverse.free.enumerated() { right[q + 1] = -gradient(i) }
    let step = inverse.times(right)
    for (q, i) in inverse.free.enumerated() { weights[i] += step[q + 1] }
    multiplier -= step[0]
  }

  /// Refines the weights until the conditions hold, with a new inverse when the old one wore out.
  private mutating func improve() throws(Failure) {
    let attempts = 4
    // Some roundings of a gradient.
    let target = 1e-15
    refine()
    product = SymmetricKernel.product(covariance, weights)
    for attempt in 0..<attempts {
      let error = freeResidual()
      if error <= target { return }
      if error.isNaN { throw .lostAccuracy }
      if attempt == 1 && error > Self.largestResidual { try rebuild() }
      refine()
      product = SymmetricKernel.product(covariance, weights)
    }
    if !(freeResidual() <= Self.largestResidual) { throw .lostAccuracy }
  }

  private func freeResidual() -> Double {
    let sizes = sizes()
    var worst = 0.0
    for i in inverse.free {
      let error = gradient(i).magnitude
      if error.isNaN { return .nan }
      if error > 0 { worst = max(worst, error / gradientSize(i, sizes)) }
    }
    return worst
  }

  /// Makes the inverse from the covariance, the asset that the others hedge least first.
  private mutating func rebuild() throws(Failure) {
    var waiting = inverse.free
    let first = waiting.removeFirst()
    inverse = BorderedInverse(asset: first, variance: covariance[first, first])
    while !waiting.isEmpty {
      var best = (position: -1, image: [Double](), remainder: 0.0)
      for (position, asset) in waiting.enumerated() {
        let (image, remainder) = try hedge(asset)
        if remainder > best.remainder { best = (position, image, remainder) }
      }
      guard best.position >= 0 else { throw .lostAccuracy }
      let asset = waiting.remove(at: best.position)
      inverse.insert(asset, image: best.image, remainder: best.remainder)
    }
  }

  /// The corner here, its weights exactly at their bounds where they are within rounding.
  private mutating func turn(_ before: [Place]) throws(Failure) -> Turn {
    let tolerance = Self.rounding * weightScale
    for i in inverse.free {
      if weights[i] <= lower[i] + tolerance { weights[i] = lower[i] }
      if weights[i] >= upper[i] - tolerance { weights[i] = upper[i] }
    }
    // The portfolio of a budget of zero may be no position at all.
    let isEmpty = largestMagnitude(weights) <= tolerance && budget.magnitude <= tolerance
    if isEmpty { for i in weights.indices { weights[i] = min(max(0, lower[i]), upper[i]) } }
    product = SymmetricKernel.product(covariance, weights)
    // Where the gradient vanishes (cash alone) a rounding of the multiplier would be all of it.
    let sum = inverse.free.reduce(0) { $0 + product[$1] - riskTolerance * mean[$1] }
    multiplier = sum / Double(inverse.free.count)
    let sizes = sizes()
    var worst = 0.0
    for i in weights.indices where lower[i] < upper[i] {
      let gradient = gradient(i)
      let wrong: Double
      switch place[i] {
      case .free: wrong = gradient.magnitude
      case .lower: wrong = max(0, -gradient)
      case .upper: wrong = max(0, gradient)
      }
      if gradient.isNaN { throw .lostAccuracy }
      if wrong > 0 { worst = max(worst, wrong / gradientSize(i, sizes)) }
    }
    if worst > Self.largestResidual { throw .lostAccuracy }
    return here(
      residual: worst,
      entering: place.indices.filter { place[$0] == .free && before[$0] != .free },
      leaving: place.indices.filter { place[$0] != .free && before[$0] == .free })
  }

  /// The point that the walk has reached.
  func here(residual: Double = .nan, entering: [Int] = [], leaving: [Int] = []) -> Turn {
    Turn(
      riskTolerance: riskTolerance, weights: weights, product: product, multiplier: multiplier,
      residual: residual, entering: entering, leaving: leaving)
  }
}
