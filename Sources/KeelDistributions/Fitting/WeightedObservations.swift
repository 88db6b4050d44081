import KeelNumerics

/// The observations of a fit with their weights; those of weight zero are left out.
struct WeightedObservations {
  let values: [Double]
  /// As many positive weights, ones where none were given.
  let weights: [Double]
  let total: Double
  /// Whether a weight differs from one.
  let isWeighted: Bool
  private let indices: [Int]?

  /// Without weights, or with one for each observation.
  init(_ sample: [Double], _ weights: [Double]?) throws(DistributionsError) {
    guard let weights, weights.contains(where: { $0 != 1 }) || weights.count != sample.count else {
      values = sample
      self.weights = [Double](repeating: 1, count: sample.count)
      total = Double(sample.count)
      isWeighted = false
      indices = nil
      return
    }
    guard weights.count == sample.count else {
      throw .shapeMismatch(argument: "weights", got: weights.count, required: sample.count)
    }
    if let index = weights.firstIndex(where: { !($0 >= 0 && $0 <= Self.largestWeight) }) {
      throw .invalidObservation(argument: "weights", index: index, got: weights[index])
    }
    if let index = sample.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "sample", index: index, got: sample[index])
    }
    let kept = sample.indices.filter { weights[$0] > 0 }
    values = kept.map { sample[$0] }
    self.weights = kept.map { weights[$0] }
    total = self.weights.reduce(0, +)
    isWeighted = true
    indices = kept
    guard kept.isEmpty || total >= Self.smallestTotal else {
      throw .invalidValue(
        argument: "sum of weights", got: total, lowest: Self.smallestTotal, highest: .infinity)
    }
  }

  /// A larger weight, or a smaller sum, is a mistake of units.
  private static let largestWeight = 1e15
  private static let smallestTotal = 1e-15

  /// The place in the sample that was given.
  func originalIndex(_ index: Int) -> Int { indices?[index] ?? index }

  /// The middle of the points with half of the weight on either side.
  func median(of values: [Double]) -> Double {
    let count = values.count
    if !isWeighted {
      var work = values
      let upper = Selection.select(count / 2, in: &work)
      return count % 2 == 1
        ? upper : 0.5 * upper + 0.5 * Selection.select(count / 2 - 1, in: &work)
    }
    let middle = Self.middle(of: values, weights, total)
    return 0.5 * middle.lower + 0.5 * middle.upper
  }

  /// The first value with half of the weight at or below it, and the first with more.
  ///
  /// A sum of weights is half of their total when it is so within the rounding of sums.
  static func middle(
    of values: [Double],
    _ weights: [Double],
    _ total: Double
  ) -> (lower: Double, upper: Double) {
    let tolerance = rounding(values.count) * total
    var reached = 0.0
    var lower: Double?
    for i in values.indices.sorted(by: { values[$0] < values[$1] }) {
      reached += weights[i]
      if lower == nil, reached >= 0.5 * total - tolerance { lower = values[i] }
      if let lower, reached > 0.5 * total + tolerance { return (lower, values[i]) }
    }
    return (.nan, .nan)
  }

  /// The largest relative rounding of a sum of so many positive numbers.
  static func rounding(_ count: Int) -> Double { Double(count) * Double.ulpOfOne }
}
