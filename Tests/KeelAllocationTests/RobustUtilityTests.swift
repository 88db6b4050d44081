import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Utilities for the worst expected returns of a set, from cvxpy and Clarabel.
struct RobustUtilityReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let covariance: [[Double]]
  let mean: [Double]
  let low: Double
  let high: Double
  let aversion: Double
  let widths: [Double]?
  let standardErrors: [Double]?
  let errors: [[Double]]?
  let radius: Double?
  let current: [Double]?
  let buying: [Double]?
  let impact: [Double]?
  let gross: Double?
  let utility: Double
  let weights: [Double]

  var testDescription: String { name }

  struct Quantile: Decodable, Sendable {
    let count: Int
    let confidence: Double
    let chiSquare: Double
    let normal: Double
  }

  struct File: Decodable {
    let utilities: [RobustUtilityReference]
    let quantiles: [Quantile]
  }

  static let file: File? = {
    do {
      return try Reference.load(File.self, "robust")
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }()

  static let cases = file?.utilities ?? []

  static func rates(_ values: [Double]?, _ universe: Universe) -> AssetRates {
    guard let values else { return .none }
    return .byAsset(
      Dictionary(uniqueKeysWithValues: zip(universe.assets, values)), others: 0)
  }

  func choice(_ universe: Universe) throws -> RobustUtility {
    let uncertainty: ReturnUncertainty
    if let widths {
      uncertainty = .box(Self.rates(widths, universe))
    } else if let standardErrors {
      uncertainty = .standardErrors(
        Self.rates(standardErrors, universe), radius: try #require(radius))
    } else {
      uncertainty = .ellipsoid(
        try Market.covariance(try #require(errors)), radius: try #require(radius))
    }
    var costs: TradingCosts?
    if let current {
      costs = TradingCosts(
        from: try Weights(universe: universe, values: current),
        buying: Self.rates(buying, universe), selling: Self.rates(buying, universe),
        spreadOver: 1)
      costs?.impact = Self.rates(impact, universe)
    }
    return RobustUtility(
      riskAversion: aversion, uncertainty: uncertainty,
      constraints: PortfolioConstraints(
        bounds: .uniform(low...high), absolute: gross.map { [.gross(limit: $0)] } ?? []),
      costs: costs)
  }

  /// The worst utility of weights, by the definition.
  func worstCase(_ weights: Weights, _ choice: RobustUtility) throws -> Double {
    let x = weights.values
    var utility = 0.0
    for i in x.indices {
      utility += mean[i] * x[i]
      if let widths { utility -= widths[i] * x[i].magnitude }
      for j in x.indices { utility -= aversion / 2 * x[i] * covariance[i][j] * x[j] }
    }
    if let costs = choice.costs { utility -= try costs.costPerPeriod(of: weights) }
    return utility - (radius ?? 0) * errorSize(x)
  }

  func errorSize(_ x: [Double]) -> Double {
    var square = 0.0
    for i in x.indices {
      if let standardErrors {
        square += standardErrors[i] * standardErrors[i] * x[i] * x[i]
      }
      if let errors { for j in x.indices { square += x[i] * errors[i][j] * x[j] } }
    }
    return max(square, 0).squareRoot()
  }
}

extension Covariance {
  fileprivate func product(_ x: [Double]) -> [Double] {
    x.indices.map { i in x.indices.reduce(0) { $0 + matrix[i, $1] * x[$1] } }
  }
}

@Suite struct RobustUtilityTests {
  @Test func referencesArePresent() { #expect(RobustUtilityReference.cases.count == 45) }

  @Test(arguments: RobustUtilityReference.cases)
  func matches(_ reference: RobustUtilityReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let mean = try Market.returns(reference.mean)
    let choice = try reference.choice(covariance.universe)
    let solution = try choice.weights(expectedReturns: mean, covariance: covariance)
    let portfolio = solution.value
    #expect(solution.status == .optimal)
    #expect(solution.certificate.holds(Certificate.optimalTolerances))
    let ours = try reference.worstCase(portfolio.weights, choice)
    expectClose(portfolio.worstCaseUtility, ours, relative: 1e-10, absolute: 1e-14)
    #expect(ours >= reference.utility - 1e-7 * reference.utility.magnitude)
    expectClose(ours, reference.utility, relative: 1e-7)
    #expect(portfolio.upperBound >= portfolio.worstCaseUtility)
    expectClose(portfolio.upperBound, ours, relative: 1e-8, absolute: 1e-13)
    for (w, v) in zip(portfolio.weights.values, reference.weights) {
      expectClose(w, v, absolute: 1e-4)
    }
    try checkWorst(reference, portfolio, mean)
  }

  /// The worst expected returns lie in the set, and the weights are best for them.
  private func checkWorst(
    _ reference: RobustUtilityReference,
    _ portfolio: RobustUtility.Portfolio,
    _ mean: ExpectedReturns
  ) throws {
    let covariance = try Market.covariance(reference.covariance)
    let choice = try reference.choice(covariance.universe)
    let (w, worst) = (portfolio.weights.values, portfolio.worstExpectedReturns.values)
    let earned = zip(w, worst).reduce(0) { $0 + $1.0 * $1.1 }
    expectClose(portfolio.worstExpectedReturn, earned, relative: 1e-10, absolute: 1e-13)
    let plain = try MaximumUtility(
      riskAversion: choice.riskAversion, constraints: choice.constraints, costs: choice.costs
    ).weights(
      expectedReturns: portfolio.worstExpectedReturns, covariance: covariance)
    expectClose(
      -plain.certificate.primalObjective, portfolio.worstCaseUtility, relative: 1e-9,
      absolute: 1e-14)
    let moves = zip(worst, mean.values).map { $0 - $1 }
    if let widths = reference.widths {
      for (move, width) in zip(moves, widths) {
        #expect(move.magnitude <= width * (1 + 1e-12) + 1e-17)
      }
    }
    if let errors = reference.standardErrors, let radius = reference.radius {
      let shares = zip(moves, errors).map { $1 > 0 ? $0 / $1 : $0 }
      let square = shares.reduce(0) { $0 + $1 * $1 }
      #expect(square <= radius * radius * (1 + 1e-10))
    }
  }

  /// Nothing in the set is worse than the certified worst case.
  @Test(arguments: RobustUtilityReference.cases.filter { $0.errors != nil || $0.widths != nil })
  func noDrawIsWorse(_ reference: RobustUtilityReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let choice = try reference.choice(covariance.universe)
    let portfolio = try choice.weights(
      expectedReturns: Market.returns(reference.mean), covariance: covariance
    ).value
    let w = portfolio.weights.values
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      var earned = portfolio.expectedReturn
      if let widths = reference.widths {
        for i in w.indices { earned += w[i] * widths[i] * generator.uniform(-1...1) }
      } else if let errors = reference.errors, let radius = reference.radius {
        // Ωz/√(z'Ωz) is on the surface.
        let z = w.map { _ in generator.gaussian() }
        let size = reference.errorSize(z)
        for i in w.indices {
          for j in w.indices { earned += w[i] * radius * errors[i][j] * z[j] / size }
        }
      }
      #expect(earned >= portfolio.worstExpectedReturn - 1e-14)
    }
  }

  @Test(arguments: RobustUtilityReference.file?.quantiles ?? [])
  func setsAreAsLikelyAsTheySay(_ quantile: RobustUtilityReference.Quantile) throws {
    let (_, covariance) = try Market.factorModel(count: quantile.count, seed: 5)
    let region = try ReturnUncertainty.region(
      forMeansOf: covariance, observationCount: 40, confidence: quantile.confidence)
    guard case .ellipsoid(let errors, let radius) = region else {
      Issue.record("\(region)")
      return
    }
    #expect(errors == covariance)
    expectClose(radius * radius * 40, quantile.chiSquare, relative: 1e-12)
    let box = try ReturnUncertainty.intervals(
      forMeansOf: covariance, observationCount: 40, confidence: quantile.confidence)
    guard case .box(.byAsset(let widths, _)) = box else {
      Issue.record("\(box)")
      return
    }
    for (asset, deviation) in zip(covariance.universe.assets, covariance.standardDeviations) {
      expectClose(
        try #require(widths[asset]), quantile.normal * deviation / 40.0.squareRoot(),
        relative: 1e-13)
    }
  }

  private func sets(
    _ universe: Universe,
    _ errors: Covariance,
    _ size: Double
  ) -> [ReturnUncertainty] {
    [
      .box(.uniform(1e-3 * size)), .ellipsoid(errors, radius: size),
      .standardErrors(.uniform(1e-3), radius: size),
    ]
  }

  @Test(arguments: 1...12) func noUncertaintyIsMaximumUtility(seed: Int) throws {
    let (mean, covariance) = try Market.factorModel(count: 3 + seed, seed: seed)
    let constraints = PortfolioConstraints(bounds: .uniform((seed % 2 == 0 ? 0 : -0.3)...0.7))
    let plain = try MaximumUtility(riskAversion: 3, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    for set in sets(covariance.universe, covariance, 0) + [.standardErrors(.none, radius: 2)] {
      let robust = try RobustUtility(
        riskAversion: 3, uncertainty: set, constraints: constraints
      ).weights(expectedReturns: mean, covariance: covariance)
      #expect(robust.value.weights == plain.value)
      #expect(robust.value.worstExpectedReturns == mean)
    }
  }

  /// With a large radius the weights have the least error.
  @Test(arguments: 1...12) func largeRadiusLeavesTheLeastError(seed: Int) throws {
    let (mean, covariance) = try Market.factorModel(count: 3 + seed, seed: seed)
    let (_, errors) = try Market.factorModel(count: 3 + seed, seed: seed + 50)
    let constraints = PortfolioConstraints(bounds: .uniform((seed % 2 == 0 ? 0 : -0.3)...0.7))
    let least = try MinimumVariance(constraints: constraints).weights(covariance: errors)
    let robust = try RobustUtility(
      riskAversion: 3, uncertainty: .ellipsoid(errors, radius: 1e8), constraints: constraints
    ).weights(expectedReturns: mean, covariance: covariance)
    for (w, v) in zip(robust.value.weights.values, least.value.values) {
      expectClose(w, v, absolute: 1e-7)
    }
  }

  /// Cash whose return is known is held alone where no position is worth its error.
  @Test func certainCashIsHeldAlone() throws {
    let universe = try Universe(["BTC", "ETH", "CASH"])
    let covariance = try Covariance(
      universe: universe,
      dense: SymmetricMatrix(rows: [[0.04, 0.02, 0], [0.02, 0.09, 0], [0, 0, 0]]))
    let mean = try ExpectedReturns(universe: universe, values: [0.03, 0.05, 0.01])
    let constraints = PortfolioConstraints(bounds: .uniform(-2...2))
    // The largest Sharpe ratio of the errors: √(e'Ω⁻¹e) for excess returns e, Ω = Σ/25.
    let determinant = 0.04 * 0.09 - 0.02 * 0.02
    let square =
      25 * (0.02 * 0.02 * 0.09 - 2 * 0.02 * 0.04 * 0.02 + 0.04 * 0.04 * 0.04) / determinant
    func robust(_ radius: Double) throws -> RobustUtility.Portfolio {
      let errors = try Covariance(
        universe: universe,
        dense: SymmetricMatrix(
          rows: [[0.0016, 0.0008, 0], [0.0008, 0.0036, 0], [0, 0, 0]]))
      return try RobustUtility(
        riskAversion: 2, uncertainty: .ellipsoid(errors, radius: radius), constraints: constraints
      ).weights(expectedReturns: mean, covariance: covariance).value
    }
    let edge = square.squareRoot()
    for factor in [1.0001, 1.01, 2, 1e3] {
      let portfolio = try robust(edge * factor)
      #expect(portfolio.weights.values.prefix(2) == [0, 0])
      expectClose(portfolio.weights.values[2], 1, absolute: 1e-15)
      expectClose(portfolio.worstCaseUtility, 0.01, relative: 1e-8)
      expectClose(portfolio.upperBound, 0.01, relative: 1e-8)
    }
    for factor in [0.1, 0.5, 0.99, 0.9999, 0.999999] {
      let portfolio = try robust(edge * factor)
      // w = Σ⁻¹e (1 − radius/edge)/λ: with errors a share of Σ only the scale changes.
      let scale = (1 - factor) / 2
      let btc = (0.09 * 0.02 - 0.02 * 0.04) / determinant * scale
      let eth = (0.04 * 0.04 - 0.02 * 0.02) / determinant * scale
      expectClose(portfolio.weights.values[0], btc, relative: 1e-6, absolute: 1e-10)
      expectClose(portfolio.weights.values[1], eth, relative: 1e-6, absolute: 1e-10)
    }
  }

  /// Where errors have few directions and a large radius, the weights are the best of those without error.
  @Test(arguments: 1...12) func certainDirectionsAreLimits(seed: Int) throws {
    let count = 5 + seed
    let (mean, covariance) = try Market.factorModel(
      count: count, seed: seed, isSpecific: seed % 3 != 0)
    var generator = SeededGenerator(seed: UInt64(seed))
    let directions = (0...(seed % 2)).map { _ in (0..<count).map { _ in generator.gaussian() } }
    let errors = try Market.covariance(
      (0..<count).map { i in
        (0..<count).map { j in directions.reduce(0) { $0 + 1e-6 * $1[i] * $1[j] } }
      })
    let bounds = PortfolioConstraints.Bounds.uniform(-0.8...0.9)
    let assets = covariance.universe.assets
    for riskAversion in [0.0, 2] {
      let plain = try MaximumUtility(
        riskAversion: riskAversion,
        constraints: PortfolioConstraints(
          bounds: bounds,
          linear: directions.enumerated().map { k, direction in
            LinearConstraint(
              "direction \(k)",
              coefficients: Dictionary(uniqueKeysWithValues: zip(assets, direction)), lower: 0,
              upper: 0)
          })
      ).weights(expectedReturns: mean, covariance: covariance)
      let robust = try RobustUtility(
        riskAversion: riskAversion, uncertainty: .ellipsoid(errors, radius: 100),
        constraints: PortfolioConstraints(bounds: bounds)
      ).weights(expectedReturns: mean, covariance: covariance).value
      let best = -plain.certificate.primalObjective
      expectClose(robust.worstCaseUtility, best, relative: 1e-8)
      expectClose(robust.upperBound, best, relative: 1e-8)
      if seed % 3 != 0 || riskAversion == 0 {
        for (w, v) in zip(robust.weights.values, plain.value.values) {
          expectClose(w, v, absolute: 1e-6)
        }
      }
    }
  }

  /// Twice the unit of returns, and the weights stay.
  @Test(arguments: [1e-6, 1, 1e6]) func scales(unit: Double) throws {
    let (mean, covariance) = try Market.factorModel(count: 8, seed: 21)
    let scaled = try Market.returns(mean.values.map { $0 * unit })
    let matrix = (0..<8).map { i in (0..<8).map { covariance.matrix[i, $0] * unit * unit } }
    func weights(_ m: ExpectedReturns, _ c: Covariance, _ unit: Double) throws -> [Double] {
      try RobustUtility(
        riskAversion: 3 / unit, uncertainty: .ellipsoid(c, radius: 0.2),
        constraints: PortfolioConstraints(bounds: .uniform(-0.4...0.8))
      ).weights(expectedReturns: m, covariance: c).value.weights.values
    }
    let a = try weights(mean, covariance, 1)
    let b = try weights(scaled, Market.covariance(matrix), unit)
    for (x, y) in zip(a, b) { expectClose(x, y, absolute: 1e-8) }
  }

  /// A factor model and its full matrix are one covariance.
  @Test func factorFormsAgree() throws {
    var generator = SeededGenerator(seed: 8)
    let loadings = try Matrix(
      rowCount: 6, columnCount: 2, columnMajor: (0..<12).map { _ in generator.gaussian() })
    let factor = try Covariance(
      universe: Market.universe(6),
      factor: FactorCovariance(
        loadings: loadings,
        factorCovariance: SymmetricMatrix(rows: [[4e-4, 1e-4], [1e-4, 2e-4]]),
        specificVariances: (0..<6).map { _ in generator.uniform(1e-4...1e-3) }))
    let dense = try Covariance(universe: factor.universe, dense: factor.matrix)
    let mean = try Market.returns((0..<6).map { _ in 1e-3 * generator.gaussian() })
    var answers: [[Double]] = []
    for (c, errors) in [(factor, factor), (dense, dense), (factor, dense), (dense, factor)] {
      answers.append(
        try RobustUtility(
          riskAversion: 2, uncertainty: .ellipsoid(errors, radius: 0.1),
          constraints: PortfolioConstraints(bounds: .uniform(-1...1))
        ).weights(expectedReturns: mean, covariance: c).value.weights.values)
    }
    for answer in answers.dropFirst() {
      for (x, y) in zip(answer, answers[0]) { expectClose(x, y, absolute: 1e-8) }
    }
  }

  @Test(arguments: hostileNumbers) func hostileNumbersAreAnswered(number: Double) throws {
    let (mean, covariance) = try Market.factorModel(count: 5, seed: 9)
    let choices: [RobustUtility] =
      [
        RobustUtility(riskAversion: number, uncertainty: .box(.uniform(1e-3))),
        RobustUtility(riskAversion: number, uncertainty: .ellipsoid(covariance, radius: 0.1)),
        RobustUtility(
          riskAversion: 1, uncertainty: .box(.byAsset(["A1": number], others: 0)),
          constraints: .longShort(net: 1, gross: 2)),
        RobustUtility(riskAversion: 1, uncertainty: .ellipsoid(covariance, radius: number)),
        RobustUtility(
          riskAversion: 1, uncertainty: .standardErrors(.uniform(number), radius: 1)),
        RobustUtility(
          riskAversion: 1,
          uncertainty: .standardErrors(.byAsset(["A2": number], others: 1e-3), radius: 1)),
      ]
    for choice in choices {
      do throws(AllocationError) {
        let solution = try choice.weights(expectedReturns: mean, covariance: covariance)
        #expect(solution.certificate.holds(Certificate.optimalTolerances))
        #expect(solution.value.worstCaseUtility.isFinite)
      } catch {
        if case .invalidValue(_, _, let got, _) = error, number.isNaN { #expect(got.isNaN) }
      }
    }
    _ = try? ReturnUncertainty.region(
      forMeansOf: covariance, observationCount: 1, confidence: number)
  }

  /// Without bounds and risk aversion, weights end where errors outweigh what they earn.
  @Test func smallRadiusIsUnbounded() throws {
    let (mean, covariance) = try Market.factorModel(count: 3, seed: 9)
    func robust(_ radius: Double) throws(AllocationError) -> RobustUtility.Portfolio {
      try RobustUtility(
        riskAversion: 0, uncertainty: .ellipsoid(covariance, radius: radius),
        constraints: PortfolioConstraints(bounds: .uniform(-.infinity ... .infinity))
      ).weights(expectedReturns: mean, covariance: covariance).value
    }
    // The largest return over error of weights that add to zero.
    let sharpe = try MaximumSharpe(
      riskFreeRate: 0,
      constraints: PortfolioConstraints(bounds: .uniform(-1...1), budget: 0)
    ).weights(expectedReturns: mean, covariance: covariance).value
    let edge =
      zip(sharpe.values, mean.values).reduce(0) { $0 + $1.0 * $1.1 }
      / zip(sharpe.values, covariance.product(sharpe.values)).reduce(0) { $0 + $1.0 * $1.1 }
      .squareRoot()
    #expect(try robust(1.001 * edge).upperBound.isFinite)
    for factor in [0.5, 0.99] {
      do throws(AllocationError) {
        _ = try robust(factor * edge)
        Issue.record("a utility without limit was reached")
      } catch {
        guard case .unbounded = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
  }

  @Test func errorsAreNamed() throws {
    let (mean, covariance) = try Market.factorModel(count: 3, seed: 9)
    func error(_ choice: RobustUtility) -> AllocationError? {
      do throws(AllocationError) {
        _ = try choice.weights(expectedReturns: mean, covariance: covariance)
        return nil
      } catch {
        return error
      }
    }
    #expect(
      error(RobustUtility(riskAversion: 1, uncertainty: .ellipsoid(covariance, radius: -1)))
        == .invalidValue(
          argument: "radius", asset: nil, got: -1, allowed: 0 ... .greatestFiniteMagnitude))
    #expect(
      error(RobustUtility(riskAversion: 1, uncertainty: .box(.byAsset(["X": 1], others: 0))))
        == .universeMismatch(position: nil, left: "X", right: nil))
    let indefinite = try Market.covariance([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]])
    #expect(
      error(RobustUtility(riskAversion: 1, uncertainty: .ellipsoid(indefinite, radius: 1)))
        == .covarianceNotPositiveSemidefinite)
    let other = try Market.factorModel(count: 4, seed: 1).covariance
    #expect(
      error(RobustUtility(riskAversion: 1, uncertainty: .ellipsoid(other, radius: 1)))
        == .universeMismatch(position: 3, left: "A3", right: nil))
    #expect(throws: AllocationError.self) {
      try ReturnUncertainty.intervals(
        forMeansOf: covariance, observationCount: 0, confidence: 0.5)
    }
    var powers = TradingCosts(
      from: try HardMarket.equal(covariance.universe), buying: .none, selling: .none,
      spreadOver: 1)
    powers.powerImpact = .uniform(0.1)
    #expect(
      error(
        RobustUtility(riskAversion: 1, uncertainty: .box(.uniform(0)), costs: powers))
        == .invalidValue(argument: "count of powerImpact", asset: nil, got: 1, allowed: 0...0))
    #expect(
      error(
        RobustUtility(
          riskAversion: 1, uncertainty: .ellipsoid(covariance, radius: 1),
          constraints: PortfolioConstraints(bounds: .uniform(0...0.2)))
      )
      .map {
        if case .infeasible = $0 { true } else { false }
      } == true)
  }
}
