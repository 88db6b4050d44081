// Goals: (1) the first minimum of the model along the projected gradient path, exactly; (2) O(n) and
// a heap of break points instead of a sort.
//
// Algorithm CP and the direct primal method of Byrd, Lu, Nocedal and Zhu (1995), sections 4 and 5.1.
// Ties of break points are broken by the index of the parameter.

/// The generalized Cauchy point, and the model's minimizer over the parameters free there.
struct CauchyPoint: ~Copyable, Sendable {
  /// The point.
  private(set) var point: [Double]
  private var isFree: [Bool]
  private var freeCount = 0
  private var limits: [Double]
  private var path: [Double]
  private var heap: [Int]
  private var heapCount = 0
  private var p: [Double]
  private var c: [Double]
  private var w: [Double]
  private var v: [Double]
  private var system: SmallSystem
  private let count: Int

  init(count: Int, capacity: Int) {
    self.count = count
    point = [Double](repeating: 0, count: count)
    isFree = [Bool](repeating: false, count: count)
    limits = point
    path = point
    heap = [Int](repeating: 0, count: count)
    p = [Double](repeating: 0, count: 2 * capacity)
    c = p
    w = p
    v = p
    system = SmallSystem(largestOrder: 2 * capacity)
  }

  /// Follows the path to the first minimum of the model.
  mutating func find(
    x: [Double], gradient g: [Double], _ box: borrowing Box, _ memory: borrowing QuasiNewtonMemory
  ) {
    start(x, g, box)
    memory.transposedProduct(path, into: &p)
    for k in 0..<memory.order {
      c[k] = 0
      v[k] = p[k]
    }
    memory.applyMiddle(&v)
    var slope = -dotProduct(path.span, path.span)
    var curvature = -memory.theta * slope - dot(p, v, memory.order)
    let leastCurvature = Double.ulpOfOne * curvature.magnitude
    var time = 0.0
    var best = curvature > 0 ? -slope / curvature : .infinity
    while slope < 0, let b = popLimit() {
      let length = limits[b] - time
      if best < length { break }
      time = limits[b]
      point[b] = path[b] > 0 ? box.upper[b] : box.lower[b]
      isFree[b] = false
      freeCount &-= 1
      let z = point[b] - x[b]
      for k in 0..<memory.order { c[k] += length * p[k] }
      memory.row(b, into: &w)
      for k in 0..<memory.order { v[k] = w[k] }
      memory.applyMiddle(&v)
      let (wc, wp, ww) = (dot(v, c, memory.order), dot(v, p, memory.order), dot(v, w, memory.order))
      let d = path[b]
      // The paper's formulas with g = −d.
      slope += length * curvature + d * d - memory.theta * d * z + d * wc
      curvature -= memory.theta * d * d - 2 * d * wp + d * d * ww
      curvature = max(curvature, leastCurvature)
      for k in 0..<memory.order { p[k] -= d * w[k] }
      path[b] = 0
      best = slope < 0 ? -slope / curvature : 0
    }
    let rest = freeCount > 0 && best.isFinite ? max(best, 0) : 0
    for k in 0..<memory.order { c[k] += rest * p[k] }
    for i in 0..<count where isFree[i] { point[i] = box.clamped(x[i] + (time + rest) * path[i], i) }
  }

  /// Direction and break points of the path.
  private mutating func start(_ x: [Double], _ g: [Double], _ box: borrowing Box) {
    heapCount = 0
    freeCount = 0
    for i in 0..<count {
      point[i] = x[i]
      path[i] = 0
      limits[i] = .infinity
      if g[i] < 0 { limits[i] = (x[i] - box.upper[i]) / g[i] }
      if g[i] > 0 { limits[i] = (x[i] - box.lower[i]) / g[i] }
      isFree[i] = limits[i] > 0 && !box.isFixed(i)
      guard isFree[i] else { continue }
      freeCount &+= 1
      path[i] = -g[i]
      if limits[i] < .infinity { push(i) }
    }
  }

  /// Finds the way from the point to the model's minimum over the free parameters, without bounds.
  ///
  /// - Returns: Whether there is one in finite numbers.
  mutating func minimizeSubspace(
    x: [Double], gradient g: [Double], _ box: borrowing Box, _ memory: borrowing QuasiNewtonMemory
  ) -> Bool {
    guard memory.used > 0, freeCount > 0 else { return false }
    let theta = memory.theta
    // The model's gradient at the point: g + θ (point − x) − W M c, on the free parameters.
    for k in 0..<memory.order { v[k] = c[k] }
    memory.applyMiddle(&v)
    for i in 0..<count { path[i] = g[i] + theta * (point[i] - x[i]) }
    memory.addProduct(v, -1, to: &path)
    for i in 0..<count where !isFree[i] { path[i] = 0 }
    memory.transposedProduct(path, into: &v)
    fillSystem(memory)
    guard system.factor() else { return false }
    system.solve(&v)
    for i in 0..<count { path[i] = -path[i] / theta }
    memory.addProduct(v, -1 / (theta * theta), to: &path)
    for i in 0..<count where !isFree[i] { path[i] = 0 }
    return isFinite(path.span)
  }

  /// The point at the clipped end of the way.
  func moveToClippedEnd(into end: inout [Double], _ box: borrowing Box) {
    for i in 0..<count { end[i] = isFree[i] ? box.clamped(point[i] + path[i], i) : point[i] }
  }

  /// The last point of the way that is inside the bounds.
  func moveToLastInside(into end: inout [Double], _ box: borrowing Box) {
    var part = 1.0
    for i in 0..<count where isFree[i] && path[i] != 0 {
      let wall = path[i] > 0 ? box.upper[i] : box.lower[i]
      if wall.isFinite { part = min(part, max(0, (wall - point[i]) / path[i])) }
    }
    for i in 0..<count {
      end[i] = isFree[i] ? box.clamped(point[i] + part * path[i], i) : point[i]
    }
  }

  /// M⁻¹ − WᵀW / θ over the free parameters, summed over the smaller one of the two sets.
  private mutating func fillSystem(_ memory: borrowing QuasiNewtonMemory) {
    memory.fillMiddle(&system)
    let addsFixed = freeCount &* 2 > count
    if addsFixed { memory.subtractGram(from: &system) }
    let sign = addsFixed ? 1 / memory.theta : -1 / memory.theta
    for i in 0..<count where isFree[i] != addsFixed {
      memory.row(i, into: &w)
      for b in 0..<memory.order {
        let factor = sign * w[b]
        if factor == 0 { continue }
        for a in 0..<memory.order { system[a, b] += factor * w[a] }
      }
    }
  }

  private func dot(_ a: [Double], _ b: [Double], _ count: Int) -> Double {
    dotProduct(a.span.extracting(0..<count), b.span.extracting(0..<count))
  }
}

// MARK: - The heap of break points

extension CauchyPoint {
  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    limits[a] < limits[b] || limits[a] == limits[b] && a < b
  }

  private mutating func push(_ i: Int) {
    var child = heapCount
    heap[child] = i
    heapCount &+= 1
    while child > 0 {
      let parent = (child &- 1) / 2
      if !isBefore(heap[child], heap[parent]) { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func popLimit() -> Int? {
    guard heapCount > 0 else { return nil }
    let top = heap[0]
    heapCount &-= 1
    heap[0] = heap[heapCount]
    var parent = 0
    while true {
      var least = parent
      for child in 2 &* parent &+ 1...2 &* parent &+ 2
      where child < heapCount && isBefore(heap[child], heap[least]) { least = child }
      if least == parent { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return top
  }
}
