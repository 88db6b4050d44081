// Goals in order: one definition for reports and optimizers, linear time, no overflow.
//
// R. T. Rockafellar, S. Uryasev, Conditional value-at-risk for general loss distributions, Journal
// of Banking and Finance 26 (2002): the atom at the value at risk counts with the share that fills
// the tail exactly.

/// Value at risk and expected shortfall of a sample of losses.
package struct SampleTail: Sendable {
  /// The smallest loss that is exceeded with a probability of at most 1 − confidence.
  package let valueAtRisk: Double

  /// The mean of the worst 1 − confidence of the losses.
  package let expectedShortfall: Double

  /// 1 over the mass of the tail.
  private let weightAbove: Double

  /// The share of the mass at the value at risk that belongs to the tail, over the tail's mass.
  private let weightEqual: Double

  /// A mass this close to that of the tail, relatively, counts as equal: `1 − confidence` and sums
  /// of probabilities carry rounding, and the value at risk would jump on it.
  package static let massTolerance = 1e-12

  /// - Parameters:
  ///   - losses: Finite losses, at least one.
  ///   - masses: Their probabilities up to a common factor, not negative, of positive sum; nil for
  ///     equal ones.
  ///   - confidence: The confidence, inside (0, 1).
  package init(losses: [Double], masses: [Double]?, confidence: Double) {
    var room = Room()
    self.init(losses: losses, masses: masses, confidence: confidence, room: &room)
  }

  /// Memory for the reordered losses, to be kept by those who ask often.
  package struct Room: Sendable {
    fileprivate var values: [WeightedValue] = []

    /// Creates room that grows when it is used.
    package init() {}

    /// Takes the memory for samples up to a size.
    ///
    /// - Parameter count: The number of losses.
    package mutating func reserve(_ count: Int) { values.reserveCapacity(count) }
  }

  /// The same in memory that is kept.
  ///
  /// - Parameters:
  ///   - losses: Finite losses, at least one.
  ///   - masses: Their probabilities up to a common factor, not negative, of positive sum; nil for
  ///     equal ones.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - room: The memory.
  package init(losses: [Double], masses: [Double]?, confidence: Double, room: inout Room) {
    self.init(losses: losses, masses: masses, tailProbability: 1 - confidence, room: &room)
  }

  /// The same by the probability of the tail, which may be far below the rounding of a confidence.
  ///
  /// - Parameters:
  ///   - losses: Finite losses, at least one.
  ///   - masses: Their probabilities up to a common factor, not negative, of positive sum; nil for
  ///     equal ones.
  ///   - tailProbability: The probability of the tail, above 0 and at most 1; its product with the
  ///     sum of the masses has to be a normal number.
  package init(losses: [Double], masses: [Double]?, tailProbability: Double) {
    var room = Room()
    self.init(losses: losses, masses: masses, tailProbability: tailProbability, room: &room)
  }

  private init(losses: [Double], masses: [Double]?, tailProbability: Double, room: inout Room) {
    room.values.removeAll(keepingCapacity: true)
    room.values.reserveCapacity(losses.count)
    for i in losses.indices {
      room.values.append(WeightedValue(value: losses[i], mass: masses.map { $0[i] } ?? 1))
    }
    let total = masses.map { $0.reduce(0, +) } ?? Double(losses.count)
    let mass = tailProbability * total
    let tail = Selection.upperTail(mass: mass * (1 + Self.massTolerance), in: &room.values)
    valueAtRisk = tail.value
    weightAbove = 1 / mass
    weightEqual =
      tail.massEqual > 0 ? max(0, mass - tail.massAbove) / tail.massEqual / mass : 0
    // Σ p (L − v) / m in units of half the range, which cannot overflow.
    var excess = 0.0
    for i in 0..<tail.countAbove {
      let element = room.values[i]
      excess += (0.5 * element.value - 0.5 * tail.value) * (element.mass / mass)
    }
    expectedShortfall = tail.value + excess + excess
  }

  /// The weight of one loss in the expected shortfall; the weights of all losses sum to one.
  ///
  /// - Parameters:
  ///   - loss: A loss of the sample.
  ///   - mass: Its mass, one when the sample has equal ones.
  /// - Returns: A weight, zero below the value at risk.
  package func weight(ofLoss loss: Double, mass: Double) -> Double {
    if loss > valueAtRisk { return mass * weightAbove }
    return loss == valueAtRisk ? mass * weightEqual : 0
  }
}
