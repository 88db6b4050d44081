// Goals in order: the maximum to rounding, an end in every case, few passes.
//
// Newton's method in the box of GARCHCoordinates with exact second derivatives: coordinates at a bound
// that want to go beyond are held, the step of the others is projected (D. P. Bertsekas, Projected
// Newton methods, SIAM J. Control Optim. 20, 1982) and halved until the likelihood rises. Where the
// Hessian is not definite the sum of outer products of scores stands for it (Berndt, Hall, Hall and
// Hausman, 1974). The likelihood of EGARCH has a kink in the mean at each return, and its maximum may
// be one of them: where the steps fail, the mean moves to the nearest one.

import KeelLinearAlgebra
import KeelNumerics

/// One search from one start.
struct GARCHSearch {
  let likelihood: GARCHLikelihood
  let coordinates: GARCHCoordinates
  let maximumIterations: Int
  private(set) var x: [Double]
  private(set) var parameters: [Double]
  private(set) var evaluation: GARCHLikelihood.Evaluation
  private(set) var jacobian: [Double] = []
  /// Of the negative log-likelihood in the coordinates.
  private(set) var gradient: [Double] = []
  private(set) var hessian: [Double] = []
  private(set) var outer: [Double] = []
  private(set) var iterations = 0
  private(set) var evaluations = 1
  private(set) var isConverged = false
  private var hasOuter = true
  /// Whether the mean stays at one of the returns, where the likelihood of EGARCH has a kink.
  private var isMeanHeld = false

  /// Beside a kink, in root mean squares of the returns.
  private static let kinkDistance = 1e-10

  /// The largest step of a coordinate.
  private static let largestStep = 0.5

  /// A step that promises less than this, in log-likelihood, cannot be judged by the rounded values.
  private static let trustedGain = 1e-6

  /// A gain this small moves the parameters by some 10⁻⁸ of their standard errors.
  private static let negligibleGain = 1e-16

  /// Rounding may keep the gain above the last bound; up to this one it ends a search.
  private static let acceptedGain = 1e-10

  /// Newton needs two trusted steps; more of them turn in the rounding.
  private static let maximumTrustedSteps = 8

  /// The share of the predicted rise that a step must bring (Armijo).
  private static let sufficientRise = 1e-4

  /// 2^−40 of a step is rounding.
  private static let maximumHalvings = 40

  init(
    _ likelihood: GARCHLikelihood, _ coordinates: GARCHCoordinates, start: [Double],
    maximumIterations: Int
  ) {
    self.likelihood = likelihood
    self.coordinates = coordinates
    self.maximumIterations = maximumIterations
    x = start
    parameters = coordinates.parameters(start)
    evaluation = likelihood.evaluate(parameters, outer: true)
  }

  var isUsable: Bool { evaluation.isFinite }

  mutating func run() {
    guard isUsable else { return }
    refresh()
    climb()
    defer { if !hasOuter { _ = move(to: x) } }
    if isConverged || !likelihood.model.isLogarithmic || likelihood.model.mean == .zero { return }
    let smooth = self
    guard moveToKink() else { return }
    isMeanHeld = true
    climb()
    if isConverged && isMeanAtKink { return }
    let (iterations, evaluations) = (iterations, evaluations)
    self = smooth
    self.iterations = iterations
    self.evaluations = evaluations
  }

  private mutating func climb() {
    var trusted = 0
    while iterations < maximumIterations {
      var (step, gain) = step(.hessian)
      if step.isEmpty {
        // Only then, as they cost a fifth of a pass.
        guard move(to: x) else { return }
        (step, gain) = self.step(.outer)
      }
      if gain <= Self.negligibleGain {
        isConverged = true
        return
      }
      iterations += 1
      if gain <= Self.trustedGain {
        trusted += 1
        if trusted > Self.maximumTrustedSteps {
          isConverged = gain <= Self.acceptedGain
          return
        }
        guard move(to: moved(step, 1)) else { return }
        continue
      }
      guard advance(along: step) else {
        isConverged = gain <= Self.acceptedGain
        return
      }
    }
  }

  /// Moves the mean to the nearest return; false where the likelihood falls.
  private mutating func moveToKink() -> Bool {
    var nearest = x[0]
    var distance = Double.infinity
    for value in likelihood.returns where (value - x[0]).magnitude < distance {
      nearest = value
      distance = (value - x[0]).magnitude
    }
    let before = self
    var point = x
    point[0] = nearest
    if move(to: point), evaluation.value >= before.evaluation.value - Self.trustedGain {
      return true
    }
    self = before
    return false
  }

  /// Whether the likelihood falls to both sides of the mean.
  private var isMeanAtKink: Bool {
    [-Self.kinkDistance, Self.kinkDistance].allSatisfy { distance in
      var beside = parameters
      beside[0] += distance
      return likelihood.evaluate(beside, outer: false).gradient[0] * distance <= 0
    }
  }

  /// Whether a coordinate is at a bound and the likelihood rises beyond it.
  func isHeld(_ i: Int) -> Bool {
    (x[i] <= coordinates.lower[i] && gradient[i] >= 0)
      || (x[i] >= coordinates.upper[i] && gradient[i] <= 0)
  }

  /// The derivatives in the coordinates.
  private mutating func refresh() {
    let n = x.count
    let (jacobian, curvature) = coordinates.derivatives(x, gradient: evaluation.gradient)
    self.jacobian = jacobian
    gradient = [Double](repeating: 0, count: n)
    for j in 0..<n {
      for k in 0..<n { gradient[j] -= jacobian[k + j * n] * evaluation.gradient[k] }
    }
    hessian = Self.congruence(jacobian, evaluation.hessian, n)
    for i in hessian.indices { hessian[i] = -hessian[i] - curvature[i] }
    outer = Self.congruence(jacobian, evaluation.outer, n)
  }

  /// JᵀAJ.
  static func congruence(_ j: [Double], _ a: [Double], _ n: Int) -> [Double] {
    var product = [Double](repeating: 0, count: n * n)
    var result = product
    for c in 0..<n {
      for k in 0..<n where j[k + c * n] != 0 {
        for r in 0..<n { product[r + c * n] += a[r + k * n] * j[k + c * n] }
      }
    }
    for c in 0..<n {
      for r in 0..<n {
        for k in 0..<n { result[r + c * n] += j[k + r * n] * product[k + c * n] }
      }
    }
    return result
  }

  private enum Model {
    case hessian
    case outer
  }

  /// The step of the free coordinates and the rise that the model of it promises; no step where the
  /// Hessian is not definite.
  private func step(_ model: Model) -> (step: [Double], gain: Double) {
    let free = x.indices.filter { !isHeld($0) && !(isMeanHeld && $0 == 0) }
    var step = [Double](repeating: 0, count: x.count)
    guard !free.isEmpty else { return (step, 0) }
    let right = free.map { -gradient[$0] }
    let direction: [Double]
    switch model {
    case .hessian:
      guard let solution = Self.solve(hessian, free, right, ridge: 0) else { return ([], 0) }
      direction = solution
    case .outer:
      var solution: [Double]?
      var ridge = 1e-8
      while solution == nil, ridge < 1e8 {
        solution = Self.solve(outer, free, right, ridge: ridge)
        ridge *= 100
      }
      direction = solution ?? right.map { $0 / Double(likelihood.returns.count) }
    }
    var gain = 0.0
    for (k, i) in free.enumerated() {
      step[i] = direction[k]
      gain -= 0.5 * gradient[i] * direction[k]
    }
    return (step, gain)
  }

  private static func solve(
    _ matrix: [Double], _ free: [Int], _ right: [Double], ridge: Double
  ) -> [Double]? {
    let n = free.count
    let order = Int(Double(matrix.count).squareRoot())
    var lower = [Double](repeating: 0, count: n * n)
    for (c, j) in free.enumerated() {
      for (r, i) in free.enumerated() where r >= c { lower[r + c * n] = matrix[i + j * order] }
      lower[c + c * n] *= 1 + ridge
      lower[c + c * n] += ridge
    }
    return try? Cholesky(SymmetricMatrix(lowerTriangleOf: lower, order: n)).solve(right)
  }

  private func moved(_ step: [Double], _ share: Double) -> [Double] {
    x.indices.map {
      min(max(x[$0] + share * step[$0], coordinates.lower[$0]), coordinates.upper[$0])
    }
  }

  /// Moves if the numbers there are finite.
  private mutating func move(to point: [Double], outer: Bool = true) -> Bool {
    let there = coordinates.parameters(point)
    let next = likelihood.evaluate(there, outer: outer)
    evaluations += 1
    guard next.isFinite else { return false }
    x = point
    hasOuter = outer
    parameters = there
    evaluation = next
    refresh()
    return true
  }

  /// Moves to a point of larger likelihood; false when none is found.
  private mutating func advance(along step: [Double]) -> Bool {
    let longest = step.reduce(0) { max($0, $1.magnitude) }
    var share = min(1, Self.largestStep / longest)
    let before = self
    for _ in 0..<Self.maximumHalvings {
      let point = before.moved(step, share)
      if point == before.x { return false }
      let slope = zip(zip(point, before.x), before.gradient).reduce(0) {
        $0 - ($1.0.0 - $1.0.1) * $1.1
      }
      if move(to: point, outer: false) {
        if evaluation.value >= before.evaluation.value + Self.sufficientRise * slope {
          return true
        }
        let evaluations = evaluations
        self = before
        self.evaluations = evaluations
      }
      share *= 0.5
    }
    return false
  }
}
