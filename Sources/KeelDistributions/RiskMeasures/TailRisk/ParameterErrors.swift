// Goals in order: no promise where the likelihood has no peak, four digits of a standard error, few passes over the sample.
//
// A. W. van der Vaart, "Asymptotic statistics" (1998), chapter 3: a smooth function of estimates that are normal with the covariance C
// has the variance g'Cg with its gradient g. C is the inverse of minus the matrix of second differences of the log-likelihood.

import KeelLinearAlgebra
import KeelNumerics

/// Errors of what is computed from a fit, from the curvature of its likelihood.
enum ParameterErrors {
  /// A step as a part of a standard error: errors of differences are its square.
  private static let stepShare = 1e-2

  /// The standard errors of some functions of a fitted law; nil when the likelihood has no peak at the parameters, or when a step from
  /// them leaves the domain of the law.
  static func standardErrors<Law: ContinuousDistribution>(
    _ fit: DistributionFit<Law>,
    sample: [Double],
    law: ([Double]) throws(DistributionsError) -> Law,
    of functions: (Law) -> [Double]
  ) -> [Double]? {
    let errors = fit.parameters.map(\.standardError)
    let free = errors.indices.filter { errors[$0] > 0 && errors[$0].isFinite }
    guard !free.isEmpty else { return nil }
    /// The law with some parameters moved by a step; nil outside its domain.
    func moved(_ moves: [(place: Int, sign: Double)]) -> Law? {
      var values = fit.parameters.map(\.value)
      for move in moves {
        let parameter = free[move.place]
        values[parameter] += move.sign * stepShare * errors[parameter]
      }
      return try? law(values)
    }
    let curvature = information(count: free.count) { moves in
      guard let law = moved(moves) else { return .nan }
      var sum = CompensatedSum()
      for x in sample { sum.add(law.logPDF(x)) }
      return sum.value
    }
    // A matrix that is not finite has no factor.
    guard let symmetric = try? SymmetricMatrix(rows: curvature),
      let factor = try? Cholesky(symmetric)
    else { return nil }
    var slopes: [[Double]] = []
    for place in free.indices {
      guard let up = moved([(place, 1)]), let down = moved([(place, -1)]) else { return nil }
      slopes.append(zip(functions(up), functions(down)).map { ($0 - $1) / 2 })
    }
    return slopes[0].indices.map { k in
      let gradient = slopes.map { $0[k] }
      guard let solved = try? factor.solve(gradient) else { return .nan }
      return zip(gradient, solved).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot()
    }
  }

  /// Minus the second differences of a log-likelihood, in units of the steps.
  private static func information(
    count: Int,
    _ likelihood: ([(place: Int, sign: Double)]) -> Double
  ) -> [[Double]] {
    let top = likelihood([])
    var matrix = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for i in 0..<count {
      let (up, down) = (likelihood([(i, 1)]), likelihood([(i, -1)]))
      matrix[i][i] = (top - up) + (top - down)
      for j in 0..<i {
        let equal = likelihood([(i, 1), (j, 1)]) + likelihood([(i, -1), (j, -1)])
        let opposite = likelihood([(i, 1), (j, -1)]) + likelihood([(i, -1), (j, 1)])
        matrix[i][j] = (opposite - equal) / 4
        matrix[j][i] = matrix[i][j]
      }
    }
    return matrix
  }
}
