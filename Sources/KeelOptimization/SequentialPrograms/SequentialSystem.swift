import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) O(T n³), nothing of the order T n; (2) one Cholesky factor and its inverse a step.
//
// The matrix has the blocks P(t) + D(t) + E(t) + E(t + 1) on its diagonal and −E(t) beside it, E diagonal: the
// weights of changes. Elimination in the order of time (the Riccati recursion, Wang and Boyd, IEEE Trans. Control
// Syst. Technol. 18, 2010) needs of each step the matrix K that gives its variables from a gradient under its
// equations A w = r:
//
//   S(t) = P + D + E(t) + E(t + 1) − E(t) K(t − 1) E(t),   K = S⁻¹ − S⁻¹A'(A S⁻¹A')⁻¹A S⁻¹
//
// Variables that are held are left out of K.

/// The block tridiagonal systems of a sequential program, with equations in each step.
struct SequentialSystem: ~Copyable {
  /// What the matrix of one step has beside P.
  struct Weights {
    /// One number a variable.
    var diagonal: [Double] = []
    /// One number a linked variable: of the change to this step.
    var changes: [Double] = []
    /// One number a row that is no equation now.
    var rows: [Double] = []
    /// Whether a row is an equation now, and whether a variable stays where it is.
    var isEquation: [Bool] = []
    var isHeld: [Bool] = []
  }

  private struct Block {
    /// K, both triangles.
    var inverse: [Double] = []
    /// S⁻¹A', n numbers an equation.
    var images: [Double] = []
    /// The inverse of A S⁻¹A', both triangles.
    var prices: [Double] = []
    var equations: [Int] = []
    /// The gradient that reached the step, and what it makes of the variables.
    var gradient: [Double] = []
    var response: [Double] = []
  }

  /// A part of the diagonal that is added to it, beside rounding.
  private static let shift = 1e-14
  /// The same for the matrix of the equations, which may depend on each other.
  private static let equationShift = 1e-13

  private var matrices: [[Double]] = []
  private var rows: [CoreRows] = []
  private let linkCount: Int
  private var weights: [Weights] = []
  private var blocks: [Block] = []
  private var working = WorkingCholesky()
  private var small = WorkingCholesky()
  private var matrix: [Double] = []

  init(_ matrices: [[Double]], _ rows: [CoreRows], linkCount: Int) {
    self.matrices = matrices
    self.rows = rows
    self.linkCount = linkCount
    blocks = [Block](repeating: Block(), count: matrices.count)
  }

  /// Eliminates step after step.
  ///
  /// - Parameter next: The weights of each step.
  /// - Returns: False when a block is not positive definite.
  mutating func factor(_ next: [Weights]) -> Bool {
    weights = next
    for t in blocks.indices {
      setMatrix(t)
      guard invert(t), eliminateEquations(t) else { return false }
    }
    return true
  }

  private mutating func setMatrix(_ t: Int) {
    matrix = matrices[t]
    let n = weights[t].diagonal.count
    var scale = 0.0
    for i in 0..<n {
      var sum = weights[t].diagonal[i]
      if i < linkCount {
        sum += weights[t].changes[i]
        if t + 1 < weights.count { sum += weights[t + 1].changes[i] }
      }
      matrix[i * (n + 1)] += sum
      scale += matrix[i * (n + 1)]
    }
    if t > 0 { subtractCoupling(t, order: n) }
    for k in 0..<rows[t].count {
      // Equations hold anyway: their square only lends curvature.
      let square = rows[t].entries(k).reduce(0) {
        $0 + rows[t].coefficients[$1] * rows[t].coefficients[$1]
      }
      let weight =
        weights[t].isEquation[k]
        ? (square > 0 ? scale / (Double(n) * square) : 0) : weights[t].rows[k]
      if weight > 0 { rows[t].addOuterProduct(of: k, weight: weight, to: &matrix, order: n) }
    }
    for i in 0..<n where weights[t].isHeld[i] {
      for j in 0..<i { matrix[i + j * n] = 0 }
      for j in i..<n { matrix[j + i * n] = 0 }
      matrix[i * (n + 1)] = 1
    }
  }

  /// Subtracts E K E of the step before.
  private mutating func subtractCoupling(_ t: Int, order n: Int) {
    let before = weights[t - 1].diagonal.count
    let (changes, inverses) = (weights[t].changes, blocks[t - 1].inverse)
    let (change, inverse) = (changes.span, inverses.span)
    let count = linkCount
    var target = matrix.mutableSpan
    for j in 0..<count where change[j] != 0 {
      for i in j..<count {
        target[i &+ j &* n] -= change[i] * inverse[i &+ j &* before] * change[j]
      }
    }
  }

  private mutating func invert(_ t: Int) -> Bool {
    let n = weights[t].diagonal.count
    blocks[t].inverse.refill(n * n, with: 0)
    let elements = matrix
    guard working.factor(elements.span, order: n, relativeShift: Self.shift),
      working.setInverse(&blocks[t].inverse)
    else { return false }
    var inverse = blocks[t].inverse.mutableSpan
    for j in 0..<n {
      for i in (j + 1)..<max(n, j + 1) { inverse[j &+ i &* n] = inverse[i &+ j &* n] }
    }
    for i in 0..<n where weights[t].isHeld[i] { inverse[i &* (n &+ 1)] = 0 }
    return true
  }

  /// S⁻¹A', the inverse of A S⁻¹A', and K.
  private mutating func eliminateEquations(_ t: Int) -> Bool {
    let n = weights[t].diagonal.count
    let equations = weights[t].isEquation.indices.filter { weights[t].isEquation[$0] }
    let m = equations.count
    blocks[t].equations = equations
    blocks[t].images.refill(n * m, with: 0)
    blocks[t].prices.refill(m * m, with: 0)
    if m == 0 { return true }
    for (p, k) in equations.enumerated() {
      var row = [Double](repeating: 0, count: n)
      rows[t].add(k, times: 1, to: &row)
      var image = [Double](repeating: 0, count: n)
      PanelProducts.add(blocks[t].inverse, rowCount: n, columnCount: n, .none, row, to: &image)
      for i in 0..<n { blocks[t].images[i + p * n] = image[i] }
    }
    var gram = [Double](repeating: 0, count: m * m)
    for (p, k) in equations.enumerated() {
      for q in 0..<m { gram[p + q * m] = rows[t].value(k, at: blocks[t].images, from: q * n) }
    }
    guard small.factor(gram.span, order: m, relativeShift: Self.equationShift),
      small.setInverse(&blocks[t].prices)
    else { return false }
    for q in 0..<m {
      for p in 0..<q { blocks[t].prices[p + q * m] = blocks[t].prices[q + p * m] }
    }
    for q in 0..<m {
      for p in 0..<m {
        let price = blocks[t].prices[p + q * m]
        let images = blocks[t].images
        var inverse = blocks[t].inverse.mutableSpan
        for j in 0..<n where images[j + q * n] != 0 {
          let factor = price * images[j + q * n]
          for i in 0..<n { inverse[i &+ j &* n] -= images[i &+ p &* n] * factor }
        }
      }
    }
    return true
  }

  /// Solves for the changes of all variables, and the dual values of equations.
  ///
  /// - Parameters:
  ///   - gradients: The right-hand side of each step.
  ///   - values: What the rows of each step are to change by; only those of equations are read.
  ///   - variables: The changes of the variables.
  ///   - duals: What the rows of equations add to the gradient: A'y, zero for other rows.
  mutating func solve(
    _ gradients: [[Double]],
    _ values: [[Double]],
    _ variables: inout [[Double]],
    _ duals: inout [[Double]]
  ) {
    for t in blocks.indices {
      blocks[t].gradient.copyElements(of: gradients[t])
      if t > 0 {
        for i in 0..<linkCount {
          blocks[t].gradient[i] += weights[t].changes[i] * blocks[t - 1].response[i]
        }
      }
      setResponse(t, values[t])
    }
    for t in blocks.indices.reversed() {
      if t + 1 < blocks.count {
        for i in 0..<linkCount {
          blocks[t].gradient[i] += weights[t + 1].changes[i] * variables[t + 1][i]
        }
        setResponse(t, values[t])
      }
      variables[t].copyElements(of: blocks[t].response)
      setDuals(t, values[t], &duals[t])
    }
  }

  private mutating func setResponse(_ t: Int, _ values: [Double]) {
    let n = weights[t].diagonal.count
    blocks[t].response.refill(n, with: 0)
    PanelProducts.add(
      blocks[t].inverse, rowCount: n, columnCount: n, .none, blocks[t].gradient,
      to: &blocks[t].response)
    let m = blocks[t].equations.count
    for q in 0..<m {
      var price = 0.0
      for p in 0..<m { price += blocks[t].prices[q + p * m] * values[blocks[t].equations[p]] }
      if price == 0 { continue }
      for i in 0..<n { blocks[t].response[i] += blocks[t].images[i + q * n] * price }
    }
  }

  /// y = (A S⁻¹A')⁻¹ (A S⁻¹ gradient − values).
  private func setDuals(_ t: Int, _ values: [Double], _ duals: inout [Double]) {
    let n = weights[t].diagonal.count
    duals.refill(rows[t].count, with: 0)
    let m = blocks[t].equations.count
    var missing = [Double](repeating: 0, count: m)
    for p in 0..<m {
      for i in 0..<n { missing[p] += blocks[t].images[i + p * n] * blocks[t].gradient[i] }
      missing[p] -= values[blocks[t].equations[p]]
    }
    for q in 0..<m {
      for p in 0..<m {
        duals[blocks[t].equations[q]] += blocks[t].prices[q + p * m] * missing[p]
      }
    }
  }
}
