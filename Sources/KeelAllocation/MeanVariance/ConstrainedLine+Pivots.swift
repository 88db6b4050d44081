// Changes of the free assets and active rows, one at a time, with the inverse.
//
// A change needs what it moves: an asset that the free ones replicate leaves no variance, and an asset
// or row that the active rows determine does not respond. Both are judged by the variance of the
// direction, w'Σw, beside the square of its gross deviation, which is never smaller but for rounding.

import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

extension ConstrainedLine {
  /// Changes the state of an item; false when the system would be singular.
  mutating func apply(_ event: Event) throws(CriticalLine.Failure) -> Bool {
    let item = event.item
    switch event.change {
    case .pass: return false
    case .leave(let next):
      guard try insert(item, at: next) else { return false }
    case .hold:
      let column = try image(of: unit(at: place[item]))
      guard responds(column, energy: column[place[item]]) else { return false }
      removeMember(item)
    case .activate:
      let border = border(of: item, at: 0)
      let column = try image(of: border)
      let energy = product(border, column)
      guard responds(column, energy: energy) else { return false }
      inverse.insert(image: column, remainder: -energy)
      append(item)
    case .release:
      let column = try image(of: unit(at: place[item]))
      let weights = significantWeights(column, beside: 0)
      let gross = grossDeviation(of: weights)
      guard variance(of: weights) > Self.rounding * gross * gross else { return false }
      removeMember(item)
    }
    setState(event)
    restart()
    return true
  }

  /// Takes over what a change has done to weights and states.
  mutating func restart() {
    for i in isFrozen.indices { isFrozen[i] = false }
    updateProduct()
    update()
  }

  /// Makes an asset free at a position; false when the free assets replicate it.
  mutating func insert(_ asset: Int, at next: Int) throws(CriticalLine.Failure) -> Bool {
    let border = border(of: asset, at: next)
    let column = try image(of: border)
    let weights = significantWeights(column, beside: 1)
    let gross = deviations[asset] + grossDeviation(of: weights)
    let remainder = variance(of: weights, hedging: asset)
    if remainder < -Self.largestResidual * gross * gross { throw .notConvex }
    guard remainder > Self.rounding * gross * gross else { return false }
    inverse.insert(image: column, remainder: remainder)
    append(asset)
    return true
  }

  /// Records the state of an item after an event.
  mutating func setState(_ event: Event) {
    let item = event.item
    switch event.change {
    case .pass(let next), .leave(let next): position[item] = next
    case .hold(let next):
      position[item] = next
      weights[item] = limits.breakpoints[item][next / 2]
    case .activate(let side):
      let k = item - assetCount
      rowSide[k] = limits.lower[k] == limits.upper[k] ? 2 : side
    case .release:
      rowSide[item - assetCount] = 0
      rowDuals[item - assetCount] = 0
    }
  }

  /// The weights in a solution without those that are rounding of the largest: a direction along cash
  /// has no variance but theirs.
  private func significantWeights(_ column: [Double], beside other: Double) -> [Double] {
    var largest = other
    for (q, item) in members.enumerated() where item < assetCount {
      largest = max(largest, column[q].magnitude)
    }
    return members.indices.map { q in
      members[q] < assetCount && column[q].magnitude > Self.rounding * largest ? column[q] : 0
    }
  }

  /// Whether a direction with a variance is more than rounding.
  private func responds(_ column: [Double], energy: Double) -> Bool {
    let gross = grossDeviation(of: column)
    // Half for the rounding of both.
    return energy > 0 && gross * gross >= energy / 2
  }

  private mutating func append(_ item: Int) {
    place[item] = members.count
    members.append(item)
  }

  private mutating func removeMember(_ item: Int) {
    let q = place[item]
    inverse.remove(at: q)
    members[q] = members[members.count - 1]
    place[members[q]] = q
    members.removeLast()
    place[item] = -1
  }

  /// Makes the inverse for members anew.
  mutating func rebuild(_ items: [Int]) throws(CriticalLine.Failure) {
    for i in place.indices { place[i] = -1 }
    members = items
    for (q, item) in items.enumerated() { place[item] = q }
    let k = items.count
    inverse = UpdatedInverse(columnMajor: [], order: 0)
    if k == 0 { return }
    let system = [Double](capacity: k * k) { output in
      for item in items {
        let column = border(of: item, at: item < assetCount ? position[item] : 0)
        for value in column { output.append(value) }
      }
    }
    do throws(LinearAlgebraError) {
      var solver = try LDLSolver(order: k)
      try solver.factor(SymmetricMatrix(lowerTriangleOf: system, order: k))
      var columns = [Double](repeating: 0, count: k * k)
      for j in 0..<k { columns[j + j * k] = 1 }
      var span = columns.mutableSpan
      try solver.solve(&span)
      inverse = UpdatedInverse(columnMajor: columns, order: k)
    } catch {
      throw .lostAccuracy
    }
  }
}

// MARK: - Linear algebra

extension ConstrainedLine {
  func unit(at place: Int) -> [Double] {
    var result = [Double](repeating: 0, count: members.count)
    result[place] = 1
    return result
  }

  /// The column of an item in the system of the members, for an asset with the slopes of a position.
  func border(of item: Int, at next: Int) -> [Double] {
    let n = assetCount
    return [Double](capacity: members.count) { output in
      if item >= n {
        for other in members {
          output.append(other < n ? limits.slope(item - n, other, at: position[other]) : 0)
        }
      } else {
        let column = covariance.column(item)
        for other in members {
          output.append(other < n ? column[other] : limits.slope(other - n, item, at: next))
        }
      }
    }
  }

  /// The inverse times a right-hand side, refined once; a worn inverse is made anew.
  mutating func image(of right: [Double]) throws(CriticalLine.Failure) -> [Double] {
    var (image, correction) = refinedImage(of: right)
    if !(correction <= Self.worn) {
      try rebuild(members)
      (image, correction) = refinedImage(of: right)
    }
    for value in image where !value.isFinite { throw .lostAccuracy }
    return image
  }

  /// The largest correction by a refinement, relative to the largest element, of a good inverse.
  private static let worn = 1e-10

  private func refinedImage(of right: [Double]) -> (image: [Double], correction: Double) {
    var image = inverse.times(right)
    let steps = inverse.times(residual(of: image, right))
    var (largest, correction) = (0.0, 0.0)
    for (q, step) in steps.enumerated() {
      largest = max(largest, image[q].magnitude)
      correction = max(correction, step.magnitude)
      if step.isNaN { correction = .nan }
      image[q] += step
    }
    return (image, correction == 0 ? 0 : correction / largest)
  }

  /// What is missing of a right-hand side.
  private func residual(of solution: [Double], _ right: [Double]) -> [Double] {
    let n = assetCount
    var missing = right
    for (q, item) in members.enumerated() {
      let factor = solution[q]
      if item < n {
        let column = covariance.column(item)
        for (p, other) in members.enumerated() where other < n {
          missing[p] -= column[other] * factor
        }
        continue
      }
      for (p, other) in members.enumerated() where other < n {
        let slope = limits.slope(item - n, other, at: position[other])
        missing[p] -= slope * factor
        missing[q] -= slope * solution[p]
      }
    }
    return missing
  }

  private func grossDeviation(of solution: [Double]) -> Double {
    var sum = 0.0
    for (q, item) in members.enumerated() where item < assetCount {
      sum += deviations[item] * solution[q].magnitude
    }
    return sum
  }

  /// The variance of the weights in a solution, or of an asset less these weights.
  ///
  /// Its rounding is that of the squared gross deviation, also where rows have large dual values.
  private func variance(of solution: [Double], hedging asset: Int? = nil) -> Double {
    var sum = asset.map { covariance[$0, $0] } ?? 0
    for (q, item) in members.enumerated() where item < assetCount && solution[q] != 0 {
      let column = covariance.column(item)
      var part = asset.map { -2 * column[$0] } ?? 0
      for (p, other) in members.enumerated() where other < assetCount {
        part += column[other] * solution[p]
      }
      sum += part * solution[q]
    }
    return sum
  }

  private func product(_ left: [Double], _ right: [Double]) -> Double {
    var sum = 0.0
    for q in left.indices { sum += left[q] * right[q] }
    return sum
  }
}
