import KeelNumerics

// Losses in regimes of a market, and over all of them.
//
// The mixture of regimes with probabilities π has the losses of all, each with the mass π_k p_s. For losses of a history
// with the probabilities γ of having been in each regime at each time, those of regime k have the masses
// γ_tk / Σ_t γ_tk: every time counts in every regime, by how likely it was then.

/// The losses that regimes bring, one by one and mixed by their probabilities.
public struct RegimeLosses: Hashable, Sendable, Codable {
  /// The losses of one regime, or of all.
  public struct Tail: Hashable, Sendable, Codable {
    /// The regime's name; that of the mixture is empty.
    public let name: String

    /// The probability of the regime; one for the mixture.
    public let probability: Double

    /// The mean loss.
    public let expectedLoss: Double

    /// The smallest loss that is exceeded with at most the probability of the tail.
    public let valueAtRisk: Double

    /// The mean loss in the tail, with the share of the loss at its edge that fills it.
    public let expectedShortfall: Double

    /// The part of the regime in the expected shortfall of the mixture; the whole for the mixture.
    public let part: Double
  }

  /// The losses of each regime, in the order given.
  public let regimes: [Tail]

  /// The losses of all, mixed.
  public let mixture: Tail

  /// The regime with the largest expected shortfall; the first of equals.
  public var worst: Tail {
    regimes.dropFirst().reduce(regimes[0]) {
      $1.expectedShortfall > $0.expectedShortfall ? $1 : $0
    }
  }

  /// A regime with its losses.
  public struct Regime: Hashable, Sendable, Codable {
    /// The name, for reports.
    public var name: String

    /// The probability of the regime.
    public var probability: Double

    /// What is lost in its scenarios.
    public var losses: [Double]

    /// The masses of the losses up to a common factor; nil for equal ones.
    public var masses: [Double]?

    /// Creates a regime.
    ///
    /// - Parameters:
    ///   - name: The name, for reports.
    ///   - probability: The probability of the regime, not negative; those of all sum to one.
    ///   - losses: What is lost in its scenarios: finite, at least one.
    ///   - masses: The masses of the losses up to a common factor: not negative, not all zero; nil for equal ones.
    public init(
      _ name: String,
      probability: Double,
      losses: [Double],
      masses: [Double]? = nil
    ) {
      self.name = name
      self.probability = probability
      self.losses = losses
      self.masses = masses
    }
  }

  /// How far the sum of probabilities may be from one.
  public static let probabilityTolerance = 1e-9

  /// Measures the losses of regimes.
  ///
  /// - Parameters:
  ///   - regimes: The regimes with different names, at least one.
  ///   - tailProbability: The probability of the tail, inside (0, 1) and a normal number.
  /// - Throws: `RiskError.shapeMismatch`, `.invalidValue` or `.duplicate`.
  /// - Complexity: O(losses).
  public init(_ regimes: [Regime], tailProbability: Double) throws(RiskError) {
    try require(
      tailProbability, "tailProbability", in: Double.leastNormalMagnitude...1.0.nextDown)
    guard !regimes.isEmpty else { throw .shapeMismatch(argument: "regimes", got: 0, required: 1) }
    var (losses, masses) = ([Double](), [Double]())
    var (names, total) = (Set<String>(), 0.0)
    for regime in regimes {
      guard names.insert(regime.name).inserted else { throw .duplicate(regime.name) }
      try require(regime.probability, "probability of \(regime.name)", in: 0...1)
      total += regime.probability
      let own = try Self.masses(of: regime)
      losses += regime.losses
      masses += own.map { $0 * regime.probability }
    }
    let tolerance = Self.probabilityTolerance
    try require(total, "sum of probabilities", in: (1 - tolerance)...(1 + tolerance))
    let mixed = SampleTail(losses: losses, masses: masses, tailProbability: tailProbability)
    mixture = Self.tail("", 1, losses, masses, mixed, part: mixed.expectedShortfall)
    var (tails, start) = ([Tail](), 0)
    for regime in regimes {
      let own = try Self.masses(of: regime)
      let tail = SampleTail(
        losses: regime.losses, masses: own, tailProbability: tailProbability)
      var part = CompensatedSum()
      for place in start..<(start + own.count) {
        part.add(losses[place] * mixed.weight(ofLoss: losses[place], mass: masses[place]))
      }
      start += own.count
      tails.append(
        Self.tail(
          regime.name, regime.probability, regime.losses, own, tail, part: part.value))
    }
    self.regimes = tails
  }

  /// Decodes the losses of regimes.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: `DecodingError` for what is no such value, or has no regime.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    regimes = try values.decode([Tail].self, forKey: .regimes)
    mixture = try values.decode(Tail.self, forKey: .mixture)
    guard !regimes.isEmpty else {
      throw DecodingError.dataCorruptedError(
        forKey: .regimes, in: values, debugDescription: "there is no regime")
    }
  }

  /// Measures the losses of a history by the probabilities of having been in each regime.
  ///
  /// - Parameters:
  ///   - names: The names of the K regimes, for reports.
  ///   - losses: The T losses.
  ///   - stateProbabilities: For each time the probabilities of the K regimes, such as the smoothed ones of a hidden Markov
  ///     model.
  ///   - probabilities: The probabilities of the K regimes for the mixture: those of tomorrow, or the stationary ones.
  ///   - tailProbability: The probability of the tail, inside (0, 1) and a normal number.
  /// - Throws: `RiskError.shapeMismatch`, `.duplicate`, or `.invalidValue`, also for a regime that never was.
  /// - Complexity: O(T K).
  public init(
    names: [String],
    losses: [Double],
    stateProbabilities: [[Double]],
    probabilities: [Double],
    tailProbability: Double
  ) throws(RiskError) {
    guard stateProbabilities.count == losses.count else {
      throw .shapeMismatch(
        argument: "stateProbabilities", got: stateProbabilities.count, required: losses.count)
    }
    guard probabilities.count == names.count else {
      throw .shapeMismatch(
        argument: "probabilities", got: probabilities.count, required: names.count)
    }
    for row in stateProbabilities where row.count != names.count {
      throw .shapeMismatch(argument: "stateProbabilities", got: row.count, required: names.count)
    }
    try self.init(
      names.enumerated().map { k, name in
        Regime(
          name, probability: probabilities[k], losses: losses,
          masses: stateProbabilities.map { $0[k] })
      }, tailProbability: tailProbability)
  }

  /// The masses of a regime's losses, which sum to one.
  private static func masses(of regime: Regime) throws(RiskError) -> [Double] {
    guard !regime.losses.isEmpty else {
      throw .shapeMismatch(argument: "losses of \(regime.name)", got: 0, required: 1)
    }
    for loss in regime.losses { try require(loss, "loss of \(regime.name)", in: .finite) }
    let count = regime.losses.count
    guard let masses = regime.masses else {
      return [Double](repeating: 1 / Double(count), count: count)
    }
    guard masses.count == count else {
      throw .shapeMismatch(argument: "masses of \(regime.name)", got: masses.count, required: count)
    }
    for mass in masses { try require(mass, "mass of \(regime.name)", in: .nonnegative) }
    let total = masses.reduce(into: CompensatedSum()) { $0.add($1) }.value
    try require(total, "sum of masses of \(regime.name)", in: .positive)
    return masses.map { $0 / total }
  }

  private static func tail(
    _ name: String,
    _ probability: Double,
    _ losses: [Double],
    _ masses: [Double],
    _ tail: SampleTail,
    part: Double
  ) -> Tail {
    var (mean, total) = (CompensatedSum(), CompensatedSum())
    for (loss, mass) in zip(losses, masses) {
      mean.add(loss * mass)
      total.add(mass)
    }
    return Tail(
      name: name, probability: probability, expectedLoss: mean.value / total.value,
      valueAtRisk: tail.valueAtRisk, expectedShortfall: tail.expectedShortfall, part: part)
  }
}
