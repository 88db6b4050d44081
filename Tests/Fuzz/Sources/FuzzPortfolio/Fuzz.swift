import FuzzInput
import Keel

/// Covariances, means and bounds of any numbers through the portfolios: weights that keep their
/// bounds, or a typed error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(data, count)
  let n = input.count(below: 6)
  guard let universe = try? Universe((0..<n).map { AssetID("A\($0)") }) else { return 0 }
  let rows = 2 + input.count(below: 6)
  guard
    let factor = try? Matrix(rowCount: rows, columnCount: n, columnMajor: input.numbers(rows * n)),
    let gram = try? factor.gram(),
    let covariance = try? Covariance(universe: universe, dense: gram)
  else { return 0 }
  let (first, second) = (input.number(), input.number())
  guard first <= second else { return 0 }
  let constraints = PortfolioConstraints(bounds: .uniform(first...second))
  if let solution = try? MinimumVariance(constraints: constraints).weights(covariance: covariance) {
    let tolerance = 1e-9 * max(1, first.magnitude, second.magnitude)
    precondition(
      solution.value.values.allSatisfy { $0 >= first - tolerance && $0 <= second + tolerance },
      "a weight out of bounds")
  }
  _ = try? RiskBudgeting().weights(covariance: covariance)
  if let means = try? ExpectedReturns(universe: universe, values: input.numbers(n)) {
    _ = try? MaximumSharpe(riskFreeRate: input.number(), constraints: constraints)
      .weights(expectedReturns: means, covariance: covariance)
    _ = try? MaximumUtility(riskAversion: input.number(), constraints: constraints)
      .weights(expectedReturns: means, covariance: covariance)
  }
  return 0
}
