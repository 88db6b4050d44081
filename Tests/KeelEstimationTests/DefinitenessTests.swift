import Foundation
import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

/// The number of random cases for each estimator; `KEEL_SEARCH_CASES` says another.
private let searchCaseCount: Int = {
  let text = ProcessInfo.processInfo.environment["KEEL_SEARCH_CASES"]
  if let text, let count = Int(text), count > 0 { return count }
  #if DEBUG
    return 150
  #else
    return 2500
  #endif
}()

/// An estimator under search, with what it needs.
private struct Searched: CustomTestStringConvertible, Sendable {
  let name: String
  /// The fewest observations and assets of a case.
  var leastRowCount = 2
  var leastColumnCount = 1
  /// Every how many-th case is tried: a slow estimator has every one in long searches only.
  var stride = 1
  /// Whether N stays below T.
  var isNarrow = false
  /// Whether an asset that does not vary is refused.
  var needsVariance = false
  /// Whether rows are left out.
  var hasGaps = false
  /// Whether rows in a plane may be refused.
  var refusesPlanes = false
  let estimate: @Sendable (Matrix, Int) throws -> SymmetricMatrix?

  var testDescription: String { name }

  /// Everything that estimates a covariance.
  static let all: [Searched] =
    covarianceEstimators.map { plain($0.name, $0.estimator) }
    + [
      plain("sampleT", SampleCovariance(divisor: .observationCount)),
      plain("principalRatio", PrincipalFactors(count: .eigenvalueRatio(maximum: 1)), columns: 2),
      plain("principalNoise", PrincipalFactors(count: .marchenkoPastur)),
      plain("fittedNoise", DenoisedCovariance(noise: .fitted(bandwidth: 0.05))),
      plain("targetedNone", DenoisedCovariance(method: .targeted(share: 0))),
      plain("detonedTwo", DenoisedCovariance(detonedCount: 2), columns: 3),
      plain("poetOne", POETCovariance(factorCount: 1), columns: 2),
      plain("poetNone", POETCovariance(factorCount: 0, constant: 0)),
      plain("graphicalLassoSparse", GraphicalLasso(penalty: 0.9)),
      narrow("studentT", StudentTCovariance()),
      narrow("tyler", TylerCovariance()),
      narrow("tylerMean", TylerCovariance(center: .mean)),
      narrow("determinant", MinimumCovarianceDeterminant(startCount: 20)),
      gaps("pairwise") { returns in
        try PairwiseCovariance(minimumCommonCount: 2).covariance(from: returns).matrix
      },
      gaps("pairwiseWeighted") { returns in
        try PairwiseCovariance(weighting: .exponential(halfLife: 9), minimumCommonCount: 2)
          .covariance(from: returns).matrix
      },
      gaps("nested", isNested: true) { returns in
        try NestedMoments().moments(from: returns).covariance.matrix
      },
      gaps("gapMoments", isNested: true) { returns in
        // The matrix of any step is one.
        try GapMoments(maximumIterations: 12).estimate(from: returns).covariance.matrix
      },
      Searched(name: "ticks", needsVariance: true) { matrix, seed in
        try HayashiYoshida(periodSeconds: 3600).covariance(of: ticks(matrix, seed: seed)).matrix
      },
      Searched(name: "regression", leastRowCount: 8, leastColumnCount: 2, refusesPlanes: true) {
        matrix, _ in try regression(matrix)
      },
      Searched(name: "streaming") { matrix, _ in
        try stream(matrix, .none)
      },
      Searched(name: "streamingStudentT") { matrix, _ in
        try stream(matrix, .studentT(degreesOfFreedom: 5))
      },
    ]

  private static func plain(
    _ name: String,
    _ estimator: any CovarianceEstimator,
    columns: Int = 1
  ) -> Searched {
    let needsVariance =
      correlationEstimators.contains(name)
      || [
        "principalRatio", "principalNoise", "fittedNoise", "targetedNone", "detonedTwo",
        "graphicalLassoSparse",
      ]
      .contains(name)
    return Searched(
      name: name,
      leastRowCount: max(estimator.minimumObservationCount, name == "poetOne" ? 4 : 2),
      leastColumnCount: name == "detoned" ? 2 : columns,
      stride: name == "fittedNoise" && searchCaseCount < 10_000 ? 11 : 1,
      needsVariance: needsVariance,
      refusesPlanes: estimator is POETCovariance
    ) { matrix, _ in try estimator.unlabeledCovariance(from: matrix).matrix }
  }

  private static func narrow(_ name: String, _ estimator: any CovarianceEstimator) -> Searched {
    Searched(name: name, leastRowCount: 8, isNarrow: true, refusesPlanes: true) { matrix, _ in
      try estimator.unlabeledCovariance(from: matrix).matrix
    }
  }

  /// The case with gaps, in units that returns may have.
  private static func gaps(
    _ name: String,
    isNested: Bool = false,
    _ estimate: @escaping @Sendable (IncompleteReturns) throws -> SymmetricMatrix
  ) -> Searched {
    Searched(
      name: name, leastRowCount: isNested ? 8 : 2, isNarrow: isNested, needsVariance: true,
      hasGaps: true, refusesPlanes: isNested
    ) { matrix, seed in
      var generator = SeededGenerator(seed: UInt64(seed) + 31)
      let (rows, columns) = (matrix.rowCount, matrix.columnCount)
      let largest = matrix.columnMajorElements.reduce(0) { max($0, $1.magnitude) }
      let factor = largest > 0 ? 0.4 / largest : 1
      let holes = isNested || rows < 12 ? 0 : Double(seed % 4) / 10
      let isPresent = (0..<columns).flatMap { _ in
        let start =
          rows < 12 || seed % 3 == 0 ? 0 : Int.random(in: 0...(rows / 4), using: &generator)
        return (0..<rows).map { $0 >= start && generator.uniform() >= holes }
      }
      let returns = try IncompleteReturns(
        universe: Universe((0..<columns).map { AssetID("A\($0)") }),
        timestamps: (0..<rows).map {
          Timestamp(nanosecondsSinceEpoch: Int64($0) * 86_400_000_000_000)
        },
        values: Matrix(
          rowCount: rows, columnCount: columns,
          columnMajor: matrix.columnMajorElements.map { $0 * factor }),
        isPresent: isPresent)
      return try estimate(returns)
    }
  }

  /// Prices with these log returns, each asset at times of its own.
  private static func ticks(_ matrix: Matrix, seed: Int) throws -> [TickSeries] {
    var generator = SeededGenerator(seed: UInt64(seed) + 57)
    let largest = matrix.columnMajorElements.reduce(1) { max($0, $1.magnitude) }
    return try (0..<matrix.columnCount).map { j in
      var (level, time) = (0.0, Int64(0))
      var (times, prices) = ([Timestamp(nanosecondsSinceEpoch: 0)], [1.0])
      for t in 0..<matrix.rowCount {
        level += matrix[t, j] / largest
        time += Int64.random(in: 1...2_000_000_000, using: &generator)
        times.append(Timestamp(nanosecondsSinceEpoch: time))
        prices.append(exp(level))
      }
      return try TickSeries(asset: AssetID("A\(j)"), times: times, prices: prices)
    }
  }

  /// The first asset is the factor of the others.
  private static func regression(_ matrix: Matrix) throws -> SymmetricMatrix {
    let largest = matrix.columnMajorElements.reduce(1) { max($0, $1.magnitude) }
    let columns = (0..<matrix.columnCount).map { j in
      (0..<matrix.rowCount).map { matrix[$0, j] / largest }
    }
    let factor = try labeled(Matrix(columns: [columns[0]]), names: ["F"])
    let model = try FactorRegression().fit(
      labeled(Matrix(columns: Array(columns.dropFirst()))), on: factor)
    return try model.covariance(factorCovariance: SampleCovariance().covariance(from: factor))
      .matrix
  }

  private static func stream(
    _ matrix: Matrix,
    _ weighting: StreamingCovariance.Weighting
  ) throws -> SymmetricMatrix {
    let largest = matrix.columnMajorElements.reduce(1) { max($0, $1.magnitude) }
    var stream = try StreamingCovariance(
      universe: Universe((0..<matrix.columnCount).map { AssetID("A\($0)") }), halfLife: 7,
      weighting: weighting)
    for t in 0..<matrix.rowCount {
      try stream.update((0..<matrix.columnCount).map { matrix[t, $0] / largest })
    }
    return try stream.covariance().matrix
  }
}

/// Returns that are hard for an estimator: few observations, copies, constants, sums of others, scales from 1e-8 to 1e4, heavy
/// tails and ties.
private func hardReturns(_ searched: Searched, seed: Int) throws -> Matrix {
  var generator = SeededGenerator(seed: UInt64(seed) &* 7919 &+ 12_345)
  let least = searched.leastRowCount
  func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
  var (rows, columns) = (0, 0)
  switch seed % 8 {
  case 0, 1:
    rows = pick(least...(least + 5))
    columns = 5 * rows
  case 2:
    rows = pick(least...(least + 20))
    columns = rows + pick(-2...1)
  case 3, 4: (rows, columns) = (pick(max(least, 20)...120), pick(1...6))
  case 5: (rows, columns) = (pick(least...(least + 8)), pick(2...12))
  case 6: (rows, columns) = (pick(30...70), pick(10...30))
  default: (rows, columns) = (pick(least...(least + 2)), pick(1...3))
  }
  if seed % 400 == 200 { (rows, columns) = (30, 150) }
  columns = max(columns, searched.leastColumnCount)
  if searched.isNarrow { columns = min(columns, (rows - 1) / 2) }
  let hasConstants = seed % 3 == 0
  let (isHeavy, isTied, isScaled) = (seed % 5 == 1, seed % 7 == 2, seed % 2 == 1)
  let common = [0, 0.5, 3][(seed / 8) % 3]
  let factors = (0..<rows).map { _ in generator.gaussian() }
  var matrix = try Matrix(rowCount: rows, columnCount: columns)
  for j in 0..<columns {
    let kind = pick(0...11)
    let scale = isScaled ? [1e-8, 1e-5, 1, 1, 1e4][pick(0...4)] : 1
    let other = pick(0...max(j - 1, 0))
    let another = pick(0...max(j - 1, 0))
    for i in 0..<rows {
      var own = generator.gaussian()
      // The quotient of normal and uniform numbers: the slash law, without a mean.
      if isHeavy { own /= max(generator.uniform(), 1e-3) }
      var value = 0.02 * (own + common * factors[i])
      if isTied { value = (value * 50).rounded() / 50 }
      value *= scale
      switch kind {
      case 0 where j > 0: value = matrix[i, other]
      case 1 where j > 0: value = -matrix[i, other]
      case 2 where j > 0: value = 0.37 * matrix[i, other]
      case 3 where j > 1: value = matrix[i, other] - 0.3 * matrix[i, another]
      case 4 where j > 0: value = matrix[i, other] * (1 + 1e-9 * own)
      case 5 where hasConstants: value = 0.25
      case 6 where hasConstants: value = 0
      default: break
      }
      matrix[i, j] = value
    }
  }
  return matrix
}

@Suite struct DefinitenessTests {
  /// Least eigenvalue ≥ −N ε λ_max, −8 ε λ_max for few assets, on 10⁴ cases for each estimator where `KEEL_SEARCH_CASES` says so.
  @Test(arguments: Searched.all)
  private func leastEigenvalueIsNotBelowRounding(_ searched: Searched) throws {
    var estimated = 0
    var refusals: [String: Int] = [:]
    for seed in stride(from: 0, to: searchCaseCount, by: searched.stride) {
      let returns = try hardReturns(searched, seed: seed)
      let estimate: SymmetricMatrix
      do {
        guard let matrix = try searched.estimate(returns, seed) else { continue }
        estimate = matrix
      } catch let error as EstimationError {
        refusals[searched.refusal(error, returns, seed: seed), default: 0] += 1
        continue
      }
      estimated += 1
      let ratio = try leastRatio(estimate)
      #expect(
        ratio >= -1, "\(searched.name) seed \(seed) N \(estimate.order) T \(returns.rowCount)")
    }
    #expect(3 * estimated * searched.stride >= searchCaseCount, "\(searched.name) \(refusals)")
  }

  /// Cases of a long search in which rounding left the signals of an asset more than its variance.
  @Test func targetedNoiseIsNotNegative() throws {
    let searched = try #require(Searched.all.first { $0.name == "targetedNone" })
    for seed in [12_467, 32_276, 49_035] {
      let estimate = try #require(try searched.estimate(hardReturns(searched, seed: seed), seed))
      #expect(try leastRatio(estimate) >= -0.75, "\(seed)")
    }
  }

  /// The least eigenvalue over N ε times the largest one.
  private func leastRatio(_ estimate: SymmetricMatrix) throws -> Double {
    let values = try SymmetricEigen.values(of: estimate)
    let (least, most) = (values.first ?? 0, values.last ?? 0)
    #expect(most.isFinite && most >= 0)
    let unit = Double(values.count) * Double.ulpOfOne * most
    return unit > 0 ? least / unit : least < 0 ? -.infinity : 0
  }
}

extension Searched {
  /// The name of a refusal; records those that the case does not excuse.
  fileprivate func refusal(_ error: EstimationError, _ returns: Matrix, seed: Int) -> String {
    switch error {
    case .zeroVariance(_, let column) where needsVariance:
      // Rows with gaps may leave no more than one.
      let values = (0..<returns.rowCount).map { returns[$0, column] }
      if !hasGaps, Set(values).count > 1 { Issue.record("\(name) \(seed): \(error)") }
      return "zeroVariance"
    case .notPositiveDefinite where refusesPlanes: return "plane"
    case .dependentFactors where ["nested", "regression"].contains(name): return "dependent"
    case .tooFewCommonObservations where hasGaps: return "apart"
    case .pricesGiven(_, let column, _)
    where SimpleReturns.looksLikePrices((0..<returns.rowCount).map { returns[$0, column] }):
      return "prices"
    default:
      Issue.record("\(name) \(seed): \(error)")
      return "\(error)"
    }
  }
}
