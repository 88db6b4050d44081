// Which conditions the present point violates, and the set changes that mend them.

extension ActiveSetMethod {
  /// Set changes with the size of what they mend.
  struct Flips: Sendable {
    var targets: [Int]
    var sides: [Int8]
    /// For a variable to be freed: the decrease of the objective that it promises alone.
    var gains: [Double]
    /// Room to select the largest gains.
    var selection: [Double]
    var count = 0
    var freed = 0

    init(capacity: Int) {
      targets = [Int](repeating: 0, count: capacity)
      sides = [Int8](repeating: 0, count: capacity)
      gains = [Double](repeating: 0, count: capacity)
      selection = gains
    }

    mutating func clear() {
      count = 0
      freed = 0
    }

    mutating func append(_ target: Int, side: Int8, gain: Double = 0) {
      guard count < targets.count else { return }
      targets[count] = target
      sides[count] = side
      gains[count] = gain
      count += 1
    }
  }

  /// Looks at the conditions of the variables; what is violated by rounding only is put right on the spot.
  mutating func findViolations() {
    flips.clear()
    let largest = largestMagnitude()
    let total = weightedSize()
    // Held here, the arrays are not looked up again for every variable.
    let (sides, gradient, curvature) = (side, gradient, program.curvature)
    let (lower, upper, linear) = (program.lower, program.upper, program.linear)
    for i in x.indices {
      if sides[i] == 0 {
        examineFree(i, largest)
      } else if lower[i] < upper[i] {
        let wrong = sides[i] < 0 ? -gradient[i] : gradient[i]
        if wrong <= 0 { continue }
        let size = deviations[i] * total + linear[i].magnitude
        if wrong <= 10 * Self.tolerance * size { continue }
        flips.append(i, side: 0, gain: wrong * wrong / curvature[i])
        flips.freed += 1
      }
    }
    for k in rowSide.indices where rowSide[k] != 0 { examineStarved(k, largest) }
  }

  mutating func examineFree(_ i: Int, _ largest: Double) {
    let slack = Self.tolerance
    if x[i] < program.lower[i] {
      if program.lower[i] - x[i] > slack * (largest + program.lower[i].magnitude) {
        flips.append(i, side: -1)
      } else {
        x[i] = program.lower[i]
      }
    } else if x[i] > program.upper[i] {
      if x[i] - program.upper[i] > slack * (largest + program.upper[i].magnitude) {
        flips.append(i, side: 1)
      } else {
        x[i] = program.upper[i]
      }
    } else if x[i] - program.lower[i] <= 0.5 * Double.ulpOfOne * largest {
      x[i] = program.lower[i]
    } else if program.upper[i] - x[i] <= 0.5 * Double.ulpOfOne * largest {
      x[i] = program.upper[i]
    }
  }

  /// An active row without a free variable that does not hold frees the cheapest ones that can mend
  /// it.
  mutating func examineStarved(_ k: Int, _ largest: Double) {
    let entries = program.rowStarts[k]..<program.rowStarts[k + 1]
    for e in entries where side[program.rowIndices[e]] == 0 { return }
    let value = program.rowValue(k, x)
    let slack = Self.tolerance * (program.rowSize(k, x) + largest)
    let isLow = value < program.rowLower[k] - slack
    guard isLow || value > program.rowUpper[k] + slack else { return }
    var chosen = -1
    for _ in 0..<Self.starvedGrowth {
      var best = (cost: Double.infinity, index: -1)
      for e in entries {
        let i = program.rowIndices[e]
        guard program.lower[i] < program.upper[i], i != chosen else { continue }
        // It helps to raise a x in a row that is too low.
        let rises = (program.rowCoefficients[e] > 0) == isLow
        guard side[i] == (rises ? -1 : 1) else { continue }
        let slope = rises ? gradient[i] : -gradient[i]
        let cost = slope / program.rowCoefficients[e].magnitude
        if cost < best.cost { best = (cost, i) }
      }
      guard best.index >= 0 else { return }
      chosen = best.index
      flips.append(chosen, side: 0, gain: .infinity)
      flips.freed += 1
    }
  }

  /// Whether a row of fixed variables alone is missed, by more than a certificate forgives; it is kept
  /// as the ray.
  mutating func hasContradictionOfFixed() -> Bool {
    for k in rowRay.indices {
      var isFixed = true
      for e in program.rowStarts[k]..<program.rowStarts[k + 1] {
        let i = program.rowIndices[e]
        if program.lower[i] < program.upper[i] { isFixed = false }
      }
      if !isFixed { continue }
      let value = program.rowValue(k, x)
      let bound = value < program.rowLower[k] ? program.rowLower[k] : program.rowUpper[k]
      let amount = max(program.rowLower[k] - value, value - program.rowUpper[k])
      let size = program.rowSize(k, x) + bound.magnitude
      guard amount > Certificate.optimalTolerances.primal * size else { continue }
      for other in rowRay.indices { rowRay[other] = 0 }
      rowRay[k] = value < program.rowLower[k] ? 1 : -1
      hasRay = true
      return true
    }
    return false
  }

  /// Takes the dual values of active inequalities that no free variable can bring to their bounds, and
  /// that are inside: nothing else would.
  mutating func releaseStarvedRows() {
    for k in rowSide.indices where rowSide[k] == 1 || rowSide[k] == -1 {
      let entries = program.rowStarts[k]..<program.rowStarts[k + 1]
      var isStarved = true
      for e in entries where side[program.rowIndices[e]] == 0 { isStarved = false }
      if !isStarved { continue }
      let value = program.rowValue(k, x)
      let distance = rowSide[k] < 0 ? value - program.rowLower[k] : program.rowUpper[k] - value
      guard distance > Self.tolerance * program.rowSize(k, x) else { continue }
      rowSide[k] = 0
      addRow(k, times: rowDuals[k])
      rowDuals[k] = 0
    }
  }

  /// Changes the sets: all that left their limits, and the most promising of the freed.
  mutating func apply() {
    for i in changes.indices { changes[i] = 0 }
    var free = 0
    for i in side.indices where side[i] == 0 { free += 1 }
    let allowed = max(Self.leastGrowth, Int(Self.growthRate * Double(free)))
    var least = -Double.infinity
    if flips.freed > allowed { least = leastSelectedGain(allowed) }
    for f in 0..<flips.count where flips.sides[f] != 0 || flips.gains[f] >= least { flip(f) }
    addProductOfChanges()
  }

  private mutating func flip(_ f: Int) {
    let target = flips.targets[f]
    side[target] = flips.sides[f]
    if flips.sides[f] == 0 { return }
    let bound = flips.sides[f] < 0 ? program.lower[target] : program.upper[target]
    changes[target] = bound - x[target]
    x[target] = bound
  }

  /// The gain of the last of the `count` most promising freed variables, by Hoare's selection.
  mutating func leastSelectedGain(_ count: Int) -> Double {
    var length = 0
    for f in 0..<flips.count where flips.sides[f] == 0 {
      flips.selection[length] = flips.gains[f]
      length += 1
    }
    var low = 0
    var high = length - 1
    let wanted = min(count, length) - 1
    while low < high {
      let pivot = flips.selection[low + (high - low) / 2]
      var i = low
      var j = high
      while i <= j {
        while flips.selection[i] > pivot { i += 1 }
        while flips.selection[j] < pivot { j -= 1 }
        if i <= j {
          flips.selection.swapAt(i, j)
          i += 1
          j -= 1
        }
      }
      if wanted <= j { high = j } else if wanted >= i { low = i } else { break }
    }
    return wanted >= 0 ? flips.selection[wanted] : -.infinity
  }
}
