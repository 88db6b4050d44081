/// A positive definite system of 3 x 3 blocks that ties neighbors only, solved by Cholesky factors without pivoting.
///
/// Stored as a band: row r holds its entries of columns r − 5 to r.
struct BlockTridiagonal {
  private var band: [Double]
  private var right: [Double]
  private let order: Int

  private static let width = 6

  init(count: Int) {
    order = 3 * count
    band = Array(repeating: 0, count: Self.width * 3 * count)
    right = Array(repeating: 0, count: 3 * count)
  }

  mutating func clear() {
    for i in band.indices { band[i] = 0 }
    for i in right.indices { right[i] = 0 }
  }

  private mutating func add(_ row: Int, _ column: Int, _ value: Double) {
    band[row * Self.width + Self.width - 1 - (row - column)] += value
  }

  mutating func add(_ m: Symmetric3, _ gradient: (Double, Double, Double), at block: Int) {
    let r = 3 * block
    add(r, r, m.aa)
    add(r + 1, r, m.ab)
    add(r + 2, r, m.ac)
    add(r + 1, r + 1, m.bb)
    add(r + 2, r + 1, m.bc)
    add(r + 2, r + 2, m.cc)
    right[r] -= gradient.0
    right[r + 1] -= gradient.1
    right[r + 2] -= gradient.2
  }

  /// Adds a multiple of a slope to the gradient, and of its outer product to the matrix.
  mutating func add(
    gradient: Double,
    matrix: Double,
    own: (Double, Double, Double),
    earlier: (Double, Double, Double)?,
    at block: Int
  ) {
    let r = 3 * block
    var own3 = Symmetric3()
    own3.add(own.0, own.1, own.2, times: matrix)
    add(own3, (own.0 * gradient, own.1 * gradient, own.2 * gradient), at: block)
    guard let earlier else { return }
    var earlier3 = Symmetric3()
    earlier3.add(earlier.0, earlier.1, earlier.2, times: matrix)
    add(
      earlier3, (earlier.0 * gradient, earlier.1 * gradient, earlier.2 * gradient), at: block - 1)
    for (i, a) in [own.0, own.1, own.2].enumerated() where a != 0 {
      add(r + i, r - 3, a * earlier.0 * matrix)
      add(r + i, r - 2, a * earlier.1 * matrix)
      add(r + i, r - 1, a * earlier.2 * matrix)
    }
  }

  /// Solves for the step; returns the decrease of the value to first order, its product with the downward gradient.
  mutating func solve() -> Double {
    let width = Self.width
    let target = right
    for row in 0..<order {
      let first = max(0, row - width + 1)
      for column in first...row {
        var value = band[row * width + width - 1 - (row - column)]
        for k in max(first, column - width + 1)..<max(column, first) {
          value -=
            band[row * width + width - 1 - (row - k)]
            * band[column * width + width - 1 - (column - k)]
        }
        if column < row {
          band[row * width + width - 1 - (row - column)] = value / band[column * width + width - 1]
        } else {
          band[row * width + width - 1] = max(value, .leastNormalMagnitude).squareRoot()
        }
      }
      var value = right[row]
      for k in first..<row { value -= band[row * width + width - 1 - (row - k)] * right[k] }
      right[row] = value / band[row * width + width - 1]
    }
    for row in stride(from: order - 1, through: 0, by: -1) {
      var value = right[row]
      for k in (row + 1)..<max(min(order, row + width), row + 1) {
        value -= band[k * width + width - 1 - (k - row)] * right[k]
      }
      right[row] = value / band[row * width + width - 1]
    }
    return zip(right, target).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The solution of a block.
  func step(_ block: Int) -> (Double, Double, Double) {
    (right[3 * block], right[3 * block + 1], right[3 * block + 2])
  }
}
