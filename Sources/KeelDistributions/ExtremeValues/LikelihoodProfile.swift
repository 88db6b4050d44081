// What profiles of a likelihood share: the largest value over what is free, and the way to where it falls to a limit.

import KeelNumerics

/// The largest value of a function over an interval, from a grid and a search between its neighbors.
func largestValue(
  over range: ClosedRange<Double>,
  cellCount: Int,
  settings: Brent.Settings = Brent.Settings(),
  _ function: (Double) -> Double
) -> Double {
  let step = (range.upperBound - range.lowerBound) / Double(cellCount)
  let place: (Int) -> Double = { range.lowerBound + Double($0) * step }
  let values = (0...cellCount).map { function(place($0)) }
  var best = 0
  for k in values.indices where values[k] > values[best] { best = k }
  if values[best] == -.infinity { return -.infinity }
  // Infinite values are no loss for a search for the least.
  let point = try? Brent.minimum(
    of: { -function($0) }, in: place(max(best - 1, 0))...place(min(best + 1, cellCount)),
    settings: settings)
  return max(values[best], point.map { -$0.value } ?? -.infinity)
}

/// Where a profile meets a limit on a way of 32 steps.
enum ProfileCrossing {
  /// Below the limit where the way begins.
  case outside
  /// The first place on the way at which the profile falls to the limit.
  case crossing(Double)
  /// Not below the limit at any step.
  case inside

  /// The end of the interval, and what it is where the way does not cross the limit.
  func end(outside: Double, inside: Double) -> Double {
    switch self {
    case .outside: outside
    case .crossing(let place): place
    case .inside: inside
    }
  }
}

/// Follows a profile on a way from its maximum, the place at 0, to where it falls to a limit.
func profileCrossing(
  _ profile: (Double) -> Double,
  _ limit: Double,
  _ place: (Int) -> Double
) -> ProfileCrossing {
  if profile(place(0)) < limit { return .outside }
  for k in 1...32 where profile(place(k)) < limit {
    let (inside, outside) = (place(k - 1), place(k))
    let bracket = min(inside, outside)...max(inside, outside)
    let point = try? Brent.root(of: { max(profile($0), -1e300) - limit }, in: bracket)
    return .crossing(point?.argument ?? outside)
  }
  return .inside
}
