// Goals: (1) a positive definite model; (2) O(memory · n) for products with it.
//
// The compact form of Byrd, Nocedal and Schnabel, Mathematical Programming 63 (1994):
//
//   B = θ I − W M Wᵀ,  W = [Y  θS],  M⁻¹ = [−D  Lᵀ; L  θSᵀS]
//
// with the steps S, the changes of the gradient Y, D the diagonal and L the part of SᵀY below it.

/// The last steps of a minimization and the model of the second derivatives made of them.
struct QuasiNewtonMemory: ~Copyable, Sendable {
  /// A pair enters when its curvature is above this part of |y|².
  private static let leastCurvature = Double.ulpOfOne

  let capacity: Int
  private let count: Int
  /// How many steps are held.
  private(set) var used = 0
  /// The factor of the identity.
  private(set) var theta = 1.0
  private var first = 0
  private var steps: [Double]
  private var changes: [Double]
  /// Inner products of held steps and changes, by place: s·s, s·y (row s, column y), y·y.
  private var stepSteps: [Double]
  private var stepChanges: [Double]
  private var changeChanges: [Double]
  /// M⁻¹, factored.
  private var middle: SmallSystem

  init(count: Int, capacity: Int) {
    self.count = count
    self.capacity = capacity
    steps = [Double](repeating: 0, count: count * capacity)
    changes = steps
    stepSteps = [Double](repeating: 0, count: capacity * capacity)
    stepChanges = stepSteps
    changeChanges = stepSteps
    middle = SmallSystem(largestOrder: 2 * capacity)
  }

  /// The order of the small systems.
  var order: Int { 2 &* used }

  mutating func clear() {
    used = 0
    first = 0
    theta = 1
  }

  /// Remembers a step and the change of the gradient along it, the oldest ones leave.
  mutating func add(from x: [Double], to newX: [Double], _ g: [Double], _ newG: [Double]) {
    let place = used < capacity ? used : first
    let offset = place &* count
    for i in 0..<count {
      steps[offset &+ i] = newX[i] - x[i]
      changes[offset &+ i] = newG[i] - g[i]
    }
    let curvature = product(steps, place, changes, place)
    let square = product(changes, place, changes, place)
    let isGood =
      curvature > Self.leastCurvature * square && curvature > 0 && square.isFinite
      && (square / curvature).isFinite
    guard isGood else {
      // The place of the oldest pair has been overwritten.
      if used == capacity { clear() }
      return
    }
    if used < capacity { used &+= 1 } else { first = (first &+ 1) % capacity }
    theta = square / curvature
    for k in 0..<used {
      let ss = product(steps, place, steps, k)
      let yy = product(changes, place, changes, k)
      stepSteps[place &+ k &* capacity] = ss
      stepSteps[k &+ place &* capacity] = ss
      changeChanges[place &+ k &* capacity] = yy
      changeChanges[k &+ place &* capacity] = yy
      stepChanges[place &+ k &* capacity] = product(steps, place, changes, k)
      stepChanges[k &+ place &* capacity] = product(steps, k, changes, place)
    }
    Self.fillMiddle(&middle, products(), theta)
    if !middle.factor() { clear() }
  }

  /// The place of the pair of an age, the oldest first.
  private func place(_ age: Int) -> Int { (first &+ age) % capacity }

  private func product(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int) -> Double {
    dotProduct(
      a.span.extracting(i &* count..<(i &+ 1) &* count),
      b.span.extracting(j &* count..<(j &+ 1) &* count))
  }

  /// M⁻¹.
  func fillMiddle(_ system: inout SmallSystem) { Self.fillMiddle(&system, products(), theta) }

  private func products() -> InnerProducts {
    InnerProducts(
      used: used, first: first, capacity: capacity, stepSteps: stepSteps,
      stepChanges: stepChanges)
  }

  private static func fillMiddle(
    _ system: inout SmallSystem, _ products: InnerProducts, _ theta: Double
  ) {
    let used = products.used
    system.reshape(order: 2 &* used)
    for a in 0..<used {
      for b in 0..<used {
        let place = products.index(a, b)
        let mixed = products.stepChanges[place]
        let below = a > b ? mixed : 0
        system[a, b] = a == b ? -mixed : 0
        system[used &+ a, used &+ b] = theta * products.stepSteps[place]
        system[used &+ a, b] = below
        system[b, used &+ a] = below
      }
    }
  }

  /// The tables by age, beside the system that they fill.
  private struct InnerProducts {
    let used: Int
    let first: Int
    let capacity: Int
    let stepSteps: [Double]
    let stepChanges: [Double]

    func index(_ a: Int, _ b: Int) -> Int {
      (first &+ a) % capacity &+ (first &+ b) % capacity &* capacity
    }
  }

  /// Subtracts WᵀW / θ of all parameters.
  func subtractGram(from system: inout SmallSystem) {
    for a in 0..<used {
      for b in 0..<used {
        let (p, q) = (place(a), place(b))
        system[a, b] -= changeChanges[p &+ q &* capacity] / theta
        system[used &+ a, used &+ b] -= theta * stepSteps[p &+ q &* capacity]
        let mixed = stepChanges[p &+ q &* capacity]
        system[used &+ a, b] -= mixed
        system[b, used &+ a] -= mixed
      }
    }
  }

  /// Row i of W.
  func row(_ i: Int, into w: inout [Double]) {
    for a in 0..<used {
      let offset = place(a) &* count &+ i
      w[a] = changes[offset]
      w[used &+ a] = theta * steps[offset]
    }
  }

  /// Wᵀv.
  func transposedProduct(_ v: [Double], into p: inout [Double]) {
    for a in 0..<used {
      let offset = place(a) &* count
      p[a] = dotProduct(changes.span.extracting(offset..<offset &+ count), v.span)
      p[used &+ a] =
        theta * dotProduct(steps.span.extracting(offset..<offset &+ count), v.span)
    }
  }

  /// v + factor · W p.
  func addProduct(_ p: [Double], _ factor: Double, to v: inout [Double]) {
    for a in 0..<used {
      let offset = place(a) &* count
      let (c, s) = (factor * p[a], factor * theta * p[used &+ a])
      for i in 0..<count { v[i] += c * changes[offset &+ i] + s * steps[offset &+ i] }
    }
  }

  /// M p.
  func applyMiddle(_ p: inout [Double]) { middle.solve(&p) }
}

/// A dense system of few unknowns with partial pivoting, in memory of its own.
struct SmallSystem: ~Copyable, Sendable {
  private(set) var order = 0
  private var elements: [Double]
  private var pivots: [Int]

  init(largestOrder: Int) {
    elements = [Double](repeating: 0, count: largestOrder * largestOrder)
    pivots = [Int](repeating: 0, count: largestOrder)
  }

  mutating func reshape(order: Int) { self.order = order }

  subscript(i: Int, j: Int) -> Double {
    get { elements[i &+ j &* order] }
    set { elements[i &+ j &* order] = newValue }
  }

  /// Replaces the matrix by its factors; false when it is singular or not finite.
  mutating func factor() -> Bool {
    let n = order
    for k in 0..<n {
      var best = k
      for i in k..<n where elements[i &+ k &* n].magnitude > elements[best &+ k &* n].magnitude {
        best = i
      }
      let pivot = elements[best &+ k &* n]
      guard pivot != 0, pivot.isFinite else { return false }
      pivots[k] = best
      if best != k {
        for j in 0..<n { elements.swapAt(k &+ j &* n, best &+ j &* n) }
      }
      for i in k &+ 1..<max(n, k &+ 1) { elements[i &+ k &* n] /= pivot }
      for j in k &+ 1..<max(n, k &+ 1) {
        let factor = elements[k &+ j &* n]
        if factor == 0 { continue }
        for i in k &+ 1..<n { elements[i &+ j &* n] -= factor * elements[i &+ k &* n] }
      }
    }
    return true
  }

  /// Solves in place.
  func solve(_ b: inout [Double]) {
    let n = order
    for k in 0..<n where pivots[k] != k { b.swapAt(k, pivots[k]) }
    for k in 0..<n {
      for i in k &+ 1..<max(n, k &+ 1) { b[i] -= elements[i &+ k &* n] * b[k] }
    }
    for k in stride(from: n &- 1, through: 0, by: -1) {
      b[k] /= elements[k &+ k &* n]
      for i in 0..<k { b[i] -= elements[i &+ k &* n] * b[k] }
    }
  }
}
