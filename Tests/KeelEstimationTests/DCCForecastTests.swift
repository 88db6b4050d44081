import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct DCCForecastTests {
  struct File: Decodable {
    struct Path: Decodable {
      let correlations: [[[Double]]]
      let covariances: [[[Double]]]
      let total: [[Double]]
    }

    struct Simulated: Decodable {
      let covariances: [[[Double]]]
      let errors: [[[Double]]]
      let total: [[Double]]
      let totalErrors: [[Double]]
    }

    let forecasts: [String: Path]
    let simulated: Simulated
  }

  static let approximations: [(String, DCC.ForecastApproximation)] = [
    ("correlations", .correlations), ("secondMoments", .secondMoments),
  ]

  static func fit() throws -> UnlabeledDCCFit {
    let item = try VolatilityTests.file().dcc
    return try VolatilityTests.dcc().unlabeledFit(Matrix(rows: item.rows))
  }

  @Test func agreeWithTheRecursions() throws {
    let file = try Reference.load(File.self, "dcc_forecast")
    let fit = try Self.fit()
    for (name, approximation) in Self.approximations {
      let reference = try #require(file.forecasts[name])
      let forecast = try fit.forecast(
        horizon: reference.covariances.count, approximation: approximation)
      for k in reference.covariances.indices {
        for i in 0..<3 {
          for j in 0..<3 {
            // The weights of the reference come from a search by values.
            expectClose(
              forecast.correlations[k][i, j], reference.correlations[k][i][j], absolute: 1e-6,
              "\(name) \(k)")
            expectClose(
              forecast.covariances[k][i, j], reference.covariances[k][i][j], relative: 1e-5,
              "\(name) \(k)")
            expectClose(forecast.total[i, j], reference.total[i][j], relative: 1e-5, name)
          }
        }
      }
    }
  }

  /// Means over 400 000 paths: variances are exact, and the approximations as close as they say.
  @Test func agreeWithSimulation() throws {
    let simulated = try Reference.load(File.self, "dcc_forecast").simulated
    let fit = try Self.fit()
    for (name, approximation) in Self.approximations {
      let forecast = try fit.forecast(
        horizon: simulated.covariances.count, approximation: approximation)
      for k in simulated.covariances.indices {
        let matrix = forecast.covariances[k]
        for i in 0..<3 {
          for j in 0..<3 {
            let error = 4 * simulated.errors[k][i][j]
            let unit = (matrix[i, i] * matrix[j, j]).squareRoot()
            let isExact = i == j || k == 0
            expectClose(
              matrix[i, j], simulated.covariances[k][i][j],
              absolute: isExact ? error : 0.02 * unit, "\(name) \(k) \(i) \(j)")
          }
        }
      }
      for i in 0..<3 {
        expectClose(
          forecast.total[i, i], simulated.total[i][i], absolute: 4 * simulated.totalErrors[i][i])
        for j in 0..<3 {
          let unit = (forecast.total[i, i] * forecast.total[j, j]).squareRoot()
          expectClose(forecast.total[i, j], simulated.total[i][j], absolute: 0.02 * unit)
        }
      }
    }
  }

  @Test func pathsAndLabels() throws {
    let fit = try Self.fit()
    for (name, approximation) in Self.approximations {
      let forecast = try fit.forecast(horizon: 400, approximation: approximation)
      // The next period is that of the fit, to the bit.
      #expect(forecast.correlations[0] == fit.correlation, "\(name)")
      #expect(forecast.covariances[0] == fit.covariance.matrix, "\(name)")
      var sum = 0.0
      for (k, matrix) in forecast.covariances.enumerated() {
        sum += matrix[2, 0]
        #expect(forecast.correlations[k][1, 1] == 1)
        if k % 50 == 0 { #expect(try Cholesky(matrix).order == 3) }
      }
      expectClose(forecast.total[2, 0], sum, relative: 1e-14)
      // In the long run both return to the correlations of the target.
      let last = try #require(forecast.correlations.last)
      for i in 0..<3 {
        for j in 0..<i {
          let limit = fit.target[i, j] / (fit.target[i, i] * fit.target[j, j]).squareRoot()
          expectClose(last[i, j], limit, absolute: 1e-6)
        }
      }
    }
    let longer = try fit.forecast(horizon: 9)
    let shorter = try fit.forecast(horizon: 4)
    #expect(Array(longer.covariances.prefix(4)) == shorter.covariances)
    for horizon in [0, -1, GARCHFilter.maximumHorizon + 1] {
      #expect(throws: EstimationError.self) { try fit.forecast(horizon: horizon) }
    }
    let rows = try Array(VolatilityTests.file().dcc.rows.prefix(200))
    let dcc = try VolatilityTests.dcc()
    let plain = try dcc.fit(labeled(Matrix(rows: rows), names: ["b", "c", "a"]))
      .forecast(horizon: 3)
    let turned = try dcc.fit(
      labeled(Matrix(rows: rows.map { [$0[2], $0[0], $0[1]] }), names: ["a", "b", "c"])
    ).forecast(horizon: 3)
    for (one, other) in zip(plain.covariances + [plain.total], turned.covariances + [turned.total])
    {
      let (a, b) = (one.matrix, other.matrix)
      #expect(a[0, 1] == b[1, 2] && a[0, 2] == b[0, 1] && a[2, 2] == b[0, 0])
    }
    #expect(plain.total.universe.assets.map(\.rawValue) == ["b", "c", "a"])
  }
}
