/// A proof that no point satisfies the constraints (Farkas).
///
/// ```text
/// y'A + z' = 0  and  Σ (lower y⁺ − upper y⁻) + Σ (lowerBound z⁺ − upperBound z⁻) > 0
/// ```
///
/// Any feasible point would make the first expression times x at least as large as the second.
public struct InfeasibilityProof: Hashable, Sendable {
  /// The multipliers y of the rows and z of the bounds, the largest of the rows about one.
  public let multipliers: Duals

  /// The second expression: positive, in the unit of the rows.
  public let contradiction: Double

  /// The part of y'A that no finite bound can absorb, relative to its terms; zero in most proofs.
  public let residual: Double

  /// The names of the rows and variables whose bounds clash, rows first.
  public let constraints: [String]
}

extension InfeasibilityProof {
  /// What stands for a proof that was checked and is not kept.
  static var withoutReasons: InfeasibilityProof {
    InfeasibilityProof(
      multipliers: Duals(rows: [], bounds: [], rowNames: [], variableNames: []),
      contradiction: .nan, residual: .nan, constraints: [])
  }
}

/// A proof that the objective falls without limit from any feasible point.
public struct UnboundednessProof: Hashable, Sendable {
  /// A direction in which one can move forever, its largest element 1 in magnitude.
  public internal(set) var direction: [Double]

  /// The change of the objective per unit of the direction: negative.
  public internal(set) var slope: Double

  /// What is left of curvature and constraints along the direction, relative to their terms.
  public internal(set) var residual: Double
}

extension QuadraticProgram {
  /// The size of a residual of a proof relative to its terms that is taken for zero.
  static let proofTolerance = 1e-9

  /// The part of y'A relative to its terms that may remain where no bound absorbs it: a point that
  /// escapes the proof by it is 1e12 times as large as the contradiction is small.
  static let infeasibilityResidual = 1e-12

  /// What rounding may leave of a sum, relative to the size of its terms; a smaller one counts as
  /// zero.
  fileprivate static let proofNoise = 1e-12

  /// Checks multipliers of rows as a proof of infeasibility, on the data of the program.
  ///
  /// The multipliers of the bounds are −A'y, so that the proof has no residual wherever a variable
  /// has the bound that it needs.
  ///
  /// - Parameter rowMultipliers: One multiplier a row.
  /// - Returns: The proof, or nil when the multipliers prove nothing.
  public func infeasibilityProof(rowMultipliers: [Double]) -> InfeasibilityProof? {
    guard rowMultipliers.count == rows.count else { return nil }
    let largest = largestMagnitude(rowMultipliers)
    guard largest > 0, largest < .infinity else { return nil }
    var y = rowMultipliers.map { $0 / largest }
    // What remains without the multipliers of infinite bounds is a proof by itself, or none.
    for (k, row) in rows.enumerated()
    where y[k] > 0 && row.lower == -.infinity || y[k] < 0 && row.upper == .infinity { y[k] = 0 }
    var z = [Double](repeating: 0, count: variableCount)
    var size = z
    var value = 0.0
    var terms = 0.0
    for (k, row) in rows.enumerated() where y[k] != 0 {
      let term = y[k] * (y[k] > 0 ? row.lower : row.upper)
      value += term
      terms += term.magnitude
      for (i, a) in zip(row.indices, row.coefficients) {
        z[i] -= a * y[k]
        size[i] += (a * y[k]).magnitude
      }
    }
    var residual = 0.0
    for i in z.indices where z[i] != 0 {
      let bound = z[i] > 0 ? lowerBounds[i] : upperBounds[i]
      if bound.isInfinite || z[i].magnitude <= Self.proofNoise * size[i] {
        residual = max(residual, z[i].magnitude / size[i])
        z[i] = 0
        continue
      }
      value += bound * z[i]
      terms += (bound * z[i]).magnitude
    }
    guard residual <= Self.infeasibilityResidual, value > Self.proofNoise * terms, value.isFinite
    else { return nil }
    let names =
      rows.indices.filter { isWeighty(y[$0], rows[$0], size) }.map { rows[$0].name }
      + z.indices.filter { z[$0] != 0 }.map { variableName($0) }
    return InfeasibilityProof(
      multipliers: Duals(of: self, rows: y, bounds: z), contradiction: value, residual: residual,
      constraints: names)
  }

  /// Whether a multiplier is more than rounding beside the other terms of its columns.
  private func isWeighty(_ y: Double, _ row: LinearRow, _ size: [Double]) -> Bool {
    if row.indices.isEmpty { return y != 0 }
    return zip(row.indices, row.coefficients).contains { i, a in
      (a * y).magnitude > Self.proofNoise * size[i]
    }
  }

  /// Checks a direction as a proof that the objective has no lower limit, on the data of the
  /// program.
  ///
  /// - Parameter candidate: One number a variable.
  /// - Returns: The proof, or nil when the direction proves nothing.
  public func unboundednessProof(direction candidate: [Double]) -> UnboundednessProof? {
    guard candidate.count == variableCount else { return nil }
    let largest = largestMagnitude(candidate)
    guard largest > 0, largest < .infinity else { return nil }
    var d = candidate.map { $0 / largest }
    for i in d.indices {
      let blocked = d[i] > 0 ? upperBounds[i].isFinite : lowerBounds[i].isFinite
      if blocked {
        guard d[i].magnitude <= Self.proofTolerance else { return nil }
        d[i] = 0
      }
    }
    var residual = 0.0
    let product = quadratic.times(d)
    let size = quadratic.absoluteTimes(d)
    for i in d.indices { residual = max(residual, relative(product[i].magnitude, to: size[i])) }
    for row in rows {
      let value = row.value(at: d)
      let blocked = value > 0 ? row.upper.isFinite : row.lower.isFinite
      guard blocked else { continue }
      var terms = 0.0
      for (i, a) in zip(row.indices, row.coefficients) { terms += (a * d[i]).magnitude }
      residual = max(residual, relative(value.magnitude, to: terms))
    }
    let slope = dot(linear, d)
    var slopeSize = 0.0
    for i in d.indices { slopeSize += (linear[i] * d[i]).magnitude }
    guard residual <= Self.proofTolerance, slope < -Self.proofTolerance * slopeSize else {
      return nil
    }
    return UnboundednessProof(direction: d, slope: slope, residual: residual)
  }
}

extension FlatProgram {
  /// Whether multipliers of rows prove that there is no point: the checks of
  /// ``QuadraticProgram/infeasibilityProof(rowMultipliers:)`` in memory that is kept.
  func isEmpty(rowMultipliers: [Double], scratch: inout CertificateScratch) -> Bool {
    let largest = largestMagnitude(rowMultipliers)
    guard largest > 0, largest < .infinity else { return false }
    scratch.restart(count: count)
    var value = 0.0
    var terms = 0.0
    for k in rowLower.indices {
      let y = rowMultipliers[k] / largest
      let bound = y > 0 ? rowLower[k] : rowUpper[k]
      if y == 0 || bound.isInfinite { continue }
      value += y * bound
      terms += (y * bound).magnitude
      for e in rowStarts[k]..<rowStarts[k + 1] {
        scratch.residual[rowIndices[e]] -= rowCoefficients[e] * y
        scratch.size[rowIndices[e]] += (rowCoefficients[e] * y).magnitude
      }
    }
    var residual = 0.0
    for i in 0..<count where scratch.residual[i] != 0 {
      let z = scratch.residual[i]
      let bound = z > 0 ? lower[i] : upper[i]
      if bound.isInfinite || z.magnitude <= QuadraticProgram.proofNoise * scratch.size[i] {
        residual = max(residual, z.magnitude / scratch.size[i])
        continue
      }
      value += bound * z
      terms += (bound * z).magnitude
    }
    return residual <= QuadraticProgram.infeasibilityResidual
      && value > QuadraticProgram.proofNoise * terms && value.isFinite
  }
}
