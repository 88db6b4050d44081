import KeelTestSupport
import Testing

/// Some ten thousand points of an incomplete function and of its inverse, to 20 digits; the columns
/// are told in `Tests/Generate/incomplete_functions.py`.
struct IncompleteReference: Decodable, Sendable {
  let tails: [[Double]]
  let inverse: [[Double]]

  static let gamma = Result { try Reference.load(Self.self, "incomplete_gamma") }
  static let beta = Result { try Reference.load(Self.self, "incomplete_beta") }

  /// The inverses promise 1e-13 or what this relative change of the probability causes.
  private static let probabilityError = 1e-15

  /// Debug builds run without optimization: every fifth row is enough there.
  #if DEBUG
    private static let rowStride = 5
  #else
    private static let rowStride = 1
  #endif

  private func thinned(_ rows: [[Double]]) -> [[Double]] {
    stride(from: 0, to: rows.count, by: Self.rowStride).map { rows[$0] }
  }

  /// The rows of one tail: the parameters, the argument, the value and its low part.
  func rows(_ tail: Side, parameters: Int) -> [[Double]] {
    let column = parameters + 1 + (tail == .lower ? 0 : 2)
    return thinned(tails).filter { $0[column] > 0 }.map {
      Array($0[...parameters]) + $0[column...(column + 1)]
    }
  }

  /// The rows of the inverse of one tail: the parameters, the probability, the argument, its low
  /// part and the promised relative error.
  func inverseRows(_ tail: Side) -> [[Double]] {
    thinned(inverse).filter { $0[0] == (tail == .lower ? 0 : 1) }.map {
      Array($0[1..<($0.count - 1)])
        + [max(1e-13, $0[$0.count - 1].magnitude * Self.probabilityError)]
    }
  }

  enum Side: CaseIterable, Sendable { case lower, upper }
}

/// The largest error of a column of values, over the promised one, and where.
struct WorstRow: CustomStringConvertible {
  var error = -1.0
  var row: [Double] = []
  var value = 0.0

  /// `bound` is the promised relative error of a row; the value's parts stand at `column`.
  init(_ values: [Double], _ rows: [[Double]], at column: Int, bound: ([Double]) -> Double) {
    for (value, row) in zip(values, rows) {
      let (high, low) = (row[column], row[column + 1])
      let distance = value == high ? low.magnitude : ((value - high) - low).magnitude
      let candidate = distance / (high.magnitude * bound(row))
      // NaN is worse than everything.
      let error = candidate.isNaN ? .infinity : candidate
      if error > self.error { (self.error, self.row, self.value) = (error, row, value) }
    }
  }

  var description: String { "\(error) of the bound at \(row), got \(value)" }
}
