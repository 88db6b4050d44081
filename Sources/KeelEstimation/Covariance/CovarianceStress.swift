public import KeelData
import KeelNumerics

// Changes of a covariance that keep it positive semidefinite: each is a sum of positive semidefinite matrices with
// weights that are not negative, or a scaling of rows and columns.

extension Covariance {
  /// Moves the correlations of some assets toward one, as they move in a crash; the variances stay.
  ///
  /// ```text
  /// Σ(s) = (1 − s) Σ + s Σ₁
  /// ```
  ///
  /// In Σ₁ the standardized returns of the chosen assets are one and the same: that of their sum. The whole path from
  /// share 0 to 1 is positive semidefinite, whatever the other correlations are.
  ///
  /// - Parameters:
  ///   - share: How far, 0 to 1.
  ///   - assets: The assets; nil for all.
  /// - Returns: The stressed covariance.
  /// - Throws: `EstimationError.invalidValue` for the share, `EstimationError.unknownAsset`,
  ///   `EstimationError.zeroVariance` where the assets have no common move.
  public func stressed(
    towardOne share: Double,
    among assets: Set<AssetID>? = nil
  ) throws(EstimationError) -> Covariance {
    guard share >= 0, share <= 1 else {
      throw .invalidValue(argument: "share", got: share, lowest: 0, highest: 1)
    }
    let chosen = try positions(of: assets)
    if share == 0 || chosen.count < 2 { return self }
    let matrix = matrix
    let n = matrix.order
    let deviations = standardDeviations
    // The covariance of every asset with the sum of the standardized chosen ones, and the variance of the sum.
    var sums = [Double](repeating: 0, count: n)
    for j in chosen where deviations[j] > 0 {
      let column = matrix.column(j)
      for i in 0..<n { sums[i] += column[i] / deviations[j] }
    }
    let variance = chosen.reduce(0) { deviations[$1] > 0 ? $0 + sums[$1] / deviations[$1] : $0 }
    guard variance > Double(n) * Double.ulpOfOne else {
      throw .zeroVariance(asset: nil, column: chosen[0])
    }
    let scale = 1 / variance.squareRoot()
    let isChosen = Set(chosen)
    var stressed = matrix
    for j in 0..<n {
      for i in j..<n where i != j {
        let target =
          switch (isChosen.contains(i), isChosen.contains(j)) {
          case (true, true): deviations[i] * deviations[j]
          case (true, false): deviations[i] * sums[j] * scale
          case (false, true): deviations[j] * sums[i] * scale
          case (false, false): matrix[i, j]
          }
        stressed[i, j] = (1 - share) * matrix[i, j] + share * target
      }
    }
    return try replacing(stressed)
  }

  /// Gives some assets other volatilities; the correlations stay.
  ///
  /// With volatilities that options imply this is the implied covariance: what the market expects of each asset, and
  /// history of how they move together.
  ///
  /// - Parameter volatilities: The standard deviation per period of the data of each asset, positive; an annual one
  ///   times the root of the years of a period.
  /// - Returns: The covariance in the same form.
  /// - Throws: `EstimationError.unknownAsset`, `EstimationError.invalidValue`,
  ///   `EstimationError.zeroVariance` for an asset without correlations, `EstimationError.notRepresentable`.
  public func replacing(
    volatilities: [AssetID: Double]
  ) throws(EstimationError) -> Covariance {
    let deviations = standardDeviations
    var factors = [Double](repeating: 1, count: universe.count)
    for asset in volatilities.keys.sorted() {
      guard let position = universe.position(of: asset), let volatility = volatilities[asset] else {
        throw .unknownAsset(asset)
      }
      guard volatility > 0, volatility.isFinite else {
        throw .invalidValue(
          argument: "volatilities", got: volatility, lowest: .leastNonzeroMagnitude,
          highest: .greatestFiniteMagnitude)
      }
      guard deviations[position] > 0 else {
        throw .zeroVariance(asset: asset, column: position)
      }
      factors[position] = volatility / deviations[position]
    }
    switch form {
    case .factor(let parts):
      var loadings = parts.loadings
      for k in 0..<loadings.columnCount {
        for i in factors.indices { loadings[i, k] *= factors[i] }
      }
      let specific = zip(parts.specificVariances, factors).map { $0 * $1 * $1 }
      return try labeled(
        .factor(
          FactorCovariance(
            loadings: loadings, factorCovariance: parts.factorCovariance,
            specificVariances: specific)))
    case .dense(let matrix):
      var scaled = matrix
      for j in factors.indices {
        for i in j..<factors.count { scaled[i, j] = matrix[i, j] * factors[i] * factors[j] }
      }
      return try replacing(scaled)
    }
  }

  /// The weighted sum of covariances of the same assets: of horizons, of regimes with their probabilities, of a model
  /// and a history.
  ///
  /// - Parameters:
  ///   - covariances: Covariances of the same assets in the same order, at least one.
  ///   - weights: A weight of each, not negative; they need not sum to one.
  /// - Returns: The sum, dense.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.universeMismatch`, `EstimationError.invalidValue`,
  ///   `EstimationError.notRepresentable`.
  public static func blended(
    _ covariances: [Covariance],
    weights: [Double]
  ) throws(EstimationError) -> Covariance {
    guard let first = covariances.first else {
      throw .shapeMismatch(argument: "covariances", got: 0, required: 1)
    }
    guard weights.count == covariances.count else {
      throw .shapeMismatch(argument: "weights", got: weights.count, required: covariances.count)
    }
    let n = first.universe.count
    var sum = [Double](repeating: 0, count: n * n)
    var isProved = true
    for (covariance, weight) in zip(covariances, weights) {
      do throws(DataError) {
        try first.universe.requireEqual(covariance.universe)
      } catch {
        throw EstimationError(error)
      }
      guard weight >= 0, weight.isFinite else {
        throw .invalidValue(
          argument: "weights", got: weight, lowest: 0, highest: .greatestFiniteMagnitude)
      }
      if case .dense = covariance.form, covariance.definiteness == .unproved { isProved = false }
      let matrix = covariance.matrix
      let elements = matrix.elements
      for i in sum.indices { sum[i] += weight * elements[i] }
    }
    let matrix = SymmetricMatrix(lowerTriangleOf: sum, order: n)
    return try first.labeled(.dense(matrix), isProved: isProved)
  }

  /// The positions in the order of names, in which sums are taken.
  private func positions(of assets: Set<AssetID>?) throws(EstimationError) -> [Int] {
    guard let assets else { return NameOrder(universe).order }
    var positions: [Int] = []
    for asset in assets.sorted() {
      guard let position = universe.position(of: asset) else { throw .unknownAsset(asset) }
      positions.append(position)
    }
    return positions
  }

  private func replacing(_ matrix: SymmetricMatrix) throws(EstimationError) -> Covariance {
    let isFactor = if case .factor = form { true } else { false }
    return try labeled(.dense(matrix), isProved: isFactor || definiteness == .byConstruction)
  }

  private func labeled(
    _ form: Form,
    isProved: Bool = true
  ) throws(EstimationError) -> Covariance {
    do throws(DataError) {
      switch form {
      case .factor(let parts): return try Covariance(universe: universe, factor: parts)
      case .dense(let matrix):
        return try Covariance(
          universe: universe, dense: matrix,
          definiteness: isProved ? .byConstruction : .unproved)
      }
    } catch {
      throw .notRepresentable(result: "covariance")
    }
  }
}
