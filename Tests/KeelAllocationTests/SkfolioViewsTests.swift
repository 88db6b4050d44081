import KeelAllocation
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

/// What skfolio 1.12.2 makes of views; symmetric matrices by the rows of their lower triangle.
private struct SkfolioViews: Decodable {
  struct Mixture: Decodable {
    let covariance: [[Double]]
    let weights: [Double]
    let riskAversion: Double
    let tau: Double
    let rate: Double
    let views: [[Double]]
    let returns: [Double]
    let confidences: [Double]?
    let means: [Double]
    let posterior: [[Double]]
  }
  struct Pool: Decodable {
    struct View: Decodable {
      let kind: String
      let assets: [Int]
      let relation: String
      let value: Double
    }
    let rows: [[Double]]
    let views: [View]
    let probabilities: [Double]
    let relativeEntropy: Double
    let effectiveCount: Double
  }
  let blackLitterman: [Mixture]
  let pooling: [Pool]

  static func load() throws -> SkfolioViews { try Reference.load(self, "views_skfolio") }
}

@Suite struct SkfolioViewsTests {
  /// With confidences the variance of a view is that of the prior times 1/c − 1, by Idzorek and Walters.
  ///
  /// skfolio adds its rate without risk to the means.
  @Test func blackLittermanAgreesWithSkfolio() throws {
    for reference in try SkfolioViews.load().blackLitterman {
      let n = reference.means.count
      let universe = try Universe((0..<n).map { AssetID("A\($0)") })
      let sigma = try SymmetricMatrix(
        rows: (0..<n).map { i in (0..<n).map { reference.covariance[max(i, $0)][min(i, $0)] } })
      let covariance = try Covariance(universe: universe, dense: sigma)
      let prior = try BlackLitterman.equilibriumReturns(
        covariance: covariance,
        marketWeights: Weights(universe: universe, values: reference.weights),
        riskAversion: reference.riskAversion)
      let views = reference.views.enumerated().map { k, portfolio in
        let own = (0..<n).reduce(0.0) { sum, i in
          sum + (0..<n).reduce(0.0) { $0 + portfolio[i] * sigma[i, $1] * portfolio[$1] }
        }
        return ReturnView(
          "\(k)", weights: Dictionary(uniqueKeysWithValues: zip(universe.assets, portfolio)),
          expectedReturn: reference.returns[k],
          variance: reference.confidences.map { reference.tau * own * (1 / $0[k] - 1) })
      }
      let posterior = try BlackLitterman(priorUncertainty: reference.tau)
        .posterior(prior: prior, covariance: covariance, views: views)
      for i in 0..<n {
        expectClose(
          posterior.expectedReturns.values[i] + reference.rate, reference.means[i],
          absolute: 1e-15)
        for j in 0...i {
          expectClose(
            posterior.covariance.matrix[i, j], reference.posterior[i][j],
            absolute: 1e-12 * sigma[i, i])
        }
      }
    }
  }

  /// Means, rankings, correlations and values at risk of rows that are equally likely; 1e-7 is what skfolio's solvers leave.
  @Test func entropyPoolingAgreesWithSkfolio() throws {
    for (number, reference) in try SkfolioViews.load().pooling.enumerated() {
      let assets = reference.rows[0].indices.map { AssetID("A\($0)") }
      let scenarios = try ScenarioSet(
        universe: Universe(assets), outcomes: Matrix(rows: reference.rows))
      let relations: [String: ScenarioView.Relation] = ["equal": .equal, "atLeast": .atLeast]
      var views: [ScenarioView] = []
      for view in reference.views {
        let named = view.assets.map { assets[$0] }
        let relation = try #require(relations[view.relation])
        switch view.kind {
        case "mean":
          views.append(ScenarioView("\(named)", .outcome([named[0]: 1]), relation, view.value))
        case "difference":
          views.append(
            ScenarioView(
              "\(named)", .outcome([named[0]: 1, named[1]: -1]), relation, view.value))
        case "correlation":
          views += try EntropyPooling.correlation(named[0], named[1], view.value, in: scenarios)
        default:
          // The probability of a loss of the value at risk or more.
          views.append(
            ScenarioView("\(named)", .isAtMost(named[0], level: view.value), relation, 0.05))
        }
      }
      let pooled = try EntropyPooling(views).pooled(scenarios)
      let probabilities = try #require(pooled.scenarios.probabilities)
      for (p, expected) in zip(probabilities, reference.probabilities) {
        expectClose(p, expected, absolute: 1e-7 / Double(probabilities.count), "\(number)")
      }
      expectClose(pooled.relativeEntropy, reference.relativeEntropy, absolute: 1e-9, "\(number)")
      expectClose(
        pooled.effectiveScenarioCount, reference.effectiveCount, relative: 1e-8, "\(number)")
    }
  }
}
