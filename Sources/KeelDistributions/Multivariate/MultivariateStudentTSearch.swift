import KeelLinearAlgebra
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The search for the largest likelihood, in units of the deviations of the columns.
struct MultivariateStudentTSearch {
  private let settings: MultivariateStudentT.FitSettings
  private let sample: ObservedSample
  private var order: Int { sample.order }
  private var groups: [ObservedRows] { sample.groups }

  private var location: [Double]
  private var scatter: SymmetricMatrix
  private var degrees: Double
  private var distances: [Double]
  private var weights: [Double]
  private var logDeterminants = 0.0
  private var iterations = 0
  private var isConverged = false

  /// Degrees of freedom that are usual for returns.
  private static let startingDegrees = 5.0

  init(
    _ sample: Matrix,
    _ observed: [Bool]?,
    _ settings: MultivariateStudentT.FitSettings
  ) throws(DistributionsError) {
    self.sample = try ObservedSample(sample, observed)
    self.settings = settings
    let n = self.sample.order
    location = [Double](repeating: 0, count: n)
    distances = [Double](repeating: 0, count: self.sample.rowCount)
    weights = distances
    degrees =
      settings.degreesOfFreedom
      ?? min(
        max(Self.startingDegrees, settings.lowestDegreesOfFreedom),
        settings.highestDegreesOfFreedom)
    do throws(NumericsError) {
      scatter = try SymmetricMatrix(diagonal: [Double](repeating: 1, count: n))
    } catch {
      throw .notRepresentable(result: "scatter")
    }
  }

  mutating func run() throws(DistributionsError) {
    while iterations < settings.maximumIterations, !isConverged {
      iterations += 1
      try measure()
      let degreesBefore = degrees
      if settings.degreesOfFreedom == nil { degrees = try bestDegrees() }
      let change = try move()
      isConverged =
        max(change, log(degrees / degreesBefore).magnitude) <= settings.relativeTolerance
    }
    try measure()
  }

  /// The distances of all rows and the determinants, at the present point.
  private mutating func measure() throws(DistributionsError) {
    logDeterminants = 0
    for group in groups {
      let factor = try factor(of: group)
      let whitened = try whitened(group, factor)
      logDeterminants += Double(group.rows.count) * factor.logDeterminant
      for row in group.rows { distances[row] = 0 }
      for k in group.columns.indices {
        let column = whitened.column(k)
        for (a, row) in group.rows.enumerated() { distances[row] += column[a] * column[a] }
      }
    }
  }

  private func factor(of group: ObservedRows) throws(DistributionsError) -> Cholesky {
    let part = group.missing.isEmpty ? scatter : scatter.submatrix(at: group.columns)
    guard let factor = try? Cholesky(part),
      factor.reciprocalCondition > Double(order) * Double.ulpOfOne
    else { throw .notRepresentable(result: "logLikelihood") }
    return factor
  }

  /// The rows of a group about the location, times the inverse factor: rows × columns.
  private func whitened(
    _ group: ObservedRows,
    _ factor: Cholesky
  ) throws(DistributionsError) -> Matrix {
    var result = sample.centered(group, location)
    do throws(LinearAlgebraError) {
      try result.solveTriangular(
        factor.lower, TriangularForm(side: .right, transposition: .transposed))
    } catch {
      throw .notRepresentable(result: "logLikelihood")
    }
    return result
  }

  /// The degrees of freedom of the largest likelihood for these distances.
  private func bestDegrees() throws(DistributionsError) -> Double {
    let (lowest, highest) = (
      log(settings.lowestDegreesOfFreedom), log(settings.highestDegreesOfFreedom)
    )
    if slope(lowest) <= 0 || lowest == highest { return settings.lowestDegreesOfFreedom }
    if slope(highest) >= 0 { return settings.highestDegreesOfFreedom }
    do throws(NumericsError) {
      return exp(try Brent.root(of: slope, in: lowest...highest).argument)
    } catch {
      throw .notRepresentable(result: "degreesOfFreedom")
    }
  }

  /// The derivative of the likelihood by ν, of either sign as that by ln ν, over half the number of rows.
  private func slope(_ logDegrees: Double) -> Double {
    let v = exp(logDegrees)
    var sum = 0.0
    for group in groups {
      let k = Double(group.columns.count)
      let common =
        SpecialFunctions.digamma((v + k) / 2) - SpecialFunctions.digamma(v / 2) - k / v
      for row in group.rows {
        let d = distances[row]
        sum += common - log1p(d / v) + (v + k) * d / (v * (v + d))
      }
    }
    return sum / Double(sample.observationCount)
  }

  /// One step of location and scatter; returns the largest change.
  private mutating func move() throws(DistributionsError) -> Double {
    let n = order
    var total = 0.0
    var shift = [Double](repeating: 0, count: n)
    // What the missing entries vary given the observed ones.
    var conditional = [Double](repeating: 0, count: n * n)
    do throws(LinearAlgebraError) {
      var products = try GramAccumulator(order: n)
      for group in groups {
        let k = Double(group.columns.count)
        let roots = group.rows.map { row -> Double in
          let weight = (degrees + k) / (degrees + distances[row])
          weights[row] = weight
          return weight.squareRoot()
        }
        var panel = [Double](repeating: 0, count: group.rows.count * n)
        let count = group.rows.count
        let known = sample.centered(group, location)
        for (place, j) in group.columns.enumerated() {
          let column = known.column(place)
          for a in 0..<count { panel[a + j * count] = roots[a] * column[a] }
        }
        if !group.missing.isEmpty {
          try fill(&panel, &conditional, group, roots)
        }
        for root in roots { total += root * root }
        for j in 0..<n {
          for a in 0..<count { shift[j] += roots[a] * panel[a + j * count] }
        }
        try products.add(panel, rowCount: count)
      }
      var elements = try products.finish()
      for j in 0..<n { shift[j] /= total }
      var change = 0.0
      for j in 0..<n {
        for i in j..<n {
          elements[i + j * n] =
            (elements[i + j * n] + conditional[i + j * n]) / total - shift[i] * shift[j]
          let size = (scatter[i, i] * scatter[j, j]).squareRoot()
          change = max(change, (elements[i + j * n] - scatter[i, j]).magnitude / size)
        }
        change = max(change, shift[j].magnitude / scatter[j, j].squareRoot())
        location[j] += shift[j]
      }
      scatter = SymmetricMatrix(lowerTriangleOf: elements, order: n)
      return change
    } catch {
      throw .notRepresentable(result: "logLikelihood")
    }
  }

  /// Fills the missing columns of a panel with their means given the observed ones, and adds their covariances.
  private func fill(
    _ panel: inout [Double],
    _ conditional: inout [Double],
    _ group: ObservedRows,
    _ roots: [Double]
  ) throws(LinearAlgebraError) {
    let count = group.rows.count
    let n = order
    let factor = try Cholesky(scatter.submatrix(at: group.columns))
    for (b, j) in group.missing.enumerated() {
      let slopes = try factor.solve(group.columns.map { scatter[$0, j] })
      for (place, column) in group.columns.enumerated() {
        for a in 0..<count { panel[a + j * count] += slopes[place] * panel[a + column * count] }
      }
      for i in group.missing[b...] {
        var explained = 0.0
        for (place, column) in group.columns.enumerated() {
          explained += slopes[place] * scatter[column, i]
        }
        conditional[i + j * n] += Double(count) * (scatter[i, j] - explained)
      }
    }
  }

  func result() throws(DistributionsError) -> MultivariateStudentTFit {
    var logLikelihood = -logDeterminants / 2
    var finalWeights = weights
    for group in groups {
      let k = Double(group.columns.count)
      var each =
        SpecialFunctions.logGamma((degrees + k) / 2) - SpecialFunctions.logGamma(degrees / 2)
      each -= k / 2 * log(degrees * .pi)
      for j in group.columns { each -= log(sample.scales[j]) }
      for row in group.rows {
        logLikelihood += each - (degrees + k) / 2 * log1p(distances[row] / degrees)
        finalWeights[row] = (degrees + k) / (degrees + distances[row])
      }
    }
    let unscaled = sample.unscaled(scatter)
    guard logLikelihood.isFinite, unscaled.firstNonFiniteElement == nil else {
      throw .notRepresentable(result: "scatter")
    }
    return MultivariateStudentTFit(
      location: sample.unscaled(location: location),
      scatter: unscaled, degreesOfFreedom: degrees, logLikelihood: logLikelihood,
      weights: finalWeights, observationCount: sample.observationCount, iterations: iterations,
      status: status)
  }

  private var status: FitStatus {
    if !isConverged { return .iterationLimit }
    if settings.degreesOfFreedom != nil { return .converged }
    if degrees == settings.lowestDegreesOfFreedom { return .lowerBound }
    return degrees == settings.highestDegreesOfFreedom ? .upperBound : .converged
  }
}
