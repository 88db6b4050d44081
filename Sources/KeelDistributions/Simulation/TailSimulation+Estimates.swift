// A probability is the mean of what a path counts: its likelihood where it is in the tail. Standard errors are those of
// this mean; that of a quantile is that of the probability at it over the density there (P. Glasserman, "Monte Carlo
// Methods in Financial Engineering", 2004, section 9.2), the density from two more quantiles. The expected shortfall is
// v + E[(L − v)⁺]/p, which an error of v changes in second order only (R. Rockafellar, S. Uryasev, Journal of Risk 2, 2000).
// Paths of Sobol points are not independent: their error is that of the mean of independent scramblings (Glasserman 2004,
// section 5.4).

extension TailSimulation {
  /// Estimates the probability of a loss above a threshold.
  ///
  /// - Parameter threshold: The loss.
  /// - Returns: The probability with its standard error. That is NaN where no path is above the threshold, or every
  ///   one: S paths alike say no more than that the other probability is below some 3/S, at 95 % (importance
  ///   sampling with every path above it keeps its error, that of the likelihoods; of one path it is NaN).
  /// - Throws: `DistributionsError.invalidValue` for a threshold that is not finite.
  /// - Complexity: O(S).
  public func probability(above threshold: Double) throws(DistributionsError) -> SimulationEstimate
  {
    try requireFinite(threshold, "threshold")
    return spread(pooledProbability(above: threshold)) { part in
      part.pooledProbability(above: threshold)
    }
  }

  private func pooledProbability(above threshold: Double) -> SimulationEstimate {
    let estimate = mean(
      { $0 > threshold ? 1 : 0 }, control: { $0 > threshold ? 1 : 0 },
      controlMean: linearLaw.cdf(-threshold))
    let isAbove = { (loss: Double) in loss > threshold }
    let isNever = !losses.contains(where: isAbove) && !mirroredLosses.contains(where: isAbove)
    let isAlways =
      likelihoods.isEmpty && losses.allSatisfy(isAbove) && mirroredLosses.allSatisfy(isAbove)
    return SimulationEstimate(
      value: estimate.value, standardError: isNever || isAlways ? .nan : estimate.standardError)
  }

  /// Estimates the value at risk.
  ///
  /// - Parameter confidence: The confidence, inside (0, 1).
  /// - Returns: The loss that is exceeded with a probability of one less the confidence, with its standard error, which
  ///   counts the distance to the next loss too.
  /// - Throws: `DistributionsError.tooFewObservations` unless some 40 losses are above it and as many are not, of each
  ///   scrambling where there are several,
  ///   `DistributionsError.invalidValue` for a confidence outside (0, 1), and for one whose tail the importance
  ///   sampling did not draw, with the lowest that it did.
  /// - Complexity: O(S log S).
  public func valueAtRisk(confidence: Double) throws(DistributionsError) -> SimulationEstimate {
    try requireConfidence(confidence)
    return try spread(pooledValueAtRisk(confidence)) { part throws(DistributionsError) in
      try part.pooledValueAtRisk(confidence)
    }
  }

  private func pooledValueAtRisk(
    _ confidence: Double
  ) throws(DistributionsError) -> SimulationEstimate {
    let tail = try TailOrder(self, confidence: confidence)
    let p = 1 - confidence
    let point = tail.point(p)
    let reach = TailOrder.reach(p)
    let density =
      2 * reach / (tail.point(p - reach) - tail.point(p + reach))
    let split = -linearLaw.quantile(p)
    let error = mean(
      { $0 > point ? 1 : 0 }, control: { $0 > split ? 1 : 0 }, controlMean: p
    ).standardError
    // A control that explains all leaves the distance of one loss from the next.
    let least = max(controls.isEmpty ? 0 : 1 / (Double(pathCount) * density), tail.gap(p))
    return SimulationEstimate(
      value: point,
      standardError: (error * error / (density * density) + least * least).squareRoot())
  }

  /// Estimates the expected shortfall.
  ///
  /// - Parameter confidence: The confidence, inside (0, 1).
  /// - Returns: The mean loss beyond the value at risk, with its standard error.
  /// - Throws: As ``valueAtRisk(confidence:)``.
  /// - Complexity: O(S log S).
  public func expectedShortfall(
    confidence: Double
  ) throws(DistributionsError) -> SimulationEstimate {
    try requireConfidence(confidence)
    return try spread(pooledExpectedShortfall(confidence)) { part throws(DistributionsError) in
      try part.pooledExpectedShortfall(confidence)
    }
  }

  private func pooledExpectedShortfall(
    _ confidence: Double
  ) throws(DistributionsError) -> SimulationEstimate {
    let p = 1 - confidence
    let point = try TailOrder(self, confidence: confidence).point(p)
    let split = -linearLaw.quantile(p)
    let excess = mean(
      { max(0, $0 - point) }, control: { max(0, $0 - split) },
      controlMean: p * (-linearLaw.meanBelow(probability: p) - split))
    return SimulationEstimate(
      value: point + excess.value / p, standardError: excess.standardError / p)
  }

  /// An estimate of all paths; that of Sobol points with the error of the spread of their scramblings.
  private func spread<Failure: Error>(
    _ whole: SimulationEstimate,
    _ estimate: (TailSimulation) throws(Failure) -> SimulationEstimate
  ) throws(Failure) -> SimulationEstimate {
    guard points == .scrambledSobol, !whole.standardError.isNaN else { return whole }
    let parts = scramblings
    var values: [Double] = []
    for part in parts { values.append(try estimate(part).value) }
    // Independent means, each with the share of its paths.
    let shares = parts.map { Double($0.pathCount) / Double(pathCount) }
    let mean = zip(shares, values).reduce(0) { $0 + $1.0 * $1.1 }
    let squares = zip(shares, values).reduce(0.0) { sum, pair in
      let distance = pair.0 * (pair.1 - mean)
      return sum + distance * distance
    }
    let count = Double(parts.count)
    return SimulationEstimate(
      value: whole.value, standardError: (squares * count / (count - 1)).squareRoot())
  }

  /// The mean of a function of the losses.
  private func mean(
    _ function: (Double) -> Double,
    control: (Double) -> Double,
    controlMean: Double
  ) -> SimulationEstimate {
    let count = Double(pathCount)
    var values = losses.map(function)
    if !mirroredLosses.isEmpty {
      for i in values.indices { values[i] = 0.5 * (values[i] + function(mirroredLosses[i])) }
    }
    if !likelihoods.isEmpty { for i in values.indices { values[i] *= likelihoods[i] } }
    var mean = values.reduce(0, +) / count
    if !controls.isEmpty {
      let known = controls.map(control)
      let center = known.reduce(0, +) / count
      var (square, product) = (0.0, 0.0)
      for i in values.indices {
        square += (known[i] - center) * (known[i] - center)
        product += (known[i] - center) * (values[i] - mean)
      }
      let slope = square > 0 ? product / square : 0
      for i in values.indices { values[i] -= slope * (known[i] - controlMean) }
      mean -= slope * (center - controlMean)
    }
    let squares = values.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
    return SimulationEstimate(
      value: mean, standardError: (squares / (count - 1) / count).squareRoot())
  }
}

/// The largest losses with what each counts, from the largest down.
private struct TailOrder {
  private let losses: [Double]
  /// The mass of the losses up to and with each.
  private let masses: [Double]

  private static let leastCount = 40

  /// How far from a probability the quantiles are between which the density is taken: a quarter of it, or half of the
  /// rest where that is less.
  static func reach(_ p: Double) -> Double { min(0.25 * p, 0.5 * (1 - p)) }

  init(_ simulation: TailSimulation, confidence: Double) throws(DistributionsError) {
    let count = Double(simulation.pathCount)
    let p = 1 - confidence
    var pairs: [(loss: Double, mass: Double)] = []
    if !simulation.likelihoods.isEmpty {
      pairs = zip(simulation.losses, simulation.likelihoods).map { ($0, $1 / count) }
    } else if !simulation.controls.isEmpty {
      // Each side of the control's quantile gets its probability.
      let split = -simulation.linearLaw.quantile(p)
      let above = Double(simulation.controls.filter { $0 > split }.count)
      let (high, low) = (
        above > 0 ? p / above : 0, count > above ? confidence / (count - above) : 0
      )
      pairs = zip(simulation.losses, simulation.controls).map { ($0, $1 > split ? high : low) }
    } else {
      let all = simulation.losses + simulation.mirroredLosses
      pairs = all.map { ($0, 1 / Double(all.count)) }
    }
    pairs.sort { $0.loss > $1.loss }
    var (losses, masses): ([Double], [Double]) = ([], [])
    var sum = 0.0
    for pair in pairs {
      sum += pair.mass
      losses.append(pair.loss)
      masses.append(sum)
      if sum > 2 * p { break }
    }
    let inTail = masses.firstIndex { $0 > p } ?? masses.count
    guard inTail >= Self.leastCount else {
      throw .tooFewObservations(got: inTail, required: Self.leastCount)
    }
    // Beyond the farther quantile of the density.
    guard simulation.likelihoods.isEmpty || sum > min(1.5 * p, 0.5 * (1 + p)) else {
      throw .invalidValue(
        argument: "confidence", got: confidence, lowest: 1 - max(sum / 1.5, 2 * sum - 1),
        highest: 1)
    }
    let rest = pairs.count - inTail
    guard rest >= Self.leastCount else {
      throw .tooFewObservations(got: rest, required: Self.leastCount)
    }
    self.losses = losses
    self.masses = masses
  }

  /// The largest loss of which the mass up to it is above a probability.
  func point(_ probability: Double) -> Double { losses[place(probability)] }

  /// The distance of this loss to the farther of its neighbors.
  func gap(_ probability: Double) -> Double {
    let k = place(probability)
    let (above, below) = (max(k - 1, 0), min(k + 1, losses.count - 1))
    return max(losses[above] - losses[k], losses[k] - losses[below])
  }

  private func place(_ probability: Double) -> Int {
    masses.firstIndex { $0 > probability } ?? losses.count - 1
  }
}
