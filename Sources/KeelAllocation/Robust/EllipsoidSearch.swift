// Robust utility over an ellipsoid, by one number.
//
// Goals in order: a proof for the whole set, weights exactly at their bounds, few quadratic programs.
//
//   κ √(w'Ωw) = min over ν > 0 of (κ/2) (w'Ωw/ν + ν)
//
// is convex in (w, ν) together. For a fixed ν the weights are those of a quadratic program with λΣ + (κ/ν) Ω; h(ν), their norm
// √(w'Ωw), grows with ν while h(ν)/ν falls, so that the optimum is the one ν = h(ν), and h itself of either side is nearer to it.
// Secants in logarithms lead there. At the end the gradient κ Ωw/h is that of a vector of expected returns in the set.
//
// Where the best weights have no error at all, Ωw = 0, h falls to zero with ν. The gradient then is Ωz for some z with
// √(z'Ωz) ≤ κ; the method of multipliers finds it: z grows by s w of the program with λΣ + sΩ and the linear term Ωz.
//
// Reference for the multipliers: M. R. Hestenes, Journal of Optimization Theory and Applications 4 (1969).

import KeelData
import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The best worst case of a utility over an ellipsoid of expected returns.
struct EllipsoidSearch {
  /// The covariance Ω of the errors.
  enum Errors {
    case matrix(Covariance)
    /// The variances.
    case diagonal([Double])
  }

  private let problem: RobustProblem
  private let errors: Errors
  private let radius: Double
  private let deviations: [Double]
  /// F with F'F = Ω, of as many rows as Ω has directions: √(w'Ωw) = ‖Fw‖ keeps the digits that w'Ωw loses.
  private let root: Matrix?

  private static let stepLimit = 100
  private static let multiplierLimit = 30

  /// The longest step, as a factor to smaller norms and to larger ones.
  private static let longestStep = 1e-3
  /// Norms below this share of a typical one are tried as none, then below its squares.
  private static let smallShare = 1e-5
  private static let leastShare = 1e-14
  /// Norms above this share of a typical one may have no end.
  private static let endlessShare = 1e10
  /// What rounding leaves of a norm, relative to the sum of its terms.
  private static let rounding = 64 * Double.ulpOfOne
  /// How much stiffer than the utility the first penalty of the method of multipliers is, and each further one.
  private static let firstStiffness = 1e3
  private static let furtherStiffness = 100.0

  init(_ problem: RobustProblem, errors: Errors, radius: Double) throws(AllocationError) {
    self.problem = problem
    self.errors = errors
    self.radius = radius
    switch errors {
    case .matrix(let covariance):
      deviations = covariance.standardDeviations
      root = radius == 0 ? nil : try covariance.root()
    case .diagonal(let variances):
      deviations = variances.map { $0.squareRoot() }
      root = nil
    }
    for (asset, deviation) in zip(problem.covariance.universe.assets, deviations) {
      try Translation.require(deviation, "standard error", in: .nonnegative, asset: asset)
    }
  }

  /// The best weights with the expected returns that are the worst for them.
  ///
  /// - Returns: The weights with the certificate of the whole set.
  /// - Throws: ``AllocationError``.
  func solution() throws(AllocationError) -> RobustProblem.Point {
    let typical =
      (deviations.reduce(0) { $0 + $1 * $1 } / Double(max(deviations.count, 1))).squareRoot()
    if radius == 0 || typical == 0 { return try problem.plain() }
    // A sum with errors proves nothing about its parts.
    try requireSemidefinite(problem.covariance)
    if case .matrix(let covariance) = errors { try requireSemidefinite(covariance) }
    var (low, high) = (0.0, Double.infinity)
    var norm = typical / Double(deviations.count).squareRoot()
    var small = Self.smallShare * norm
    let least = Self.leastShare * norm
    var last: (norm: Double, next: Double)?
    var certificate: Certificate?
    var stiffness = Self.firstStiffness
    for step in 1...Self.stepLimit {
      let answer = try penalized(radius / norm).solution(settings: problem.settings)
      let next = try size(answer.value)
      if let point = try proved(answer, next, step) {
        if point.solution.status == .optimal { return point }
        if norm > Self.endlessShare * typical { try requireEnd(point) }
        certificate = point.solution.certificate
      }
      if next >= norm { low = max(low, next) } else { high = min(high, next) }
      if low == 0 && next < small {
        if let point = try withoutErrors(penalty(stiffness), step) {
          return point
        }
        stiffness *= Self.furtherStiffness
        if small <= least { break }
        small = max(small * Self.smallShare, least)
      }
      let target = secant(last, (norm, next))
      let guess: Double
      if target > low && target < high {
        guess = target
      } else if last == nil {
        guess = next
      } else if low > 0 && high < .infinity {
        guess = (low * high).squareRoot()
      } else {
        guess = low > 0 ? .infinity : 0
      }
      last = (norm, next)
      norm = min(max(guess, Self.longestStep * norm), norm / Self.longestStep)
      guard norm > 0, norm.isFinite else { break }
    }
    if let certificate { throw .notSolved(status: .stalled, certificate: certificate) }
    throw .notSolved(status: .stalled, certificate: try problem.plain().solution.certificate)
  }

  /// Throws where the worst utility grows without limit along far weights.
  private func requireEnd(_ point: RobustProblem.Point) throws(AllocationError) {
    let program = try problem.program(point.mean)
    guard program.absolute.isEmpty, program.costs.charges.isEmpty else { return }
    if let proof = program.plain.unboundednessProof(direction: point.solution.value) {
      throw .unbounded(
        asset: Translation.largest(proof.direction, problem.covariance.universe))
    }
  }

  /// Where the line through two points in logarithms meets next = norm; NaN where it does not.
  private func secant(
    _ last: (norm: Double, next: Double)?,
    _ point: (norm: Double, next: Double)
  ) -> Double {
    guard let last else { return .nan }
    let run = log(point.norm / last.norm)
    let slope = log(point.next / last.next) / run
    return point.norm * exp(log(point.next / point.norm) / (1 - slope))
  }

  /// The point with the worst expected returns for its weights; nil where nothing is uncertain.
  private func proved(
    _ answer: Solution<[Double]>,
    _ size: Double,
    _ step: Int
  ) throws(AllocationError) -> RobustProblem.Point? {
    let push = try product(answer.value)
    let factor = size > 0 ? radius / size : 0
    guard factor.isFinite else { return nil }
    let worst = zip(problem.mean, push).map { $0 - factor * $1 }
    let solution = try problem.program(worst).certified(
      answer.value, rows: answer.duals.rows, bounds: answer.duals.bounds, iterations: step)
    return RobustProblem.Point(solution: solution, mean: worst, loss: radius * size)
  }

  /// The factor of Ω that makes it so many times as large as the curvature of the utility; without curvature, as the charge
  /// for a typical error.
  private func penalty(_ stiffness: Double) -> Double {
    var curvature = problem.costs.curvatures.reduce(0, +)
    for deviation in problem.covariance.standardDeviations {
      curvature += problem.riskAversion * deviation * deviation
    }
    let size = deviations.reduce(0) { $0 + $1 * $1 }
    return curvature > 0
      ? stiffness * curvature / size
      : stiffness / Self.firstStiffness * radius / (size / Double(deviations.count)).squareRoot()
  }

  /// The best weights without error, if they are the best of all.
  ///
  /// - Parameters:
  ///   - penalty: The factor s of Ω.
  ///   - step: The number of programs so far.
  /// - Returns: The weights; nil where the gradient leaves the ellipsoid.
  /// - Throws: ``AllocationError``.
  private func withoutErrors(
    _ penalty: Double,
    _ step: Int
  ) throws(AllocationError) -> RobustProblem.Point? {
    var sum = problem.mean.map { _ in 0.0 }
    var best: RobustProblem.Point?
    for round in 1...Self.multiplierLimit {
      let answer = try penalized(penalty, pushed: try product(sum))
        .solution(settings: problem.settings)
      for i in sum.indices { sum[i] += penalty * answer.value[i] }
      let x = withoutDust(answer.value)
      let push = try product(sum)
      guard try size(sum) <= radius else { return nil }
      let worst = zip(problem.mean, push).map { $0 - $1 }
      let solution = try problem.program(worst).certified(
        x, rows: answer.duals.rows, bounds: answer.duals.bounds, iterations: step + round)
      let loss = try radius * size(x)
      var taken = CompensatedSum()
      for (w, p) in zip(x, push) { taken.add(w * p) }
      let missing = max(loss - taken.value, 0)
      let gross = zip(x, deviations).reduce(0) { $0 + $1.0.magnitude * $1.1 }
      let scale = zip(x, problem.mean).reduce(
        solution.certificate.primalObjective.magnitude
      ) { $0 + ($1.0 * $1.1).magnitude }
      let isNothing =
        missing <= Certificate.optimalTolerances.gap * scale
        || missing <= radius * gross * Self.rounding
      let point = RobustProblem.Point(
        solution: solution, mean: worst, loss: loss, missing: missing)
      // Further rounds show whether the gradient stays inside.
      if let best, missing > best.missing / 2 { return best }
      if solution.status == .optimal && isNothing {
        if missing == 0 { return point }
        best = point
      }
    }
    return best
  }

  /// Weights at zero and at bounds from which they are a rounding of the largest weight away.
  private func withoutDust(_ x: [Double]) -> [Double] {
    let dust = 4 * Double.ulpOfOne * x.reduce(0) { max($0, $1.magnitude) }
    return x.indices.map { i in
      let (low, high) = (problem.limits.lower[i], problem.limits.upper[i])
      return [low, high, 0].first {
        $0 >= low && $0 <= high && (x[i] - $0).magnitude <= dust
      } ?? x[i]
    }
  }

  /// Ωx.
  private func product(_ x: [Double]) throws(AllocationError) -> [Double] {
    switch errors {
    case .matrix(let covariance):
      guard let root else { return covariance.product(with: x) }
      return try root.transposedProduct(with: root.product(with: x))
    case .diagonal(let variances): return zip(variances, x).map { $0 * $1 }
    }
  }

  /// √(x'Ωx).
  private func size(_ x: [Double]) throws(AllocationError) -> Double {
    var sum = CompensatedSum()
    for value in try root?.product(with: x) ?? zip(deviations, x).map({ $0 * $1 }) {
      sum.add(value * value)
    }
    return sum.value.squareRoot()
  }

  private func requireSemidefinite(_ covariance: Covariance) throws(AllocationError) {
    if covariance.definiteness == .unproved { try covariance.requireSemidefinite() }
  }

  /// The utility with a penalty (s/2) x'Ωx and a further linear term.
  private func penalized(
    _ penalty: Double,
    pushed push: [Double]? = nil
  ) throws(AllocationError) -> PortfolioProgram {
    var linear = problem.mean.map { -$0 }
    if !problem.costs.isFlat {
      for i in linear.indices { linear[i] -= problem.costs.pulls[i] }
    }
    if let push { for i in linear.indices { linear[i] += push[i] } }
    return try problem.limits.program(
      quadratic: try quadratic(penalty), convexity: .guaranteed, linear: linear,
      costs: problem.costs)
  }

  /// λΣ + sΩ and the curvatures of costs.
  private func quadratic(_ penalty: Double) throws(AllocationError) -> QuadraticTerm {
    let (covariance, riskAversion) = (problem.covariance, problem.riskAversion)
    let curvatures = problem.costs.curvatures
    switch errors {
    case .diagonal(let variances):
      let diagonal = variances.indices.map {
        penalty * variances[$0] + (curvatures.isEmpty ? 0 : curvatures[$0])
      }
      try requireFinite(diagonal)
      return try covariance.quadraticTerm(times: riskAversion, addingDiagonal: diagonal)
    case .matrix(let errors) where errors == covariance:
      return try covariance.quadraticTerm(
        times: riskAversion + penalty, addingDiagonal: curvatures)
    case .matrix(let errors):
      let (a, b) = (covariance.matrix, errors.matrix)
      let n = a.order
      var elements = [Double](repeating: 0, count: n * n)
      for j in 0..<n {
        for i in j..<n {
          elements[i + j * n] = riskAversion * a[i, j] + penalty * b[i, j]
        }
        if !curvatures.isEmpty { elements[j * (n + 1)] += curvatures[j] }
      }
      try requireFinite(elements)
      return .dense(SymmetricMatrix(lowerTriangleOf: elements, order: n))
    }
  }

  private func requireFinite(_ values: [Double]) throws(AllocationError) {
    for value in values where !value.isFinite {
      throw .invalidValue(argument: "errors", asset: nil, got: value, allowed: .finite)
    }
  }
}

extension Matrix {
  /// The product with a vector, in this module's terms.
  fileprivate func product(with x: [Double]) throws(AllocationError) -> [Double] {
    do throws(LinearAlgebraError) {
      return try times(x)
    } catch {
      throw .invalidValue(argument: "errors", asset: nil, got: .infinity, allowed: .finite)
    }
  }

  /// The product of the transpose with a vector, in this module's terms.
  fileprivate func transposedProduct(with x: [Double]) throws(AllocationError) -> [Double] {
    do throws(LinearAlgebraError) {
      return try transposedTimes(x)
    } catch {
      throw .invalidValue(argument: "errors", asset: nil, got: .infinity, allowed: .finite)
    }
  }
}
