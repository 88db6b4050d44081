// Goals: (1) every corner to rounding, refined against the data; (2) an answer for degenerate corners,
// rows that depend on each other and singular covariances; (3) O(N k) a corner beside the rows, for k
// free assets.
//
// Markowitz, The optimization of a quadratic function subject to linear constraints, Naval Research
// Logistics Quarterly 3 (1956), with several rows. With the free assets F and the active rows A
//
//   | Σ_FF A_F' | |  w_F |   | t μ_F − Σ_FB w_B |
//   | A_F   0   | | −y_A | = | b_A − A_B w_B    |
//
// gives weights and dual values that are linear in the risk tolerance t, until a free asset meets a
// breakpoint, the force on an asset at one lets it go, a row meets its limit or the dual value of a
// row becomes zero. A limit on distances is a row whose slopes depend on the positions; where it
// bends, an asset stays as long as the force on it is below the toll, the price of the bend (Best and
// Hlouskova, Computational Optimization and Applications 24, 2003).
//
// Where several things happen at one t, the first of the assets and rows whose rate points the wrong
// way changes its state, one after the other: the least-index rule, finite for positive semidefinite
// matrices (Den Hertog, Roos and Terlaky, The linear complementarity problem, sufficient matrices and
// the criss-cross method, Linear Algebra and its Applications 187 (1993)). An asset whose weight the
// rows determine has a rate of zero, and one that the others replicate a force of one sign, so that a
// walk never meets a change that would make the system singular.

import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

/// One walk along the efficient set of a problem with rows and limits on distances.
///
/// Assets are the items 0 to N − 1 in the order of their names; the rows follow.
struct ConstrainedLine {
  /// What an item does at an event.
  enum Change: Equatable {
    /// A free asset goes on into the next interval, at whose end nothing bends.
    case pass(to: Int)
    /// A free asset stays at a breakpoint.
    case hold(at: Int)
    /// An asset leaves its breakpoint.
    case leave(to: Int)
    /// A row becomes active at its lower or upper limit.
    case activate(side: Int8)
    /// An active row lets go.
    case release
  }

  /// An item and what it does.
  struct Event: Equatable {
    let item: Int
    let change: Change
  }

  /// A condition of optimality: how far it is from being violated, and what happens then.
  struct Condition {
    let event: Event
    let slack: Double
    let rate: Double
    let tolerance: Double
  }

  /// Rates of everything along a direction; zero for rounding.
  struct Rates {
    var weights: [Double] = []
    var gradient: [Double] = []
    /// What the rounding of a gradient is compared with.
    var gradientSize: [Double] = []
    var toll: [Double] = []
    var rowValues: [Double] = []
    var rowDuals: [Double] = []

    /// Becomes zero, in its own memory.
    mutating func clear(assetCount: Int, rowCount: Int) {
      weights.refill(assetCount, with: 0)
      gradient.refill(assetCount, with: 0)
      gradientSize.refill(assetCount, with: 0)
      toll.refill(assetCount, with: 0)
      rowValues.refill(rowCount, with: 0)
      rowDuals.refill(rowCount, with: 0)
    }
  }

  let covariance: SymmetricMatrix
  let deviations: [Double]
  var mean: [Double] {
    didSet { largestMean = mean.reduce(0) { max($0, $1.magnitude) } }
  }
  var largestMean: Double
  /// A linear term beside that of the mean; zero but at the start.
  var linear: [Double]
  let limits: FrontierLimits
  let maximumSteps: Int
  /// The instant after which a walk stops; nil for none.
  var deadline: ContinuousClock.Instant?
  /// What the objective charges for the distances of each row, beside the dual value of its limit.
  var charges: [Double]
  /// The same per unit of the risk tolerance; zero but at the start.
  var fallingCharges: [Double]

  var position: [Int]
  /// −1, 0 or 1: active at the lower limit, not active, active at the upper limit; 2 for an equation.
  var rowSide: [Int8]
  /// Equations that follow from others.
  var isRedundant: [Bool]
  var weights: [Double]
  var rowDuals: [Double]
  var riskTolerance: Double

  /// The free assets and active rows, in the order of the inverse, and the place of each item there.
  var members: [Int] = []
  var place: [Int]
  var inverse = UpdatedInverse(columnMajor: [], order: 0)
  /// Items that cannot change before another one does.
  var isFrozen: [Bool]
  var steps = 0
  /// The risk tolerance and the step at which the walk got ahead.
  private var progress = (riskTolerance: 0.0, steps: 0)

  /// Σw, the gradient without tolls, and what limits that bend at an asset's position charge.
  var product: [Double] = []
  var gradient: [Double] = []
  var toll: [Double] = []
  var rowValues: [Double] = []
  var sizes = Sizes()
  /// Room for the magnitudes of the weights with what their rounding is worth.
  var countedWeights: [Double] = []
  /// The largest weight so far: what the rounding of a weight is compared with.
  var weightScale = 0.0
  var rates = Rates()
  /// The sign of the change of the risk tolerance.
  var heading = -1.0
  /// Whether the linear term is still on its way to that of the problem.
  var isStarting = false
  /// Where the last step of the start began, and its end: a feasible point also when a step failed.
  var reached: [Double] = []

  /// Rounding of a sum of some hundred products, relative to their magnitudes.
  static let rounding = 1e-13
  /// The residual above which the inverse is made anew, and a corner refused.
  static let largestResidual = 1e-11

  var assetCount: Int { position.count }
  var itemCount: Int { place.count }
}

// MARK: - The walk

extension ConstrainedLine {
  /// Rises from an optimum to the one that holds for every larger risk tolerance.
  ///
  /// - Returns: Nil, or the asset that moves most when the weights never stop.
  mutating func rise() throws(CriticalLine.Failure) -> Int? {
    heading = 1
    var blocking: Event?
    while true {
      _ = try settle(blocking)
      guard let next = try move() else { break }
      blocking = next
    }
    let speed = rates.weights.map(\.magnitude)
    guard let most = speed.indices.max(by: { speed[$0] < speed[$1] }), speed[most] > 0 else {
      return nil
    }
    return most
  }

  /// Walks from the optimum of the largest risk tolerance down to zero.
  mutating func fall() throws(CriticalLine.Failure) -> [CriticalLine.Turn] {
    heading = -1
    var blocking: Event?
    var before = (position, rowSide)
    var turns: [CriticalLine.Turn] = []
    while true {
      let isTurned = riskTolerance > 0 ? try settle(blocking) : false
      // On the way to the first optimum nobody asks for corners.
      if !isStarting && (isTurned || riskTolerance == 0) {
        turns.append(try turn(since: before))
        before = (position, rowSide)
      }
      if riskTolerance == 0 { return turns }
      blocking = try move()
    }
  }

  /// Changes states until no rate points out of the feasible or optimal set; says whether the weights
  /// may turn here.
  private mutating func settle(_ blocking: Event?) throws(CriticalLine.Failure) -> Bool {
    var isTurned = false
    var blocking = blocking
    while true {
      try updateRates()
      guard let event = firstOffender(blocking) else { return isTurned }
      try countStep()
      // Once it has happened, only distance says whether it happens again.
      if event == blocking { blocking = nil }
      if isStuck() {
        isFrozen[event.item] = true
        continue
      }
      if case .pass(let next) = event.change {
        position[event.item] = next
        update()
      } else if try apply(event) {
        isTurned = true
      } else if isStarting, try jump(event) {
        blocking = nil
        isTurned = true
      } else {
        isFrozen[event.item] = true
      }
    }
  }

  /// Whether a start that stands still has changed every item many times: on singular covariances
  /// rounding can contradict itself, and the certificate decides about what is left.
  private mutating func isStuck() -> Bool {
    let (patience, leastProgress) = (4, 1e-9)
    let way = (riskTolerance - progress.riskTolerance).magnitude
    if !isStarting || way > leastProgress * progress.riskTolerance {
      progress = (riskTolerance, steps)
    }
    return steps - progress.steps > patience * itemCount
  }

  mutating func countStep() throws(CriticalLine.Failure) {
    steps += 1
    if steps > maximumSteps { throw .stepLimit }
    if Task.isCancelled { throw .cancelled }
    if let deadline, ContinuousClock.now >= deadline { throw .deadline }
  }

  /// The first item that is at the edge of a condition and moves out of it.
  private func firstOffender(_ blocking: Event?) -> Event? {
    for item in 0..<itemCount where !isFrozen[item] {
      var offense: Event?
      forEachCondition(of: item, rates) { condition in
        let isEdge = condition.slack <= condition.tolerance || condition.event == blocking
        if offense == nil, isEdge, condition.rate < 0 { offense = condition.event }
      }
      if let offense { return offense }
    }
    return nil
  }

  /// Moves the risk tolerance to the next event.
  private mutating func move() throws(CriticalLine.Failure) -> Event? {
    let previous = riskTolerance
    if isStarting { reached = weights }
    guard let (event, length) = nextEvent() else {
      if heading > 0 { return nil }
      advance(by: riskTolerance)
      riskTolerance = 0
      try improve()
      return nil
    }
    advance(by: length)
    try improve()
    // The event itself, on refined weights.
    var correction = 0.0
    forEachCondition(of: event.item, rates) { condition in
      if condition.event == event { correction = condition.slack / -condition.rate }
    }
    let corrected = riskTolerance + heading * correction
    if corrected >= 0, heading * (corrected - previous) >= 0 { advance(by: correction) }
    if let end = end(of: event) { weights[event.item] = end }
    updateProduct()
    update()
    return event
  }

  /// The breakpoint that a free asset meets.
  private func end(of event: Event) -> Double? {
    let i = event.item
    switch event.change {
    case .hold(let next): return limits.breakpoints[i][next / 2]
    case .pass(let next): return limits.breakpoints[i][max(next, position[i]) / 2]
    default: return nil
    }
  }

  private func nextEvent() -> (event: Event, length: Double)? {
    // What happens within rounding of zero happens at the end of the walk.
    var length = heading > 0 ? Double.infinity : riskTolerance * (1 - Self.rounding)
    var first: Event?
    for item in 0..<itemCount where !isFrozen[item] {
      forEachCondition(of: item, rates) { condition in
        guard condition.rate < 0 else { return }
        let candidate = max(condition.slack, 0) / -condition.rate
        if candidate < length {
          length = candidate
          first = condition.event
        }
      }
    }
    return first.map { ($0, length) }
  }

  private mutating func advance(by length: Double) {
    for i in weights.indices where rates.weights[i] != 0 { weights[i] += length * rates.weights[i] }
    for k in rowDuals.indices { rowDuals[k] += length * rates.rowDuals[k] }
    riskTolerance += heading * length
  }
}
