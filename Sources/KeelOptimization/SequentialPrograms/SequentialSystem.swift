import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) O(T n³), nothing of the order T n; (2) one Cholesky factor and its inverse a step, of the order of the
// variables that may move.
//
// The matrix has the blocks P(t) + D(t) + E(t) + E(t + 1) on its diagonal and −E(t) beside it, E diagonal: the
// weights of changes. Elimination from the last step to the first (the Riccati recursion, Wang and Boyd, IEEE Trans.
// Control Syst. Technol. 18, 2010) needs of each step the matrix K that gives its variables from a gradient under its
// equations A w = r:
//
//   S(t) = P + D + E(t) + E(t + 1) − E(t + 1) K(t + 1) E(t + 1),   K = S⁻¹ − S⁻¹A'(A S⁻¹A')⁻¹A S⁻¹
//
// Plans trade early: of two systems that differ in their first steps only these are eliminated again.

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

    /// Whether the parts of a step are the same.
    func isEqual(to other: Weights, variables: Range<Int>, rows: Range<Int>) -> Bool {
      for j in variables
      where isHeld[j] != other.isHeld[j] || changes[j] != other.changes[j]
        || diagonal[j] != other.diagonal[j]
      {
        return false
      }
      return rows.allSatisfy {
        isEquation[$0] == other.isEquation[$0] && self.rows[$0] == other.rows[$0]
      }
    }

    mutating func copy(_ other: Weights) {
      diagonal.copyElements(of: other.diagonal)
      changes.copyElements(of: other.changes)
      rows.copyElements(of: other.rows)
      isEquation.copyElements(of: other.isEquation)
      isHeld.copyElements(of: other.isHeld)
    }

    /// Holds the variables that are on a side.
    mutating func setHeld(_ sides: [Int]) {
      var target = isHeld.mutableSpan
      for j in sides.indices { target[j] = sides[j] != 0 }
    }
  }

  /// A part of the diagonal that is added to it, beside rounding.
  private static let shift = 1e-15
  /// The same for the matrix of the equations, which may depend on each other.
  private static let equationShift = 1e-9

  private let model: SequentialModel
  /// What the matrix has beside P; read by the next elimination and by the solutions after it.
  var weights = Weights()
  /// The weights of the last elimination; the steps from this one on have its K.
  private var known = Weights()
  private var firstKnown: Int

  // Each step has its part of these arrays: from where its variables begin, from where its rows begin, or from where
  // its square or panel begins.

  /// The variables that may move, their number in each step, and that of linked ones among them.
  private var free: [Int]
  private var freeCounts: [Int]
  private var linkedCounts: [Int]
  /// Where each variable stands among the free ones of its step; −1 for one that is held.
  private var places: [Int]
  /// K, both triangles.
  private var inverse: [Double] = []
  private var squares: [Int]
  /// The rows that are equations, and their number in each step.
  private var equations: [Int]
  private var equationCounts: [Int]
  /// S⁻¹A', and the inverse of A S⁻¹A', both triangles.
  private var images: [Double] = []
  private var panels: [Int]
  private var prices: [Double] = []
  private var priceSquares: [Int]
  /// The gradient that reached the step, and what it makes of the variables.
  private var gradient: [Double]
  private var response: [Double]

  private var working = WorkingCholesky()
  private var matrix: [Double] = []
  /// One number a variable of a step that may move.
  private var factors: [Double] = []
  /// 0, 1, … for products with whole squares.
  private let columns: [Int]
  /// The entries of one row.
  private var rowPlaces: [Int] = []
  private var rowCoefficients: [Double] = []
  /// The rows of equations, and A S⁻¹A'.
  private var coefficients: [Double] = []
  private var gram: [Double] = []

  init(_ model: SequentialModel) {
    self.model = model
    let steps = [Int](repeating: 0, count: model.stepCount)
    (freeCounts, linkedCounts, equationCounts) = (steps, steps, steps)
    firstKnown = model.stepCount
    squares = [Int](repeating: 0, count: model.stepCount + 1)
    (panels, priceSquares) = (squares, squares)
    free = [Int](repeating: 0, count: model.count)
    places = [Int](repeating: -1, count: model.count)
    gradient = [Double](repeating: 0, count: model.count)
    response = gradient
    equations = [Int](repeating: 0, count: model.rows.count)
    columns = Array(0..<(0..<model.stepCount).reduce(0) { max($0, model.variables($1).count) })
  }

  /// Eliminates step before step.
  ///
  /// - Returns: False when a block is not positive definite.
  mutating func factor() -> Bool {
    firstKnown = firstEqual()
    known.copy(weights)
    for t in (0..<firstKnown).reversed() {
      findFree(t)
      setMatrix(t)
      if t + 1 < model.stepCount { subtractCoupling(t) }
      addRows(t)
      guard invert(t), eliminateEquations(t) else { return false }
      firstKnown = t
    }
    return true
  }

  /// The first of the steps at the end whose weights are those of the last elimination.
  private func firstEqual() -> Int {
    (firstKnown..<model.stepCount).last {
      !known.isEqual(to: weights, variables: model.variables($0), rows: model.rowRange($0))
    }.map { $0 + 1 } ?? firstKnown
  }

  private mutating func findFree(_ t: Int) {
    let (first, end) = (model.offsets[t], model.offsets[t + 1])
    let firstOwn = first + model.linkCount
    let isHeld = weights.isHeld
    var (count, linkedCount) = (0, 0)
    var positions = places.mutableSpan
    for j in first..<end {
      if j == firstOwn { linkedCount = count }
      positions[j] = isHeld[j] ? -1 : count
      if !isHeld[j] { count += 1 }
    }
    freeCounts[t] = count
    linkedCounts[t] = end == firstOwn ? count : linkedCount
    var place = first
    var variables = free.mutableSpan
    for j in first..<end where !isHeld[j] {
      variables[place] = j
      place += 1
    }
  }

  /// P + D + E(t) + E(t + 1) over the free variables, the lower triangle.
  private mutating func setMatrix(_ t: Int) {
    let (offset, k) = (model.offsets[t], freeCounts[t])
    let n = model.offsets[t + 1] - offset
    matrix.resize(k * k)
    let next = t + 1 < model.stepCount ? model.offsets[t + 1] : -1
    let linked = next >= 0 ? linkedCounts[t] : 0
    let (elements, positions) = (model.matrices[t], free)
    let (diagonal, changes) = (weights.diagonal, weights.changes)
    var target = matrix.mutableSpan
    for q in 0..<k {
      let j = positions[offset &+ q]
      let column = (j &- offset) &* n
      for p in q..<k {
        target[p &+ q &* k] = elements[positions[offset &+ p] &- offset &+ column]
      }
      target[q &* (k &+ 1)] += diagonal[j] + changes[j]
      if q < linked { target[q &* (k &+ 1)] += changes[next &+ (j &- offset)] }
    }
  }

  /// Subtracts E K E of the next step.
  private mutating func subtractCoupling(_ t: Int) {
    let (offset, k, count) = (model.offsets[t], freeCounts[t], linkedCounts[t])
    let (after, square) = (freeCounts[t + 1], squares[t + 1])
    let shift = model.offsets[t + 1] - offset
    rowPlaces.removeAll(keepingCapacity: true)
    factors.removeAll(keepingCapacity: true)
    for q in 0..<count {
      let j = free[offset + q]
      rowPlaces.append(places[j + shift])
      factors.append(weights.changes[j + shift])
    }
    let (inverse, place, factor) = (inverse, rowPlaces, factors)
    var target = matrix.mutableSpan
    for q in 0..<count where place[q] >= 0 && factor[q] != 0 {
      let column = square &+ place[q] &* after
      for p in q..<count where place[p] >= 0 {
        target[p &+ q &* k] -= factor[p] * inverse[place[p] &+ column] * factor[q]
      }
    }
  }

  /// Lists the equations, and adds the squares of rows: weights of inequalities; those of equations only lend
  /// curvature.
  private mutating func addRows(_ t: Int) {
    let (k, firstRow) = (freeCounts[t], model.rowOffsets[t])
    equationCounts[t] = 0
    coefficients.removeAll(keepingCapacity: true)
    var scale = 0.0
    for q in 0..<k { scale += matrix[q * (k + 1)] }
    for r in model.rowRange(t) {
      var weight = weights.rows[r]
      if !weights.isEquation[r], weight <= 0 { continue }
      let square = gather(r)
      if weights.isEquation[r] {
        weight = square > 0 && k > 0 ? scale / (Double(k) * square) : 0
        equations[firstRow + equationCounts[t]] = r
        equationCounts[t] += 1
        let column = coefficients.count
        coefficients.reach(column + k)
        for e in rowPlaces.indices { coefficients[column + rowPlaces[e]] = rowCoefficients[e] }
      }
      let (place, coefficient) = (rowPlaces, rowCoefficients)
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
    let (indices, coefficients) = (model.rows.indices, model.rows.coefficients)
    var square = 0.0
    for e in model.rows.entries(r) {
      square += coefficients[e] * coefficients[e]
      let place = places[indices[e]]
      if place < 0 { continue }
      rowPlaces.append(place)
      rowCoefficients.append(coefficients[e])
    }
    return square
  }

  private mutating func invert(_ t: Int) -> Bool {
    let (k, after) = (freeCounts[t], t + 1 < model.stepCount ? freeCounts[t + 1] : 0)
    let start = squares[t + 1] + after * after
    squares[t] = start
    inverse.reach(start + k * k)
    if k == 0 { return true }
    let elements = matrix
    guard working.factor(elements.span, order: k, relativeShift: Self.shift) else { return false }
    return Self.setInverse(working, &inverse, from: start)
  }

  /// Sets both triangles of an inverse in a part of an array.
  private static func setInverse(
    _ factor: borrowing WorkingCholesky,
    _ elements: inout [Double],
    from start: Int
  ) -> Bool {
    let n = factor.order
    var all = elements.mutableSpan
    var square = all._mutatingExtracting(start..<start &+ n &* n)
    guard factor.setInverse(&square) else { return false }
    for j in 0..<n { for i in j..<n { square[j &+ i &* n] = square[i &+ j &* n] } }
    return true
  }

  /// S⁻¹A', the inverse of A S⁻¹A', and K.
  private mutating func eliminateEquations(_ t: Int) -> Bool {
    let (k, m) = (freeCounts[t], equationCounts[t])
    if t + 1 < model.stepCount {
      let others = equationCounts[t + 1]
      panels[t] = panels[t + 1] + freeCounts[t + 1] * others
      priceSquares[t] = priceSquares[t + 1] + others * others
    }
    images.reach(panels[t] + k * m)
    prices.reach(priceSquares[t] + m * m)
    if m == 0 { return true }
    setImages(t)
    setGram(t)
    let elements = gram
    guard working.factor(elements.span, order: m, relativeShift: Self.equationShift),
      Self.setInverse(working, &prices, from: priceSquares[t])
    else { return false }
    projectInverse(t)
    return true
  }

  /// S⁻¹A'.
  private mutating func setImages(_ t: Int) {
    let (k, m, panel, square) = (freeCounts[t], equationCounts[t], panels[t], squares[t])
    let (rows, inverse) = (coefficients, inverse)
    var target = images.mutableSpan
    for q in 0..<m {
      for i in 0..<k { target[panel &+ i &+ q &* k] = 0 }
      for j in 0..<k where rows[j &+ q &* k] != 0 {
        let factor = rows[j &+ q &* k]
        for i in 0..<k {
          target[panel &+ i &+ q &* k] += factor * inverse[square &+ i &+ j &* k]
        }
      }
    }
  }

  /// A S⁻¹A'.
  private mutating func setGram(_ t: Int) {
    let (k, m, panel) = (freeCounts[t], equationCounts[t], panels[t])
    gram.resize(m * m)
    let (rows, images) = (coefficients, images)
    for q in 0..<m {
      for p in 0..<m {
        var sum = 0.0
        for i in 0..<k { sum += rows[i &+ p &* k] * images[panel &+ i &+ q &* k] }
        gram[p + q * m] = sum
      }
    }
  }

  /// K = S⁻¹ − S⁻¹A'(A S⁻¹A')⁻¹A S⁻¹.
  private mutating func projectInverse(_ t: Int) {
    let (k, m, panel, square) = (freeCounts[t], equationCounts[t], panels[t], squares[t])
    let (images, prices, firstPrice) = (images, prices, priceSquares[t])
    var target = inverse.mutableSpan
    for q in 0..<m {
      for p in 0..<m {
        let price = prices[firstPrice + p + q * m]
        for j in 0..<k {
          let factor = price * images[panel &+ j &+ q &* k]
          let column = square &+ j &* k
          for i in 0..<k { target[column &+ i] -= images[panel &+ i &+ p &* k] * factor }
        }
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
    for t in 0..<model.stepCount {
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
  ///   - source: The right-hand side.
  ///   - values: What each row is to change by; only those of equations are read.
  ///   - variables: The changes of the variables.
  ///   - duals: What the rows of equations add to the gradient: A'y, zero for other rows.
  mutating func solve(
    _ source: [Double],
    _ values: [Double],
    _ variables: inout [Double],
    _ duals: inout [Double]
  ) {
    variables.refill(model.count, with: 0)
    duals.refill(model.rows.count, with: 0)
    for t in (0..<model.stepCount).reversed() {
      gatherGradient(t, source)
      setResponse(t, values)
    }
    for t in 0..<model.stepCount {
      if t > 0 {
        addEarlier(t, variables)
        setResponse(t, values)
      }
      let offset = model.offsets[t]
      for q in 0..<freeCounts[t] { variables[free[offset + q]] = response[offset + q] }
      setDuals(t, values, &duals)
    }
  }

  /// The gradient of a step over its free variables, and what the next step adds to it.
  private mutating func gatherGradient(_ t: Int, _ source: [Double]) {
    let (offset, count) = (model.offsets[t], freeCounts[t])
    let isLast = t + 1 == model.stepCount
    let (next, linkedCount) = isLast ? (offset, 0) : (model.offsets[t + 1], linkedCounts[t])
    let (free, places, changes, response) = (free, places, weights.changes, response)
    var target = gradient.mutableSpan
    for q in 0..<count { target[offset &+ q] = source[free[offset &+ q]] }
    for q in 0..<linkedCount {
      let j = free[offset &+ q] &- offset &+ next
      let place = places[j]
      if place >= 0 { target[offset &+ q] += changes[j] * response[next &+ place] }
    }
  }

  /// Adds to the gradient of a step what the variables of the one before make of it.
  private mutating func addEarlier(_ t: Int, _ variables: [Double]) {
    let offset = model.offsets[t]
    let shift = offset - model.offsets[t - 1]
    let (free, changes, linkedCount) = (free, weights.changes, linkedCounts[t])
    var target = gradient.mutableSpan
    for q in 0..<linkedCount {
      let j = free[offset &+ q]
      target[offset &+ q] += changes[j] * variables[j &- shift]
    }
  }

  private mutating func setResponse(_ t: Int, _ values: [Double]) {
    let (offset, k, square) = (model.offsets[t], freeCounts[t], squares[t])
    let (m, firstRow, firstPrice) = (equationCounts[t], model.rowOffsets[t], priceSquares[t])
    let (elements, gradient, images, panel) = (inverse, gradient, images, panels[t])
    let (equations, prices, columns) = (equations, prices, columns)
    let inverse = elements.span
    var all = response.mutableSpan
    var result = all._mutatingExtracting(offset..<offset &+ k)
    for i in 0..<k { result[i] = 0 }
    try? Kernels.addColumns(
      of: inverse.extracting(square..<square &+ k &* k), at: columns.span,
      times: gradient.span.extracting(offset..<offset &+ k), count: k, to: &result)
    for q in 0..<m {
      var price = 0.0
      for p in 0..<m {
        price += prices[firstPrice + p + q * m] * values[equations[firstRow + p]]
      }
      if price == 0 { continue }
      for i in 0..<k { result[i] += images[panel &+ q &* k &+ i] * price }
    }
  }

  /// y = (A S⁻¹A')⁻¹ (A S⁻¹ gradient − values).
  private func setDuals(_ t: Int, _ values: [Double], _ duals: inout [Double]) {
    let (offset, k, m) = (model.offsets[t], freeCounts[t], equationCounts[t])
    let (firstRow, firstPrice) = (model.rowOffsets[t], priceSquares[t])
    for p in 0..<m {
      var missing = -values[equations[firstRow + p]]
      let panel = panels[t] &+ p &* k
      for i in 0..<k { missing += images[panel &+ i] * gradient[offset &+ i] }
      for q in 0..<m {
        duals[equations[firstRow + q]] += prices[firstPrice + q + p * m] * missing
      }
    }
  }
}
