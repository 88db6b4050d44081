import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) O(T n³), nothing of the order T n; (2) one Cholesky factor and its inverse a step, of the order of the
// variables that may move.
//
// The matrix has the blocks P(t) + D(t) + E(t) + E(t + 1) on its diagonal and −E(t) beside it, E diagonal: the
// weights of changes. Elimination in the order of time (the Riccati recursion, Wang and Boyd, IEEE Trans. Control
// Syst. Technol. 18, 2010) needs of each step the matrix K that gives its variables from a gradient under its
// equations A w = r:
//
//   S(t) = P + D + E(t) + E(t + 1) − E(t) K(t − 1) E(t),   K = S⁻¹ − S⁻¹A'(A S⁻¹A')⁻¹A S⁻¹

/// The block tridiagonal systems of a sequential program, with equations in each step.
struct SequentialSystem: ~Copyable {
  /// What the matrix has beside P.
  struct Weights {
    /// One number a variable, and one for the change to it.
    var diagonal: [Double] = []
    var changes: [Double] = []
    /// One number a row that is no equation now.
    var rows: [Double] = []
    /// Whether a row is an equation now, and whether a variable stays where it is.
    var isEquation: [Bool] = []
    var isHeld: [Bool] = []
  }

  private struct Block {
    /// The variables that may move, and the number of linked ones among them.
    var free: [Int] = []
    var linkedCount = 0
    /// K, both triangles.
    var inverse: [Double] = []
    var equations: [Int] = []
    /// A, S⁻¹A', and the inverse of A S⁻¹A', both triangles.
    var coefficients: [Double] = []
    var images: [Double] = []
    var prices: [Double] = []
    /// The gradient that reached the step, and what it makes of the variables.
    var gradient: [Double] = []
    var response: [Double] = []
  }

  /// A part of the diagonal that is added to it, beside rounding.
  private static let shift = 1e-15
  /// The same for the matrix of the equations, which may depend on each other.
  private static let equationShift = 1e-9

  private let model: SequentialModel
  private var weights = Weights()
  private var blocks: [Block]
  /// Where each variable stands among the free ones of its step; −1 for one that is held.
  private var places: [Int]
  private var working = WorkingCholesky()
  private var matrix: [Double] = []
  /// One number a variable of a step that may move.
  private var factors: [Double] = []
  /// The entries of one row.
  private var rowPlaces: [Int] = []
  private var rowCoefficients: [Double] = []
  /// A row, what it makes of the variables, and A S⁻¹A'.
  private var row: [Double] = []
  private var image: [Double] = []
  private var gram: [Double] = []

  init(_ model: SequentialModel) {
    self.model = model
    blocks = [Block](repeating: Block(), count: model.stepCount)
    places = [Int](repeating: -1, count: model.count)
  }

  /// Eliminates step after step.
  ///
  /// - Parameter next: The weights.
  /// - Returns: False when a block is not positive definite.
  mutating func factor(_ next: Weights) -> Bool {
    weights = next
    for t in blocks.indices {
      findFree(t)
      setMatrix(t)
      if t > 0 { subtractCoupling(t) }
      addRows(t)
      guard invert(t), eliminateEquations(t) else { return false }
    }
    return true
  }

  private mutating func findFree(_ t: Int) {
    let range = model.variables(t)
    blocks[t].free.removeAll(keepingCapacity: true)
    for j in range {
      if j - range.lowerBound == model.linkCount { blocks[t].linkedCount = blocks[t].free.count }
      places[j] = weights.isHeld[j] ? -1 : blocks[t].free.count
      if !weights.isHeld[j] { blocks[t].free.append(j) }
    }
    if range.count == model.linkCount { blocks[t].linkedCount = blocks[t].free.count }
  }

  /// P + D + E(t) + E(t + 1) over the free variables, the lower triangle.
  private mutating func setMatrix(_ t: Int) {
    let free = blocks[t].free
    let offset = model.offsets[t]
    let n = model.offsets[t + 1] - offset
    let k = free.count
    matrix.refill(k * k, with: 0)
    let (source, linked) = (model.matrices[t], blocks[t].linkedCount)
    let next = t + 1 < blocks.count ? model.offsets[t + 1] : -1
    factors.removeAll(keepingCapacity: true)
    for (q, j) in free.enumerated() {
      var sum = weights.diagonal[j] + weights.changes[j]
      if next >= 0, q < linked { sum += weights.changes[next + (j - offset)] }
      factors.append(sum)
    }
    let factors = factors
    let diagonal = factors.span
    let elements = source.span
    let positions = free.span
    var target = matrix.mutableSpan
    for q in 0..<k {
      let column = (positions[q] &- offset) &* n
      for p in q..<k { target[p &+ q &* k] = elements[positions[p] &- offset &+ column] }
      target[q &* (k &+ 1)] += diagonal[q]
    }
  }

  /// Subtracts E K E of the step before.
  private mutating func subtractCoupling(_ t: Int) {
    let (k, before) = (blocks[t].free.count, blocks[t - 1].free.count)
    let count = blocks[t].linkedCount
    let shift = model.offsets[t] - model.offsets[t - 1]
    rowPlaces.removeAll(keepingCapacity: true)
    factors.removeAll(keepingCapacity: true)
    for q in 0..<count {
      let j = blocks[t].free[q]
      rowPlaces.append(places[j - shift])
      factors.append(weights.changes[j])
    }
    let (from, factors, inverses) = (rowPlaces, factors, blocks[t - 1].inverse)
    let inverse = inverses.span
    let (place, factor) = (from.span, factors.span)
    var target = matrix.mutableSpan
    for q in 0..<count where place[q] >= 0 && factor[q] != 0 {
      let column = place[q] &* before
      for p in q..<count where place[p] >= 0 {
        target[p &+ q &* k] -= factor[p] * inverse[place[p] &+ column] * factor[q]
      }
    }
  }

  /// Adds the squares of rows: weights of inequalities; those of equations only lend curvature.
  private mutating func addRows(_ t: Int) {
    let k = blocks[t].free.count
    var scale = 0.0
    for q in 0..<k { scale += matrix[q * (k + 1)] }
    for r in model.rowRange(t) {
      var weight = weights.rows[r]
      if !weights.isEquation[r], weight <= 0 { continue }
      let square = gather(r)
      if weights.isEquation[r] {
        weight = square > 0 && k > 0 ? scale / (Double(k) * square) : 0
      }
      let (rowPlaces, rowCoefficients) = (rowPlaces, rowCoefficients)
      let (place, coefficient) = (rowPlaces.span, rowCoefficients.span)
      var target = matrix.mutableSpan
      for e in place.indices {
        let column = place[e] &* k
        let factor = weight * coefficient[e]
        for f in e..<place.count { target[place[f] &+ column] += factor * coefficient[f] }
      }
    }
  }

  /// Lists the entries of a row at variables that may move; returns the sum of the squares of all.
  private mutating func gather(_ r: Int) -> Double {
    rowPlaces.removeAll(keepingCapacity: true)
    rowCoefficients.removeAll(keepingCapacity: true)
    var square = 0.0
    for e in model.rows.entries(r) {
      let coefficient = model.rows.coefficients[e]
      square += coefficient * coefficient
      let place = places[model.rows.indices[e]]
      if place < 0 { continue }
      rowPlaces.append(place)
      rowCoefficients.append(coefficient)
    }
    return square
  }

  private mutating func invert(_ t: Int) -> Bool {
    let k = blocks[t].free.count
    blocks[t].inverse.refill(k * k, with: 0)
    if k == 0 { return true }
    let elements = matrix
    guard working.factor(elements.span, order: k, relativeShift: Self.shift),
      working.setInverse(&blocks[t].inverse)
    else { return false }
    Self.mirror(&blocks[t].inverse, order: k)
    return true
  }

  private static func mirror(_ elements: inout [Double], order n: Int) {
    var elements = elements.mutableSpan
    for j in 0..<n { for i in j..<n { elements[j &+ i &* n] = elements[i &+ j &* n] } }
  }

  /// S⁻¹A', the inverse of A S⁻¹A', and K.
  private mutating func eliminateEquations(_ t: Int) -> Bool {
    let k = blocks[t].free.count
    blocks[t].equations.removeAll(keepingCapacity: true)
    for r in model.rowRange(t) where weights.isEquation[r] { blocks[t].equations.append(r) }
    let m = blocks[t].equations.count
    blocks[t].coefficients.refill(k * m, with: 0)
    blocks[t].images.refill(k * m, with: 0)
    blocks[t].prices.refill(m * m, with: 0)
    if m == 0 { return true }
    for q in 0..<m {
      _ = gather(blocks[t].equations[q])
      row.refill(k, with: 0)
      image.refill(k, with: 0)
      for (place, coefficient) in zip(rowPlaces, rowCoefficients) {
        row[place] = coefficient
        blocks[t].coefficients[place + q * k] = coefficient
      }
      PanelProducts.add(blocks[t].inverse, rowCount: k, columnCount: k, .none, row, to: &image)
      for i in 0..<k { blocks[t].images[i + q * k] = image[i] }
    }
    let (rows, columns) = (blocks[t].coefficients, blocks[t].images)
    setGram(rows.span, columns.span, count: m, length: k)
    let elements = gram
    guard working.factor(elements.span, order: m, relativeShift: Self.equationShift),
      working.setInverse(&blocks[t].prices)
    else { return false }
    Self.mirror(&blocks[t].prices, order: m)
    let (images, prices) = (blocks[t].images, blocks[t].prices)
    let image = images.span
    var inverse = blocks[t].inverse.mutableSpan
    for q in 0..<m {
      for p in 0..<m {
        for j in 0..<k {
          let factor = prices[p + q * m] * image[j &+ q &* k]
          for i in 0..<k { inverse[i &+ j &* k] -= image[i &+ p &* k] * factor }
        }
      }
    }
    return true
  }

  private mutating func setGram(
    _ coefficients: Span<Double>,
    _ images: Span<Double>,
    count: Int,
    length: Int
  ) {
    gram.refill(count * count, with: 0)
    for q in 0..<count {
      for p in 0..<count {
        var sum = 0.0
        for i in 0..<length { sum += coefficients[i &+ p &* length] * images[i &+ q &* length] }
        gram[p + q * count] = sum
      }
    }
  }
}

// MARK: - Solution

extension SequentialSystem {
  /// Solves, and once more for what the solution leaves.
  mutating func solveTwice(
    _ gradient: [Double],
    _ values: [Double],
    _ variables: inout [Double],
    _ duals: inout [Double]
  ) {
    solve(gradient, values, &variables, &duals)
    var (left, missing) = (gradient, values)
    subtractProduct(variables, duals, from: &left)
    for k in missing.indices where weights.isEquation[k] {
      missing[k] -= model.rows.value(k, at: variables)
    }
    var (change, changeOfDuals): ([Double], [Double]) = ([], [])
    solve(left, missing, &change, &changeOfDuals)
    for j in variables.indices { variables[j] += change[j] }
    for k in duals.indices { duals[k] += changeOfDuals[k] }
  }

  /// Subtracts the whole matrix times a solution, but the squares of equations, which hold.
  private func subtractProduct(
    _ variables: [Double],
    _ duals: [Double],
    from result: inout [Double]
  ) {
    for t in blocks.indices {
      let range = model.variables(t)
      let n = range.count
      var product = [Double](repeating: 0, count: n)
      PanelProducts.add(
        model.matrices[t], rowCount: n, columnCount: n, .none, Array(variables[range]),
        to: &product)
      for i in 0..<n {
        let j = range.lowerBound + i
        result[j] -= product[i] + weights.diagonal[j] * variables[j]
        if weights.changes[j] == 0 { continue }
        let before = t > 0 ? model.offsets[t - 1] + i : -1
        let pull = weights.changes[j] * (variables[j] - (before >= 0 ? variables[before] : 0))
        result[j] -= pull
        if before >= 0 { result[before] += pull }
      }
    }
    for k in 0..<model.rows.count {
      let slope = weights.rows[k] == 0 ? 0 : weights.rows[k] * model.rows.value(k, at: variables)
      let price = weights.isEquation[k] ? duals[k] : slope
      if price != 0 { model.rows.add(k, times: -price, to: &result) }
    }
  }

  /// Solves for the changes of all variables, and the dual values of equations.
  ///
  /// - Parameters:
  ///   - gradient: The right-hand side.
  ///   - values: What each row is to change by; only those of equations are read.
  ///   - variables: The changes of the variables.
  ///   - duals: What the rows of equations add to the gradient: A'y, zero for other rows.
  mutating func solve(
    _ gradient: [Double],
    _ values: [Double],
    _ variables: inout [Double],
    _ duals: inout [Double]
  ) {
    variables.refill(model.count, with: 0)
    duals.refill(model.rows.count, with: 0)
    for t in blocks.indices {
      blocks[t].gradient.removeAll(keepingCapacity: true)
      for j in blocks[t].free { blocks[t].gradient.append(gradient[j]) }
      if t > 0 {
        let shift = model.offsets[t] - model.offsets[t - 1]
        for q in 0..<blocks[t].linkedCount {
          let j = blocks[t].free[q]
          let place = places[j - shift]
          if place >= 0 {
            blocks[t].gradient[q] += weights.changes[j] * blocks[t - 1].response[place]
          }
        }
      }
      setResponse(t, values)
    }
    for t in blocks.indices.reversed() {
      if t + 1 < blocks.count {
        let shift = model.offsets[t + 1] - model.offsets[t]
        for q in 0..<blocks[t].linkedCount {
          let next = blocks[t].free[q] + shift
          blocks[t].gradient[q] += weights.changes[next] * variables[next]
        }
        setResponse(t, values)
      }
      for q in blocks[t].free.indices { variables[blocks[t].free[q]] = blocks[t].response[q] }
      setDuals(t, values, &duals)
    }
  }

  private mutating func setResponse(_ t: Int, _ values: [Double]) {
    let k = blocks[t].free.count
    blocks[t].response.refill(k, with: 0)
    PanelProducts.add(
      blocks[t].inverse, rowCount: k, columnCount: k, .none, blocks[t].gradient,
      to: &blocks[t].response)
    let m = blocks[t].equations.count
    for q in 0..<m {
      var price = 0.0
      for p in 0..<m { price += blocks[t].prices[q + p * m] * values[blocks[t].equations[p]] }
      if price == 0 { continue }
      for i in 0..<k { blocks[t].response[i] += blocks[t].images[i + q * k] * price }
    }
  }

  /// y = (A S⁻¹A')⁻¹ (A S⁻¹ gradient − values).
  private func setDuals(_ t: Int, _ values: [Double], _ duals: inout [Double]) {
    let k = blocks[t].free.count
    let m = blocks[t].equations.count
    for p in 0..<m {
      var missing = -values[blocks[t].equations[p]]
      for i in 0..<k { missing += blocks[t].images[i + p * k] * blocks[t].gradient[i] }
      for q in 0..<m { duals[blocks[t].equations[q]] += blocks[t].prices[q + p * m] * missing }
    }
  }
}
