// Goals in order: positive definite matrices, the stated approximation and no other, speed.
//
// R. Engle and K. Sheppard, Theoretical and empirical properties of dynamic conditional correlation multivariate
// GARCH, NBER working paper 8554 (2001), section 5. Both recursions have closed forms: with p = a + b the first
// matrix goes to its target as p^(k−1).

public import KeelData
public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension DCC {
  /// What stands for the expectations beyond the next period, which have no closed form.
  ///
  /// The correlation is a ratio, and the shocks that move it have the expectation R, not Q. Neither choice
  /// touches the next period, which is exact.
  @nonexhaustive
  public enum ForecastApproximation: Hashable, Sendable {
    /// E[Q(t+k)] = E[R(t+k)] and Q̄ = R̄, the correlations of Q̄: the correlations return to R̄.
    ///
    /// `R(t+k) = R̄ + (a + b)^(k−1) (R(t+1) − R̄)`
    case correlations

    /// E[ε(t+k) ε(t+k)ᵀ] = E[Q(t+k)]: the matrices Q return to Q̄, and are then made correlations.
    ///
    /// `Q(t+k) = Q̄ + (a + b)^(k−1) (Q(t+1) − Q̄)`
    case secondMoments
  }
}

/// The covariances of the next periods by a ``DCC`` fit, in the order of the columns.
public struct UnlabeledDCCForecast: Hashable, Sendable {
  /// The correlations of each period, the next one first.
  public let correlations: [SymmetricMatrix]

  /// The covariance of each period, per period.
  public let covariances: [SymmetricMatrix]

  /// The covariance of the sum of the returns of all these periods.
  ///
  /// The sum of ``covariances``, as returns of different periods are not correlated in the model.
  public let total: SymmetricMatrix
}

/// The covariances of the next periods by a ``DCC`` fit with labels.
public struct DCCForecast: Hashable, Sendable {
  /// The covariance of each period, per period, the next one first.
  public let covariances: [Covariance]

  /// The covariance of the sum of the returns of all these periods.
  public let total: Covariance
}

extension UnlabeledDCCFit {
  /// Forecasts the covariances of the next periods.
  ///
  /// ```text
  /// H(t+k) = D(t+k) R(t+k) D(t+k),   D² the variances that each column's model forecasts
  /// ```
  ///
  /// The next period is exact. Beyond it variances are as exact as those of `GARCHFilter.varianceForecast`;
  /// covariances take the product of expected deviations and correlations for the expected product, and the
  /// correlations are approximate: within 0.02 of the products of the deviations of a simulation at weights
  /// of 0.07 and 0.89.
  ///
  /// - Parameters:
  ///   - horizon: The number of periods, from 1 to `GARCHFilter.maximumHorizon`, with horizon × N² at most 2²⁸.
  ///   - approximation: What stands for the expectations of the correlations.
  /// - Returns: The matrices of each period and the covariance of the sum.
  /// - Throws: `EstimationError.invalidValue` for another horizon, `EstimationError.notRepresentable`.
  /// - Complexity: O(horizon · N²), memory too.
  public func forecast(
    horizon: Int,
    approximation: DCC.ForecastApproximation = .correlations
  ) throws(EstimationError) -> UnlabeledDCCForecast {
    try requireRoom(for: horizon, order: marginals.count, argument: "horizon")
    var deviations: [[Double]] = []
    for marginal in marginals {
      deviations.append(
        try marginal.filter.varianceForecast(horizon: horizon).map { $0.squareRoot() })
    }
    let n = marginals.count
    let (first, limit) =
      switch approximation {
      case .correlations: (correlation, target.correlation)
      case .secondMoments: (secondMoments, target)
      }
    var correlations: [SymmetricMatrix] = []
    var covariances: [SymmetricMatrix] = []
    var total = [Double](repeating: 0, count: n * n)
    for k in 0..<horizon {
      let correlation =
        k == 0 ? correlation : Self.path(first, limit, pow(news + memory, Double(k)))
      var lower = [Double](repeating: 0, count: n * n)
      for j in 0..<n {
        for i in j..<n {
          let value = correlation[i, j] * (deviations[i][k] * deviations[j][k])
          lower[i + j * n] = value
          total[i + j * n] += value
        }
      }
      correlations.append(correlation)
      covariances.append(SymmetricMatrix(lowerTriangleOf: lower, order: n))
    }
    guard total.allSatisfy(\.isFinite) else { throw .notRepresentable(result: "covariance") }
    return UnlabeledDCCForecast(
      correlations: correlations, covariances: covariances,
      total: SymmetricMatrix(lowerTriangleOf: total, order: n))
  }

  /// The correlations of a matrix between two others: both positive definite, and so is it.
  private static func path(
    _ first: SymmetricMatrix, _ limit: SymmetricMatrix, _ share: Double
  ) -> SymmetricMatrix {
    var result = first
    for j in 0..<first.order {
      for i in j..<first.order {
        result[i, j] = limit[i, j] + share * (first[i, j] - limit[i, j])
      }
    }
    return result.correlation
  }
}

extension DCCFit {
  /// Forecasts the covariances of the next periods.
  ///
  /// As `UnlabeledDCCFit.forecast(horizon:approximation:)`: the next period is exact, the others are
  /// approximate. Any order of the assets gives the same bits.
  ///
  /// - Parameters:
  ///   - horizon: The number of periods, from 1 to `GARCHFilter.maximumHorizon`, with horizon × N² at most 2²⁸.
  ///   - approximation: What stands for the expectations of the correlations.
  /// - Returns: The covariance of each period and that of the sum of their returns.
  /// - Throws: `EstimationError.invalidValue` for another horizon, `EstimationError.notRepresentable`.
  /// - Complexity: O(horizon · N²), memory too.
  public func forecast(
    horizon: Int,
    approximation: DCC.ForecastApproximation = .correlations
  ) throws(EstimationError) -> DCCForecast {
    let forecast = try unlabeled.forecast(horizon: horizon, approximation: approximation)
    let diagnostics = unlabeled.covariance.diagnostics
    func labeled(_ matrix: SymmetricMatrix) throws(EstimationError) -> Covariance {
      try Covariance(
        UnlabeledCovariance(form: .dense(matrix), diagnostics: diagnostics),
        over: covariance.universe)
    }
    var covariances: [Covariance] = []
    for matrix in forecast.covariances { covariances.append(try labeled(matrix)) }
    return DCCForecast(covariances: covariances, total: try labeled(forecast.total))
  }
}

extension SymmetricMatrix {
  /// This matrix over the roots of its diagonal, which is positive; ones on the diagonal.
  fileprivate var correlation: SymmetricMatrix {
    let roots = diagonal.map { 1 / $0.squareRoot() }
    var result = self
    for j in 0..<order {
      result[j, j] = 1
      for i in (j + 1)..<max(order, j + 1) { result[i, j] = self[i, j] * (roots[i] * roots[j]) }
    }
    return result
  }
}

/// Requires that so many N × N matrices, kept at once, have room.
func requireRoom(
  for count: Int,
  order: Int,
  argument: String
) throws(EstimationError) {
  let most = (1 << 28) / max(order * order, 1)
  guard count <= max(most, 1) else {
    throw .invalid(argument, Double(count), lowest: 1, highest: Double(max(most, 1)))
  }
}
