import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Counts, least positions, lots and fees against enumeration, and no-trade bands against closed forms.
@Suite struct DiscreteUtilityTests {
  private static func held(_ universe: Universe, seed: Int) throws -> Weights {
    var generator = SeededGenerator(seed: UInt64(seed))
    let raw = universe.assets.map { _ in generator.uniform(0.05...1) }
    let total = raw.reduce(0, +)
    return try Weights(universe: universe, values: raw.map { $0 / total })
  }

  /// The best utility; nil where the constraints clash.
  private func value(
    of choice: MaximumUtility,
    _ mean: ExpectedReturns,
    _ covariance: Covariance
  ) throws -> Double? {
    do throws(AllocationError) {
      return -(try choice.weights(expectedReturns: mean, covariance: covariance))
        .certificate.primalObjective
    } catch {
      if case .infeasible = error { return nil }
      throw error
    }
  }

  /// The best utility over all sets of assets, each with its own bounds; nil where none is allowed.
  private func enumerated(
    _ choice: MaximumUtility,
    _ mean: ExpectedReturns,
    _ covariance: Covariance,
    bounds: (_ isChosen: Bool, _ i: Int) -> ClosedRange<Double>,
    isAllowed: (Int) -> Bool,
    fee: (_ isChosen: Bool, _ i: Int) -> Double
  ) throws -> Double? {
    let assets = covariance.universe.assets
    var best: Double?
    for set in 0..<(1 << assets.count) where isAllowed(set.nonzeroBitCount) {
      var ranges: [AssetID: ClosedRange<Double>] = [:]
      var paid = 0.0
      for (i, asset) in assets.enumerated() {
        let isChosen = set >> i & 1 == 1
        ranges[asset] = bounds(isChosen, i)
        paid += fee(isChosen, i)
      }
      var restricted = choice
      restricted.constraints.bounds = .byAsset(ranges, others: 0...1)
      if let value = try value(of: restricted, mean, covariance) {
        best = max(best ?? -.infinity, value - paid)
      }
    }
    return best
  }

  @Test(arguments: seeds(12)) func feesEqualEnumeration(seed: Int) throws {
    try checkFees(seed: seed, count: 3 + seed % 5)
  }

  #if !DEBUG
    @Test(arguments: [(3, 12), (4, 14), (5, 16)])
    func feesOfManyEqualEnumeration(seed: Int, count: Int) throws {
      try checkFees(seed: seed, count: count)
    }
  #endif

  private func checkFees(seed: Int, count: Int) throws {
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 700)
    let held = try Self.held(covariance.universe, seed: seed)
    let price = seed % 3 == 0 ? 0 : 0.002
    let utility = MaximumUtility(
      riskAversion: 6,
      costs: TradingCosts(
        from: held, buying: .uniform(price), selling: .uniform(price / 2), spreadOver: 10))
    let fees = FixedTradingCosts(from: held, fee: .uniform(0.0008), spreadOver: 20)
    let portfolio = try DiscreteUtility(utility, fees: fees)
      .weights(expectedReturns: mean, covariance: covariance)
    #expect(portfolio.isProved)
    let w = portfolio.weights.values
    expectClose(w.reduce(0, +), 1, absolute: 1e-14)
    let product = covariance.product(with: w)
    var value = 0.0
    for i in w.indices { value += w[i] * (mean.values[i] - 3 * product[i]) }
    value -= try #require(utility.costs).costPerPeriod(of: portfolio.weights)
    value -= try fees.costPerPeriod(of: portfolio.weights)
    expectClose(portfolio.utility, value, relative: 1e-12, absolute: 1e-15)
    let best = try #require(
      try enumerated(
        utility, mean, covariance,
        bounds: { $0 ? 0...1 : held.values[$1]...held.values[$1] }, isAllowed: { _ in true },
        fee: { isChosen, _ in isChosen ? 0.0008 / 20 : 0 }))
    #expect(portfolio.utility >= best - 1.1e-6 * best.magnitude)
    #expect(portfolio.utility <= portfolio.upperBound)
    #expect(best <= portfolio.upperBound + 1e-12)
  }

  @Test(arguments: seeds(12)) func countsAndLeastPositionsEqualEnumeration(seed: Int) throws {
    #if DEBUG
      try checkPositions(seed: seed, count: 4 + seed % 4)
    #else
      try checkPositions(seed: seed, count: 4 + seed)
    #endif
  }

  private func checkPositions(seed: Int, count: Int) throws {
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 800)
    let most = 2 + seed % 2
    let utility = MaximumUtility(riskAversion: 4)
    let portfolio = try DiscreteUtility(
      utility, counts: [PositionCount("positions", atLeast: 2, atMost: most)],
      leastPosition: .uniform(0.15)
    ).weights(expectedReturns: mean, covariance: covariance)
    #expect(portfolio.isProved)
    let w = portfolio.weights.values
    #expect(w.allSatisfy { $0 == 0 || $0 >= 0.15 })
    #expect((2...most).contains(w.count { $0 != 0 }))
    let best = try #require(
      try enumerated(
        utility, mean, covariance, bounds: { isChosen, _ in isChosen ? 0.15...1 : 0...0 },
        isAllowed: { (2...most).contains($0) }, fee: { _, _ in 0 }))
    expectClose(portfolio.utility, best, relative: 1.1e-6)
  }

  /// Quarters of the portfolio: every sum of four of sixteen assets.
  @Test(arguments: seeds(3)) func quartersEqualEnumeration(seed: Int) throws {
    let count = 16
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 40)
    let portfolio = try DiscreteUtility(
      MaximumUtility(
        riskAversion: 4, constraints: PortfolioConstraints(bounds: .uniform(0...0.25))),
      lots: .uniform(0.25)
    ).weights(expectedReturns: mean, covariance: covariance)
    #expect(portfolio.isProved)
    let columns = (0..<count).map { i in
      covariance.product(with: (0..<count).map { $0 == i ? 1 : 0 })
    }
    var best = -Double.infinity
    for set in 0..<(1 << count) where set.nonzeroBitCount == 4 {
      let chosen = (0..<count).filter { set >> $0 & 1 == 1 }
      var value = 0.0
      for i in chosen {
        value += mean.values[i] / 4
        for j in chosen { value -= 2 * columns[i][j] / 16 }
      }
      best = max(best, value)
    }
    expectClose(portfolio.utility, best, relative: 1.1e-6)
    #expect(best <= portfolio.upperBound + 1e-15)
  }

  /// Beyond enumeration: a search that ends early says so, and by how much it may miss.
  @Test(arguments: seeds(3)) func endedSearchesReportTheirGap(seed: Int) throws {
    let count = 40
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 1200)
    let utility = MaximumUtility(riskAversion: 6)
    var (ended, bounds, best) = (0, [Double](), -Double.infinity)
    for limit in [2, 20, 100] {
      var search = BranchAndBound.Settings()
      search.nodeLimit = limit
      do throws(AllocationError) {
        let portfolio = try DiscreteUtility(
          utility, counts: [PositionCount("positions", atMost: 7)],
          leastPosition: .uniform(0.125), lots: .uniform(0.015625), search: search
        ).weights(expectedReturns: mean, covariance: covariance)
        let w = portfolio.weights.values
        #expect(w.count { $0 != 0 } <= 7 && w.allSatisfy { $0 == 0 || $0 >= 0.125 })
        #expect(w.reduce(0, +) == 1 && w.allSatisfy { ($0 * 64).rounded() == $0 * 64 })
        #expect(portfolio.nodeCount <= limit && portfolio.utility <= portfolio.upperBound)
        if !portfolio.isProved {
          ended += 1
          #expect(portfolio.nodeCount == limit && portfolio.largestImprovement > 0)
        }
        bounds.append(portfolio.upperBound)
        best = max(best, portfolio.utility)
      } catch {
        guard case .nothingFound(let bound) = error else { throw error }
        bounds.append(bound)
      }
    }
    #expect(ended > 0 && best > -.infinity)
    // More nodes only lower the bound, and no bound is below what was found later.
    for (before, after) in zip(bounds, bounds.dropFirst()) { #expect(after <= before + 1e-15) }
    for bound in bounds { #expect(bound >= best - 1e-15) }
    let convex = try utility.weights(expectedReturns: mean, covariance: covariance)
    #expect(bounds[0] <= -convex.certificate.dualObjective + 1e-12)
  }

  @Test func lotsAreMultiples() throws {
    let (mean, covariance) = try Market.factorModel(count: 5, seed: 31)
    let portfolio = try DiscreteUtility(
      MaximumUtility(riskAversion: 4), lots: .uniform(0.0625)
    ).weights(expectedReturns: mean, covariance: covariance)
    #expect(portfolio.isProved)
    #expect(portfolio.weights.values.allSatisfy { ($0 / 0.0625).rounded() * 0.0625 == $0 })
    #expect(portfolio.weights.values.reduce(0, +) == 1)
    #expect(portfolio.largestImprovement <= 1e-6 * portfolio.utility.magnitude)
  }

  /// Without fees the answer is that of the convex choice, with its no-trade weights.
  @Test(arguments: seeds(6)) func noFeesChangeNothing(seed: Int) throws {
    let (mean, covariance) = try Market.factorModel(count: 8, seed: seed + 60)
    let held = try Self.held(covariance.universe, seed: seed)
    let utility = MaximumUtility(
      riskAversion: 5,
      costs: TradingCosts(
        from: held, buying: .uniform(0.003), selling: .uniform(0.002), spreadOver: 5))
    let convex = try utility.weights(expectedReturns: mean, covariance: covariance)
    for fee in [0.0, 1e-13] {
      let portfolio = try DiscreteUtility(
        utility, fees: FixedTradingCosts(from: held, fee: .uniform(fee), spreadOver: 1)
      ).weights(expectedReturns: mean, covariance: covariance)
      for (w, v) in zip(portfolio.weights.values, convex.value.values) {
        expectClose(w, v, absolute: 1e-10)
      }
    }
  }

  /// One asset beside cash, one period: c / (λσ²) for a price, √(2g / (λσ²)) for a fee, and both.
  @Test(arguments: [(0.002, 0.0), (0, 0.0004), (0.002, 0.0004)])
  func halfWidthsOfOneAsset(price: Double, fee: Double) throws {
    let universe = try Universe(["A", "CASH"])
    let (variance, aversion) = (0.04, 2.5)
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(lowerTriangleOf: [variance, 0, 0, 0], order: 2))
    let mean = try ExpectedReturns(universe: universe, values: [0.05, 0])
    let target = 0.05 / (aversion * variance)
    let width =
      (price + (2 * fee * aversion * variance).squareRoot()) / (aversion * variance)
    func portfolio(from start: Double) throws -> (weight: Double, band: NoTradeBand) {
      let held = try Weights(universe: universe, values: [start, 1 - start])
      let utility = MaximumUtility(
        riskAversion: aversion,
        costs: TradingCosts(
          from: held, buying: .byAsset(["A": price], others: 0),
          selling: .byAsset(["A": price], others: 0), spreadOver: 1))
      let fees = FixedTradingCosts(
        from: held, fee: .byAsset(["A": fee], others: 0), spreadOver: 1)
      let portfolio = try DiscreteUtility(utility, fees: fees)
        .weights(expectedReturns: mean, covariance: covariance)
      let bands = try utility.noTradeBands(
        around: portfolio.solution, expectedReturns: mean, covariance: covariance, fees: fees)
      #expect(bands.map(\.asset) == ["A"])
      return (portfolio.weights.values[0], bands[0])
    }
    for side in [-1.0, 1] {
      let inside = target + side * 0.99 * width
      let outside = target + side * 1.01 * width
      let kept = try portfolio(from: inside)
      #expect(kept.weight == inside)
      let traded = try portfolio(from: outside)
      expectClose(
        traded.weight, target + side * price / (aversion * variance), absolute: 1e-10)
      for band in [kept.band, traded.band] {
        expectClose(band.target, target, relative: 1e-9)
        expectClose(band.weights.lowerBound, target - width, relative: 1e-9)
        expectClose(band.weights.upperBound, target + width, relative: 1e-9)
      }
    }
  }

  /// A book, impact and the power 3/2 in one band: at its ends the best trade gains exactly the fee.
  @Test func bandsOfAllCosts() throws {
    let universe = try Universe(["A", "CASH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(lowerTriangleOf: [0.05, 0, 0, 0], order: 2))
    let mean = try ExpectedReturns(universe: universe, values: [0.03, 0])
    let held = try Weights(universe: universe, values: [0.5, 0.5])
    var costs = TradingCosts(
      from: held, buying: .byAsset(["A": 0.001], others: 0),
      selling: .byAsset(["A": 0.002], others: 0), spreadOver: 1)
    costs.buyingLevels = ["A": [.init(beyond: 0.05, rate: 0.004)]]
    costs.impact = .byAsset(["A": 0.01], others: 0)
    costs.powerImpact = .byAsset(["A": 0.005], others: 0)
    let utility = MaximumUtility(riskAversion: 1, costs: costs)
    let solution = try utility.weights(expectedReturns: mean, covariance: covariance)
    let fees = FixedTradingCosts(from: held, fee: .byAsset(["A": 0.0005], others: 0), spreadOver: 1)
    let band = try #require(
      try utility.noTradeBands(
        around: solution, expectedReturns: mean, covariance: covariance, fees: fees
      ).first)
    expectClose(band.target, 0.6, relative: 1e-9)
    // The best trade on a fine grid, from both ends of the band.
    for (start, side) in [(band.weights.lowerBound, 1.0), (band.weights.upperBound, -1)] {
      let distance = (band.target - start).magnitude
      var best = 0.0
      for k in 0...200_000 {
        let t = distance * Double(k) / 200_000
        let price = side > 0 ? 0.001 * t + 0.003 * max(t - 0.05, 0) : 0.002 * t
        let cost = price + 0.01 * t * t + 0.005 * t * t.squareRoot()
        best = max(best, 0.05 * t * (distance - t / 2) - cost)
      }
      expectClose(best, 0.0005, relative: 1e-6)
    }
  }

  @Test func clashesAreNamed() throws {
    let (mean, covariance) = try Market.factorModel(count: 4, seed: 9)
    func failure(_ choice: DiscreteUtility) -> AllocationError? {
      do {
        _ = try choice.weights(expectedReturns: mean, covariance: covariance)
        return nil
      } catch { return error }
    }
    let utility = MaximumUtility(
      riskAversion: 4, constraints: PortfolioConstraints(bounds: .uniform(0...0.3)))
    #expect(
      failure(DiscreteUtility(utility, counts: [PositionCount("few", atMost: 2)]))
        == .noDiscretePortfolio(conditions: ["few"]))
    #expect(
      failure(DiscreteUtility(utility, leastPosition: .uniform(0.31)))
        == .noDiscretePortfolio(conditions: ["least position"]))
    let tight = MaximumUtility(
      riskAversion: 4, constraints: PortfolioConstraints(bounds: .uniform(0...0.2)))
    guard case .infeasible = failure(DiscreteUtility(tight)) else {
      Issue.record("bounds below the budget are infeasible without any condition")
      return
    }
    #expect(failure(DiscreteUtility(utility, lots: .uniform(-1))) != nil)
    #expect(failure(DiscreteUtility(utility, leastPosition: .uniform(.nan))) != nil)
    #expect(
      failure(DiscreteUtility(utility, counts: [PositionCount("x", among: ["no"], atMost: 1)]))
        == .universeMismatch(position: nil, left: "no", right: nil))
    #expect(
      failure(DiscreteUtility(utility, counts: [PositionCount("x", atLeast: 1, atMost: 2)])) != nil)
    var steep = utility
    steep.costs = TradingCosts(
      from: try Self.held(covariance.universe, seed: 1), buying: .none, selling: .none,
      spreadOver: 1)
    steep.costs?.powerImpact = .uniform(0.1)
    #expect(failure(DiscreteUtility(steep)) != nil)
  }
}
