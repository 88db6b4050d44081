public import KeelData
import KeelLinearAlgebra
public import KeelNumerics

/// The profit of a position that is quadratic in the moves of some assets.
///
/// ```text
/// V = constant + δ'x + x'Γx / 2
/// ```
public struct QuadraticPosition: Hashable, Sendable {
  /// The profit without moves, in cash: time decay over the period.
  public let constant: Double

  /// δ of each asset, in cash a unit of return.
  public let deltas: [Double]

  /// Γ, in cash a unit of return squared; nil for a position that is linear.
  public let gammas: SymmetricMatrix?

  /// Creates a position.
  ///
  /// - Parameters:
  ///   - constant: The profit without moves, in cash.
  ///   - deltas: δ of each asset of the moves, in their order, in cash a unit of return.
  ///   - gammas: Γ, in cash a unit of return squared, of the same order; nil for a position that is linear.
  public init(constant: Double = 0, deltas: [Double], gammas: SymmetricMatrix? = nil) {
    self.constant = constant
    self.deltas = deltas
    self.gammas = gammas
  }
}

/// A book of positions that are quadratic in normal moves, with the split of its risk.
///
/// ```swift
/// let book = try DeltaGammaBook(positions: [future, straddle], moves: moves)
/// let split = try book.contributions(.expectedShortfall, confidence: 0.99)
/// // split.positions sum to split.total, split.assets to it without the constants.
/// ```
///
/// The measures are homogeneous in the positions: a part is the derivative of the risk in the size of the position, minus
/// its mean profit where the book loses its value at risk, or that and more. These means are exact, ``DeltaGammaLaw`` with another
/// integrand. Source: D. Tasche, "Risk contributions and performance measurement", TU München (1999).
public struct DeltaGammaBook: Sendable {
  /// A measure that is split.
  @nonexhaustive
  public enum Measure: Hashable, Sendable, CaseIterable {
    /// The loss that is exceeded with a probability of 1 − confidence.
    case valueAtRisk
    /// The mean of the worst 1 − confidence of the losses.
    case expectedShortfall
  }

  /// The law of the moves.
  public let moves: MultivariateNormal

  /// The positions.
  public let positions: [QuadraticPosition]

  /// The law of the profit of the book.
  public let law: DeltaGammaLaw

  private let whole: QuadraticSum
  private let form: DiagonalForm

  /// Creates a book.
  ///
  /// - Parameters:
  ///   - positions: The positions, each over the assets of the moves in their order.
  ///   - moves: The law of the returns over the period.
  /// - Throws: As ``DeltaGammaLaw/init(constant:deltas:gammas:moves:)``, with shapes and numbers of each position.
  /// - Complexity: O(n³) for n assets, O(n²) a position.
  public init(
    positions: [QuadraticPosition],
    moves: MultivariateNormal
  ) throws(DistributionsError) {
    let count = moves.covariance.universe.count
    for position in positions {
      for (argument, got) in [
        ("deltas", position.deltas.count), ("gammas", position.gammas?.order ?? count),
      ] where got != count {
        throw .shapeMismatch(argument: argument, got: got, required: count)
      }
      try requireFinite(position.constant, "constant")
      for delta in position.deltas { try requireFinite(delta, "deltas") }
      if let gammas = position.gammas, let bad = gammas.firstNonFiniteElement {
        try requireFinite(gammas[bad.row, bad.column], "gammas")
      }
    }
    let whole = try QuadraticSum(positions, count: count)
    self.whole = whole
    form = try DiagonalForm.of(whole.constant, whole.deltas, whole.gammas, moves)
    law = try DeltaGammaLaw(form)
    self.moves = moves
    self.positions = positions
  }

  /// The risk of the book.
  ///
  /// - Parameters:
  ///   - measure: The measure.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The risk in cash, positive for a loss; NaN outside (0, 1).
  public func risk(_ measure: Measure, confidence: Double) -> Double {
    Self.risk(of: law, measure, confidence)
  }

  private static func risk(
    of law: DeltaGammaLaw,
    _ measure: Measure,
    _ confidence: Double
  ) -> Double {
    switch measure {
    case .valueAtRisk: law.valueAtRisk(confidence: confidence)
    case .expectedShortfall: law.expectedShortfall(confidence: confidence)
    }
  }

  /// Splits the risk of the book over positions and assets.
  ///
  /// - Parameters:
  ///   - measure: The measure.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The parts; they sum to the risk within 1e-12 of the sum of their magnitudes.
  /// - Throws: `DistributionsError.invalidValue` for the confidence, `DistributionsError.notRepresentable` where the integrals have no
  ///   digits, as next to a point where the density is infinite.
  /// - Complexity: Some hundred times O(r²) for the rank r of the covariance, O(n² r), O(n²) a position.
  public func contributions(
    _ measure: Measure,
    confidence: Double
  ) throws(DistributionsError) -> DeltaGammaContributions {
    try requireConfidence(confidence)
    let unit = law.unit
    guard
      let given = QuadraticTailMoments(
        law.standard, slopes: form.slopes.map { $0 / unit },
        curvatures: form.curvatures.map { $0 / unit }, probability: 1 - confidence,
        event: measure == .valueAtRisk ? .atPoint : .below)
    else { throw .notRepresentable(result: "means of the moves") }
    do throws(LinearAlgebraError) {
      return try DeltaGammaContributions(
        total: risk(measure, confidence: confidence), book: self, whole: whole,
        meanMoves: meanMoves(given), covariance: covariance(given))
    } catch {
      throw .notRepresentable(result: "means of the moves")
    }
  }

  /// What each position adds to the risk: that of the book less that of the others, the rest as it is.
  ///
  /// The risk of others that do not move, or that hedge each other, is minus their mean profit.
  ///
  /// - Parameters:
  ///   - measure: The measure.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: One number a position, in cash.
  /// - Throws: `DistributionsError.invalidValue` for the confidence, `DistributionsError.notRepresentable`, and as
  ///   ``init(positions:moves:)``.
  /// - Complexity: One book a position.
  public func incrementalRisks(
    _ measure: Measure,
    confidence: Double
  ) throws(DistributionsError) -> [Double] {
    try requireConfidence(confidence)
    let all = risk(measure, confidence: confidence)
    var risks: [Double] = []
    for place in positions.indices {
      var others = positions
      others.remove(at: place)
      let sum = try QuadraticSum(others, count: moves.covariance.universe.count)
      let rest = try DiagonalForm.of(sum.constant, sum.deltas, sum.gammas, moves)
      // What is left may have no risk, and with it no law.
      let without =
        rest.isCertain
        ? -rest.constant : try Self.risk(of: DeltaGammaLaw(rest), measure, confidence)
      guard (all - without).isFinite else { throw .notRepresentable(result: "risk") }
      risks.append(all - without)
    }
    return risks
  }
}

extension DeltaGammaBook {
  /// μ + L Q E[z].
  private func meanMoves(_ given: QuadraticTailMoments) throws(LinearAlgebraError) -> [Double] {
    guard form.factor.columnCount > 0 else { return moves.expectedReturns.values }
    let turned = try form.rotation.times(given.mean)
    return zip(moves.expectedReturns.values, try form.factor.times(turned)).map { $0 + $1 }
  }

  /// L Q Cov[z] Q' L'.
  private func covariance(_ given: QuadraticTailMoments) throws(LinearAlgebraError) -> Matrix {
    let rank = given.mean.count
    let inner = Matrix(uncheckedRowCount: rank, columnCount: rank, storage: given.covariance)
    let map = try form.factor * form.rotation
    let count = map.rowCount
    var result = Matrix(
      uncheckedRowCount: count, columnCount: count,
      storage: [Double](repeating: 0, count: count * count))
    try result.setToProduct(map * inner, .none, map, .transposed)
    return result
  }
}

/// The sum of positions.
private struct QuadraticSum: Sendable {
  let constant: Double
  let deltas: [Double]
  let gammas: SymmetricMatrix

  init(_ positions: [QuadraticPosition], count: Int) throws(DistributionsError) {
    var constant = CompensatedSum()
    var deltas = [CompensatedSum](repeating: CompensatedSum(), count: count)
    var gammas: SymmetricMatrix
    do throws(NumericsError) {
      gammas = try SymmetricMatrix(order: count)
    } catch {
      throw .notRepresentable(result: "gammas")
    }
    for position in positions {
      constant.add(position.constant)
      for i in 0..<count { deltas[i].add(position.deltas[i]) }
      guard let own = position.gammas else { continue }
      for j in 0..<count {
        for i in 0...j { gammas[i, j] += own[i, j] }
      }
    }
    self.constant = constant.value
    self.deltas = deltas.map(\.value)
    self.gammas = gammas
  }
}

/// The risk of a quadratic book, split over its positions and over the assets.
///
/// A part of an asset is that of its deltas and of its gammas; a cross gamma of two assets counts for each by half.
public struct DeltaGammaContributions: Hashable, Sendable {
  /// The assets of the moves.
  public let universe: Universe

  /// The risk of the book in cash, positive for a loss.
  public let total: Double

  /// The part of each position, the marginal risk of its size; the parts sum to ``total``.
  public let positions: [Double]

  /// The part of what is certain: minus the sum of the constants.
  public let constant: Double

  /// The part of the deltas of each asset.
  public let deltas: [Double]

  /// The part of the gammas of each asset.
  public let gammas: [Double]

  /// The mean move of each asset where the book loses its value at risk, or that and more: a scenario for a report.
  public let meanMoves: [Double]

  /// The part of each asset, of the risk without the constants: by group and protocol as any other split.
  ///
  /// The marginals are those of the size of all that depends on the asset: derivatives in weights of one, not in other weights.
  public var assets: RiskContributions {
    let parts = zip(deltas, gammas).map { $0 + $1 }
    return RiskContributions(
      universe: universe, total: total - constant, contributions: parts, marginals: parts)
  }

  fileprivate init(
    total: Double,
    book: DeltaGammaBook,
    whole: QuadraticSum,
    meanMoves: [Double],
    covariance: Matrix
  ) {
    let count = meanMoves.count
    /// −(Γ E[xx'])(i, i)/2, of the gammas of one asset.
    func bent(_ gammas: SymmetricMatrix, _ i: Int) -> Double {
      var sum = CompensatedSum()
      for j in 0..<count {
        sum.add(gammas[i, j] * (covariance[i, j] + meanMoves[i] * meanMoves[j]))
      }
      return -sum.value / 2
    }
    universe = book.moves.covariance.universe
    self.total = total
    self.meanMoves = meanMoves
    constant = -whole.constant
    deltas = zip(whole.deltas, meanMoves).map { -$0 * $1 }
    gammas = (0..<count).map { bent(whole.gammas, $0) }
    positions = book.positions.map { position in
      var sum = CompensatedSum()
      sum.add(-position.constant)
      for (delta, move) in zip(position.deltas, meanMoves) { sum.add(-delta * move) }
      if let own = position.gammas {
        for i in 0..<count { sum.add(bent(own, i)) }
      }
      return sum.value
    }
  }
}
