// The product of all cones but the zero cone, as the iterations see it: non-negative rows first, then
// second-order, three-dimensional and semidefinite blocks.

/// The cones of a scaled program with their scaling at the current pair of points.
struct ConeSet {
  /// The number of rows.
  let count: Int
  /// The number of non-negative rows, which stand first.
  let nonnegativeCount: Int
  var secondOrder: [SecondOrderScaling]
  var nonsymmetric: [NonsymmetricScaling]
  var semidefinite: [SemidefiniteScaling]
  /// s/z for every non-negative row.
  private(set) var ratios: [Double]
  /// Room for two directions in scaled terms.
  private var scaledS: [Double] = []
  private var scaledZ: [Double] = []

  init(
    count: Int,
    nonnegativeCount: Int,
    secondOrder: [SecondOrderScaling],
    nonsymmetric: [NonsymmetricScaling],
    semidefinite: [SemidefiniteScaling]
  ) {
    self.count = count
    self.nonnegativeCount = nonnegativeCount
    self.secondOrder = secondOrder
    self.nonsymmetric = nonsymmetric
    self.semidefinite = semidefinite
    ratios = [Double](repeating: 1, count: nonnegativeCount)
  }

  /// Forgets the scaling.
  mutating func restart() {
    for i in ratios.indices { ratios[i] = 1 }
  }

  /// The sum of the barrier parameters, a second-order cone counted once.
  var degree: Double {
    Double(nonnegativeCount + secondOrder.count)
      + NonsymmetricKind.degree * Double(nonsymmetric.count)
      + semidefinite.reduce(0) { $0 + Double($1.order) }
  }

  /// The vector from which iterations start, with s = z = −∇F*(z).
  func setCenter(_ e: inout [Double]) {
    e.refill(count, with: 0)
    for i in 0..<nonnegativeCount { e[i] = 1 }
    for cone in secondOrder { e[cone.offset] = 1 }
    for cone in nonsymmetric {
      let center = cone.kind.center
      for i in 0..<3 { e[cone.offset + i] = center[i] }
    }
    for cone in semidefinite {
      var p = cone.offset
      for j in 0..<cone.order {
        e[p] = 1
        p += cone.order - j
      }
    }
  }

  /// Moves a vector inside, along the center; for symmetric cones only.
  ///
  /// - Parameters:
  ///   - v: The vector.
  ///   - e: Room for the center.
  mutating func moveInside(_ v: inout [Double], center e: inout [Double]) {
    let lack = lack(of: v)
    // A vector that is inside by a good part of the center's size stays.
    let margin = 0.1
    guard lack > -margin else { return }
    setCenter(&e)
    for i in v.indices { v[i] += (1 + lack) * e[i] }
  }

  /// How many centers a vector is outside.
  private mutating func lack(of v: [Double]) -> Double {
    let span = v.span
    var lack = -Double.infinity
    for i in 0..<nonnegativeCount { lack = max(lack, -v[i]) }
    for cone in secondOrder {
      lack = max(lack, SecondOrderScaling.tailNorm(span, cone.offset, cone.count) - v[cone.offset])
    }
    for k in semidefinite.indices where semidefinite[k].order > 0 {
      lack = max(lack, -(semidefinite[k].leastEigenvalue(span, semidefinite[k].offset) ?? 0))
    }
    return lack
  }

  /// Sets the scaling of every cone; false when a point is not inside or cannot be scaled.
  mutating func update(_ s: [Double], _ z: [Double], mu: Double) -> Bool {
    let sSpan = s.span
    let zSpan = z.span
    for i in 0..<nonnegativeCount {
      guard s[i] > 0, z[i] > 0 else { return false }
      ratios[i] = s[i] / z[i]
      guard ratios[i] > 0, ratios[i] < .infinity else { return false }
    }
    for k in secondOrder.indices where !secondOrder[k].update(sSpan, zSpan) { return false }
    for k in nonsymmetric.indices {
      let offset = nonsymmetric[k].offset
      let isScaled = nonsymmetric[k].update(
        s: vector(sSpan, offset), z: vector(zSpan, offset), mu: mu)
      if !isScaled { return false }
    }
    for k in semidefinite.indices where !semidefinite[k].update(sSpan, zSpan) { return false }
    return true
  }

  @inline(__always)
  func vector(_ v: borrowing Span<Double>, _ offset: Int) -> Vector3 {
    Vector3(v[offset], v[offset &+ 1], v[offset &+ 2])
  }

  @inline(__always)
  private func store(_ value: Vector3, _ v: inout MutableSpan<Double>, _ offset: Int) {
    v[offset] = value.x
    v[offset &+ 1] = value.y
    v[offset &+ 2] = value.z
  }

  /// v := H v, where H maps dual to primal directions.
  mutating func applyScaling(_ v: inout [Double]) {
    var span = v.mutableSpan
    for i in 0..<nonnegativeCount { span[i] *= ratios[i] }
    for cone in secondOrder {
      cone.apply(&span, cone.offset)
      cone.apply(&span, cone.offset)
    }
    for cone in nonsymmetric {
      store(cone.times(vector(span.span, cone.offset)), &span, cone.offset)
    }
    for k in semidefinite.indices {
      semidefinite[k].apply(&span, semidefinite[k].offset)
      semidefinite[k].applyTransposed(&span, semidefinite[k].offset)
    }
  }

  /// v := H⁻¹ v.
  mutating func applyInverseScaling(_ v: inout [Double]) {
    var span = v.mutableSpan
    applyFactor(&span, 0)
    applyFactorTransposed(&span, 0)
  }

  /// v := R v for the elements from a place on, where R'R = H⁻¹.
  mutating func applyFactor(_ v: inout MutableSpan<Double>, _ start: Int) {
    for i in 0..<nonnegativeCount { v[start &+ i] /= ratios[i].squareRoot() }
    for cone in secondOrder { cone.applyInverse(&v, start &+ cone.offset) }
    for cone in nonsymmetric {
      let place = start &+ cone.offset
      store(cone.factorTimes(vector(v.span, place)), &v, place)
    }
    for k in semidefinite.indices {
      semidefinite[k].applyInverseTransposed(&v, start &+ semidefinite[k].offset)
    }
  }

  /// v := R'v.
  mutating func applyFactorTransposed(_ v: inout MutableSpan<Double>, _ start: Int) {
    for i in 0..<nonnegativeCount { v[start &+ i] /= ratios[i].squareRoot() }
    for cone in secondOrder { cone.applyInverse(&v, start &+ cone.offset) }
    for cone in nonsymmetric {
      let place = start &+ cone.offset
      store(cone.factorTransposedTimes(vector(v.span, place)), &v, place)
    }
    for k in semidefinite.indices {
      semidefinite[k].applyInverse(&v, start &+ semidefinite[k].offset)
    }
  }

  /// d := the vector of the combined step Δs + HΔz = −d, from the affine step, which is scaled in
  /// place and lost.
  mutating func setCombined(
    _ d: inout [Double],
    _ s: [Double],
    affineS: inout [Double],
    affineZ: inout [Double],
    centering: Double,
    z: [Double]
  ) {
    d.refill(count, with: 0)
    var out = d.mutableSpan
    var left = affineS.mutableSpan
    var right = affineZ.mutableSpan
    for i in 0..<nonnegativeCount { out[i] = (left[i] * right[i] - centering) / z[i] }
    for cone in secondOrder {
      cone.applyInverse(&left, cone.offset)
      cone.apply(&right, cone.offset)
      cone.combine(left.span, right.span, centering: centering, &out)
      cone.apply(&out, cone.offset)
    }
    for cone in nonsymmetric {
      let shift = cone.correction(
        ds: vector(left.span, cone.offset), dz: vector(right.span, cone.offset),
        centering: centering)
      store(shift, &out, cone.offset)
    }
    for k in semidefinite.indices {
      let offset = semidefinite[k].offset
      semidefinite[k].applyInverseTransposed(&left, offset)
      semidefinite[k].apply(&right, offset)
      semidefinite[k].combine(left.span, right.span, centering: centering, &out, offset)
      semidefinite[k].applyTransposed(&out, offset)
    }
    for i in 0..<count { out[i] += s[i] }
  }
}

// MARK: - Steps

extension ConeSet {
  /// The longest step that keeps both points in the symmetric cones, at most 1.
  mutating func symmetricStep(
    s: [Double],
    ds: [Double],
    z: [Double],
    dz: [Double]
  ) -> Double {
    var length = 1.0
    for i in 0..<nonnegativeCount {
      if ds[i] < 0 { length = min(length, -s[i] / ds[i]) }
      if dz[i] < 0 { length = min(length, -z[i] / dz[i]) }
      if ds[i].isNaN || dz[i].isNaN { return 0 }
    }
    for cone in secondOrder {
      length = SecondOrderScaling.step(s.span, ds.span, cone.offset, cone.count, limit: length)
      length = SecondOrderScaling.step(z.span, dz.span, cone.offset, cone.count, limit: length)
    }
    if semidefinite.isEmpty { return length }
    // Taken out while they are lent.
    var (left, right): ([Double], [Double]) = ([], [])
    swap(&left, &scaledS)
    swap(&right, &scaledZ)
    left.copyElements(of: ds)
    right.copyElements(of: dz)
    length = semidefiniteStep(&left, &right, limit: length)
    swap(&left, &scaledS)
    swap(&right, &scaledZ)
    return length
  }

  /// The same for the semidefinite cones; the directions become those in scaled terms.
  private mutating func semidefiniteStep(
    _ ds: inout [Double],
    _ dz: inout [Double],
    limit: Double
  ) -> Double {
    var length = limit
    var left = ds.mutableSpan
    var right = dz.mutableSpan
    for k in semidefinite.indices {
      let offset = semidefinite[k].offset
      semidefinite[k].applyInverseTransposed(&left, offset)
      semidefinite[k].apply(&right, offset)
      length = semidefinite[k].step(left.span, offset, limit: length)
      length = semidefinite[k].step(right.span, offset, limit: length)
    }
    return length
  }

  /// Whether every non-symmetric cone is inside and no farther from the central path than allowed.
  func isNearPath(_ s: [Double], _ z: [Double], mu: Double, least: Double) -> Bool {
    let sSpan = s.span
    let zSpan = z.span
    for cone in nonsymmetric {
      let proximity = cone.proximity(
        s: vector(sSpan, cone.offset), z: vector(zSpan, cone.offset), mu: mu)
      if proximity < least || proximity == 0 { return false }
    }
    return true
  }
}
