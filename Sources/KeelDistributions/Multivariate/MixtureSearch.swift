// Goals in order: a likelihood that never falls, missing entries without filling them, scale equivariance, few steps.
//
// EM with the mixing number W of each row and its missing entries as what is not seen (X.-L. Meng, D. Rubin, "Maximum
// likelihood estimation via the ECM algorithm", Biometrika 80, 1993; A. McNeil, R. Frey, P. Embrechts, "Quantitative Risk
// Management", 2015, section 6.2.4; K. Aas, I. Haff, Journal of Financial Econometrics 4, 2006). With y about the location,
// δ = E[1/W], η = E[W] given what was observed, the sums of δ, η, y, δy and δyy' give location, drift and dispersion
// at once; a missing part is a regression on the observed one, about the drift times W. The mixing law is fitted with a
// free scale, which then goes into dispersion and drift (C. Liu, D. Rubin, Y. Wu, "Parameter expansion to accelerate EM",
// Biometrika 85, 1998).
//
// Two steps are extrapolated (R. Varadhan, C. Roland, "Simple and globally convergent methods for accelerating the
// convergence of any EM algorithm", Scandinavian Journal of Statistics 35, 2008), and the result is kept where the
// likelihood is not below that of the first step.

import KeelLinearAlgebra
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A mixture in units of the deviations of the columns.
struct MixtureState {
  var location: [Double]
  var drift: [Double]
  var scatter: SymmetricMatrix
  var mixing: MixingParameters

  /// All parameters in one list.
  var coordinates: [Double] {
    var result = location + drift
    for j in 0..<scatter.order { for i in j..<scatter.order { result.append(scatter[i, j]) } }
    return result + mixing.coordinates
  }

  /// The state with other parameters; the mixing law inside its bounds.
  func moved(to coordinates: [Double], _ bounds: MixingBounds) -> MixtureState {
    var result = self
    let n = location.count
    result.location = Array(coordinates[0..<n])
    result.drift = Array(coordinates[n..<(2 * n)])
    var place = 2 * n
    for j in 0..<n {
      for i in j..<n {
        result.scatter[i, j] = coordinates[place]
        place += 1
      }
    }
    result.mixing = mixing.moved(to: Array(coordinates[place...]), bounds)
    return result
  }
}

/// The search for the largest likelihood.
struct MixtureSearch {
  private let sample: ObservedSample
  private let bounds: MixingBounds
  private let settings: MixtureFitSettings

  private(set) var state: MixtureState
  private(set) var path: [Double] = []
  private(set) var isConverged = false

  init(
    _ matrix: Matrix,
    _ observed: [Bool]?,
    _ start: MixingParameters,
    _ bounds: MixingBounds,
    _ settings: MixtureFitSettings
  ) throws(DistributionsError) {
    sample = try ObservedSample(matrix, observed)
    self.bounds = bounds
    self.settings = settings
    let zeros = [Double](repeating: 0, count: sample.order)
    do throws(NumericsError) {
      let scatter = try SymmetricMatrix(diagonal: [Double](repeating: 1, count: sample.order))
      state = MixtureState(location: zeros, drift: zeros, scatter: scatter, mixing: start)
    } catch {
      throw .notRepresentable(result: "dispersion")
    }
  }

  var observationCount: Int { sample.observationCount }

  mutating func run() throws(DistributionsError) {
    guard var here = expectation(state) else { throw Self.noBound }
    path = [here.logLikelihood]
    while path.count <= settings.maximumIterations, !isConverged {
      let first = try step(state, here)
      guard let middle = expectation(first) else { throw Self.noBound }
      let (from, to) = (state.coordinates, first.coordinates)
      isConverged = zip(from, to).allSatisfy {
        ($1 - $0).magnitude <= settings.relativeTolerance * max(1, $1.magnitude)
      }
      if isConverged {
        (state, here) = (first, middle)
      } else {
        let second = try step(first, middle)
        (state, here) = try leap(from, to, middle, second)
      }
      path.append(here.logLikelihood)
    }
  }

  /// The point that two steps are extrapolated to, or the second one.
  private func leap(
    _ from: [Double],
    _ to: [Double],
    _ middle: Expectation,
    _ second: MixtureState
  ) throws(DistributionsError) -> (MixtureState, Expectation) {
    let last = second.coordinates
    let steps = from.indices.map { to[$0] - from[$0] }
    let bends = from.indices.map { last[$0] - to[$0] - steps[$0] }
    let length = steps.reduce(0) { $0 + $1 * $1 }
    let bend = bends.reduce(0) { $0 + $1 * $1 }
    let factor = bend > 0 ? min(max((length / bend).squareRoot(), 1), Self.longestLeap) : 1
    if factor > 1 {
      let place = from.indices.map {
        from[$0] + factor * (2 * steps[$0] + factor * bends[$0])
      }
      let leapt = second.moved(to: place, bounds)
      if let there = expectation(leapt), there.logLikelihood >= middle.logLikelihood {
        return (leapt, there)
      }
    }
    guard let there = expectation(second) else { throw Self.noBound }
    return (second, there)
  }

  /// Steps beyond it are extrapolated from rounding.
  private static let longestLeap = 1000.0

  private static let noBound = DistributionsError.notRepresentable(result: "logLikelihood")

  // MARK: Expectation

  /// Sums over the rows of what is expected given what was observed.
  private struct Expectation {
    var logLikelihood = 0.0
    var mixing = MixingSums()
    /// Σ E[y] and Σ E[y/W].
    var sums: [Double]
    var weightedSums: [Double]
    /// Σ E[yy'/W], the lower triangle.
    var products: [Double]
  }

  /// Nil where a dispersion is not positive definite.
  private func expectation(_ state: MixtureState) -> Expectation? {
    let n = sample.order
    let shape = state.mixing.shape
    var result = Expectation(
      sums: [Double](repeating: 0, count: n), weightedSums: [Double](repeating: 0, count: n),
      products: [Double](repeating: 0, count: n * n))
    do throws(LinearAlgebraError) {
      var products = try GramAccumulator(order: n)
      for group in sample.groups {
        let k = group.columns.count
        let known = sample.centered(group, state.location)
        guard
          let rows = WhitenedRows(
            known, location: [Double](repeating: 0, count: k),
            drift: group.columns.map { state.drift[$0] },
            dispersion: state.scatter.submatrix(at: group.columns))
        else { return nil }
        var each = -Double(k) * halfLogTwoPi - 0.5 * rows.logDeterminant
        for j in group.columns { each -= log(sample.scales[j]) }
        var posteriors: [MixingShape.Posterior] = []
        posteriors.reserveCapacity(rows.count)
        for i in 0..<rows.count {
          let point = rows.point(i, shape)
          result.logLikelihood +=
            each + shape.logDensity(point, driftSquare: rows.driftSquare, dimensionCount: k)
          posteriors.append(
            shape.posterior(point, driftSquare: rows.driftSquare, dimensionCount: k))
        }
        try add(group, known, posteriors, state, to: &result, &products)
      }
      let finished = try products.finish()
      for k in finished.indices { result.products[k] += finished[k] }
    } catch {
      return nil
    }
    guard result.logLikelihood.isFinite, result.mixing.isFinite else { return nil }
    return result
  }

  /// Adds the rows of a group, with missing entries by regression on the observed ones.
  private func add(
    _ group: ObservedRows,
    _ known: Matrix,
    _ posteriors: [MixingShape.Posterior],
    _ state: MixtureState,
    to result: inout Expectation,
    _ products: inout GramAccumulator
  ) throws(LinearAlgebraError) {
    let (n, count) = (sample.order, group.rows.count)
    var panel = [Double](repeating: 0, count: count * n)
    for (place, j) in group.columns.enumerated() {
      for a in 0..<count { panel[a + j * count] = known[a, place] }
    }
    // The drift of what is missing beyond what the observed entries explain.
    var rest = [Double](repeating: 0, count: n)
    if !group.missing.isEmpty {
      try regress(&panel, &rest, &result.products, group, state)
    }
    let rowSums = MixingSums(posteriors)
    result.mixing.add(rowSums)
    var sums = [Double](repeating: 0, count: n)
    for j in 0..<n {
      var (sum, weighted) = (0.0, 0.0)
      for a in 0..<count {
        let value = panel[a + j * count]
        sum += value
        weighted += posteriors[a].inverseMean * value
        panel[a + j * count] = value * posteriors[a].inverseMean.squareRoot()
      }
      sums[j] = sum
      result.sums[j] += sum + rowSums.mean * rest[j]
      result.weightedSums[j] += weighted + rowSums.count * rest[j]
    }
    try products.add(panel, rowCount: count)
    if group.missing.isEmpty { return }
    for j in 0..<n {
      for i in j..<n {
        result.products[i + j * n] +=
          sums[i] * rest[j] + rest[i] * sums[j] + rowSums.mean * rest[i] * rest[j]
      }
    }
  }

  /// Fills the missing columns with B y, and adds what is left of their dispersion.
  private func regress(
    _ panel: inout [Double],
    _ rest: inout [Double],
    _ products: inout [Double],
    _ group: ObservedRows,
    _ state: MixtureState
  ) throws(LinearAlgebraError) {
    let (n, count) = (sample.order, group.rows.count)
    let scatter = state.scatter
    let factor = try Cholesky(scatter.submatrix(at: group.columns))
    for (b, j) in group.missing.enumerated() {
      let slopes = try factor.solve(group.columns.map { scatter[$0, j] })
      rest[j] = state.drift[j]
      for (place, column) in group.columns.enumerated() {
        rest[j] -= slopes[place] * state.drift[column]
        for a in 0..<count { panel[a + j * count] += slopes[place] * panel[a + column * count] }
      }
      for i in group.missing[b...] {
        var explained = 0.0
        for (place, column) in group.columns.enumerated() {
          explained += slopes[place] * scatter[column, i]
        }
        products[i + j * n] += Double(count) * (scatter[i, j] - explained)
      }
    }
  }

  // MARK: Maximization

  private func step(
    _ state: MixtureState,
    _ sums: Expectation
  ) throws(DistributionsError) -> MixtureState {
    let n = sample.order
    let (count, mean, inverse) = (sums.mixing.count, sums.mixing.mean, sums.mixing.inverseMean)
    var next = state
    let determinant = mean * inverse - count * count
    var shift = sums.weightedSums.map { $0 / inverse }
    var drift = [Double](repeating: 0, count: n)
    if settings.hasDrift, determinant > Self.leastDeterminant * count * count {
      for j in 0..<n {
        shift[j] = (mean * sums.weightedSums[j] - count * sums.sums[j]) / determinant
        drift[j] = (inverse * sums.sums[j] - count * sums.weightedSums[j]) / determinant
      }
    }
    let (mixing, scale) = state.mixing.best(for: sums.mixing, bounds)
    next.mixing = mixing
    for j in 0..<n {
      next.location[j] += shift[j]
      next.drift[j] = drift[j] * scale
      for i in j..<n {
        let explained =
          inverse * shift[i] * shift[j] + count * (shift[i] * drift[j] + drift[i] * shift[j])
          + mean * drift[i] * drift[j]
        next.scatter[i, j] = (sums.products[i + j * n] - explained) / count * scale
      }
    }
    guard next.scatter.firstNonFiniteElement == nil else { throw Self.noBound }
    return next
  }

  /// Below it all mixing numbers are one to rounding, and tell no drift from a location.
  private static let leastDeterminant = 1e-12

  // MARK: Results in the units of the sample

  var location: [Double] { sample.unscaled(location: state.location) }

  var drift: [Double] { (0..<sample.order).map { state.drift[$0] * sample.scales[$0] } }

  func dispersion() throws(DistributionsError) -> SymmetricMatrix {
    let result = sample.unscaled(state.scatter)
    guard result.firstNonFiniteElement == nil else {
      throw .notRepresentable(result: "dispersion")
    }
    return result
  }
}
