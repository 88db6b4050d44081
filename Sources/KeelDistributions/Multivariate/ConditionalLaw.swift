// What is known of some returns when others are given.
//
// With given returns r₁, the rest r₂, and the covariance in blocks:
//
//   E[r₂ | r₁] = μ₂ + Σ₂₁ Σ₁₁⁻¹ (r₁ − μ₁)          under both laws
//   Σ₂·₁       = Σ₂₂ − Σ₂₁ Σ₁₁⁻¹ Σ₁₂
//   δ          = (r₁ − μ₁)' Σ₁₁⁻¹ (r₁ − μ₁)
//
// Normal: the covariance is Σ₂·₁. Student-t with ν degrees of freedom, covariance Σ and m given returns: ν + m degrees of
// freedom and covariance Σ₂·₁ (ν − 2 + δ)/(ν − 2 + m): far moves make the rest uncertain too. The solve is by the
// Cholesky factor of Σ₁₁; the covariance is formed as a difference, symmetric, one triangle.
//
// P. Ding, "On the conditional distribution of the multivariate t distribution", The American Statistician 70 (2016),
// equation 2, with dispersion Σ (ν − 2)/ν.

public import KeelData
import KeelLinearAlgebra
import KeelNumerics

extension MultivariateNormal {
  /// The law of the other returns when some are given.
  ///
  /// - Parameter given: The returns that are given, by asset; at least one, and not all.
  /// - Returns: The law of the other assets, in the order of the universe.
  /// - Throws: `DistributionsError.universeMismatch` naming an asset that the law lacks, `.shapeMismatch` when none or all
  ///   are given, `.invalidValue` for a return that is not finite, `.negativeVariance` when the covariance of the given
  ///   assets is not positive definite, `.notRepresentable`.
  /// - Complexity: O(m N² + m³) for m given assets.
  public func conditional(
    on given: [AssetID: Double]
  ) throws(DistributionsError) -> MultivariateNormal {
    let parts = try ConditionalParts(expectedReturns, covariance, given: given)
    return try MultivariateNormal(
      expectedReturns: parts.expectedReturns, covariance: parts.covariance(scale: 1))
  }
}

extension MultivariateStudentT {
  /// The law of the other returns when some are given.
  ///
  /// The expectation is that of the normal law; the covariance grows with the distance of what is given, and the tails
  /// become thinner, by one degree of freedom for each given return.
  ///
  /// - Parameter given: The returns that are given, by asset; at least one, and not all.
  /// - Returns: The law of the other assets, in the order of the universe.
  /// - Throws: As ``MultivariateNormal/conditional(on:)``.
  /// - Complexity: O(m N² + m³) for m given assets.
  public func conditional(
    on given: [AssetID: Double]
  ) throws(DistributionsError) -> MultivariateStudentT {
    let parts = try ConditionalParts(expectedReturns, covariance, given: given)
    let count = Double(given.count)
    let scale =
      degreesOfFreedom == .infinity
      ? 1 : (degreesOfFreedom - 2 + parts.squaredDistance) / (degreesOfFreedom - 2 + count)
    return try MultivariateStudentT(
      expectedReturns: parts.expectedReturns, covariance: parts.covariance(scale: scale),
      degreesOfFreedom: degreesOfFreedom + count)
  }
}

/// The moments of the rest.
private struct ConditionalParts {
  let expectedReturns: ExpectedReturns
  /// The squared Mahalanobis distance of what is given.
  let squaredDistance: Double
  private let universe: Universe
  /// The covariance of the rest under the normal law.
  private let matrix: SymmetricMatrix

  init(
    _ expectedReturns: ExpectedReturns,
    _ covariance: Covariance,
    given: [AssetID: Double]
  ) throws(DistributionsError) {
    let assets = covariance.universe.assets
    var known: [Int] = []
    var deviations: [Double] = []
    for (asset, value) in given.sorted(by: { $0.key < $1.key }) {
      guard let place = covariance.universe.position(of: asset) else {
        throw .universeMismatch(position: 0, left: asset, right: nil)
      }
      guard value.isFinite else {
        throw .invalidValue(
          argument: "given", got: value, lowest: -.greatestFiniteMagnitude,
          highest: .greatestFiniteMagnitude)
      }
      known.append(place)
      deviations.append(value - expectedReturns.values[place])
    }
    guard (1..<assets.count).contains(known.count) else {
      throw .shapeMismatch(
        argument: "given", got: known.count, required: max(1, assets.count - 1))
    }
    let isKnown = Set(known)
    let rest = assets.indices.filter { !isKnown.contains($0) }
    let full = covariance.matrix
    let solution = try Self.solve(full, known: known, deviations, rest: rest)
    squaredDistance = solution.distances.reduce(0) { $0 + $1 * $1 }
    var means: [Double] = []
    for (column, place) in zip(solution.columns, rest) {
      let shift = zip(column, solution.distances).reduce(0) { $0 + $1.0 * $1.1 }
      means.append(expectedReturns.values[place] + shift)
    }
    matrix = Self.remainder(full, rest: rest, solution.columns)
    do throws(DataError) {
      universe = try Universe(rest.map { assets[$0] })
      self.expectedReturns = try ExpectedReturns(universe: universe, values: means)
    } catch {
      throw .notRepresentable(result: "conditional mean")
    }
  }

  /// `Σ₂₂ − V'V`; what rounding alone can leave of a variance is zero, and no correlation is above one.
  private static func remainder(
    _ full: SymmetricMatrix,
    rest: [Int],
    _ columns: [[Double]]
  ) -> SymmetricMatrix {
    let count = rest.count
    var lower = [Double](repeating: 0, count: count * count)
    var deviations = [Double](repeating: 0, count: count)
    for i in 0..<count {
      let variance = full[rest[i], rest[i]]
      let left = variance - columns[i].reduce(0) { $0 + $1 * $1 }
      let rounding = Double(4 * (columns[i].count + 1)) * Double.ulpOfOne * variance
      lower[i + i * count] = left > rounding ? left : 0
      deviations[i] = lower[i + i * count].squareRoot()
    }
    for j in 0..<count {
      for i in (j + 1)..<max(count, j + 1) {
        let explained = zip(columns[i], columns[j]).reduce(0) { $0 + $1.0 * $1.1 }
        let most = deviations[i] * deviations[j]
        lower[i + j * count] = min(max(full[rest[i], rest[j]] - explained, -most), most)
      }
    }
    return SymmetricMatrix(lowerTriangleOf: lower, order: count)
  }

  /// `L⁻¹ (r₁ − μ₁)` and the columns of `L⁻¹ Σ₁₂` with `L L' = Σ₁₁`.
  private static func solve(
    _ full: SymmetricMatrix,
    known: [Int],
    _ deviations: [Double],
    rest: [Int]
  ) throws(DistributionsError) -> (distances: [Double], columns: [[Double]]) {
    var block = [Double](repeating: 0, count: known.count * known.count)
    for (j, column) in known.enumerated() {
      for (i, row) in known.enumerated() { block[i + j * known.count] = full[row, column] }
    }
    do throws(LinearAlgebraError) {
      let factor = try Cholesky(SymmetricMatrix(lowerTriangleOf: block, order: known.count))
      let distances = try factor.solveLower(deviations)
      let columns = try rest.map { (place) throws(LinearAlgebraError) in
        try factor.solveLower(known.map { full[$0, place] })
      }
      return (distances, columns)
    } catch {
      guard case .notPositiveDefinite = error else {
        throw .notRepresentable(result: "conditional law")
      }
      throw .negativeVariance(0)
    }
  }

  func covariance(scale: Double) throws(DistributionsError) -> Covariance {
    var scaled = matrix
    for j in 0..<matrix.order {
      for i in j..<matrix.order { scaled[i, j] = scale * matrix[i, j] }
    }
    do throws(DataError) {
      return try Covariance(universe: universe, dense: scaled, definiteness: .unproved)
    } catch {
      throw .notRepresentable(result: "conditional covariance")
    }
  }
}
