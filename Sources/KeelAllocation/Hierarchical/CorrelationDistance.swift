// Goals: (1) distance zero for equal assets, and the same bits for every order of the assets; (2) no
// overflow for any covariance; (3) vector loops over columns.

import KeelNumerics

/// Says how far apart two assets are, given their correlations.
///
/// ```text
/// d(i, j) = √((1 − ρ(i, j)) / 2)
/// ```
///
/// Libraries differ in which of the two distances they cluster by, and their trees differ with it.
@nonexhaustive
public enum CorrelationDistance: Hashable, Sendable, CaseIterable {
  /// The distance d itself: 0 for correlation 1, √½ for 0, 1 for −1.
  case direct

  /// The Euclidean distance of two columns of d, the distance of distances of the original article.
  ///
  /// ```text
  /// D(i, j) = √(Σ_k (d(k, i) − d(k, j))²)
  /// ```
  ///
  /// Two assets are close when they are equally far from all others. It takes O(N³) operations.
  case distanceOfDistances
}

/// The distances of assets in a given order, column by column.
struct CorrelationDistances {
  private let covariance: ScaledCovariance
  private let positions: [Int]
  /// The factors, NaN for the asset of the column.
  private var factors: [Double]
  private var gaps: [Double]

  /// Takes a covariance with positive variances, and the assets in their order.
  init(_ covariance: ScaledCovariance, at positions: [Int]) {
    self.covariance = covariance
    self.positions = positions
    factors = covariance.factors
    gaps = [Double](repeating: 0, count: positions.count)
  }

  /// The N × N distances.
  mutating func matrix(_ distance: CorrelationDistance) -> SymmetricMatrix {
    let direct = SymmetricMatrix(lowerTriangleOf: elements(squared: false), order: positions.count)
    switch distance {
    case .direct: return direct
    case .distanceOfDistances: return ColumnDistances.matrix(direct)
    }
  }

  /// The N × N direct distances or their squares, column after column.
  mutating func elements(squared isSquared: Bool) -> [Double] {
    let n = positions.count
    var elements = [Double](capacity: n * n) { output in
      for j in 0..<n {
        measure(j)
        Self.append(gaps.span, positions.span, except: j, to: &output)
      }
    }
    if !isSquared { Self.takeRoots(of: &elements, n * n) }
    return elements
  }

  /// Writes the direct distances of an item from others, which are given by their columns.
  mutating func write(_ item: Int, from columns: Span<Int>, into distances: inout [Double]) {
    measure(item)
    Self.gather(gaps.span, columns, into: &distances)
    Self.takeRoots(of: &distances, columns.count)
  }

  /// Writes one minus the correlations of an item.
  private mutating func measure(_ item: Int) {
    let place = positions[item]
    factors[place] = .nan
    let least = covariance.writeGaps(of: place, factors, into: &gaps)
    factors[place] = covariance.factors[place]
    if !(least > ScaledCovariance.exactGap) {
      for k in gaps.indices where gaps[k] < ScaledCovariance.exactGap {
        gaps[k] = 1 - covariance.correlation(place, k)
      }
    }
  }

  /// The square of a distance, given one minus a correlation.
  @inline(__always)
  private static func square(_ gap: Double) -> Double { gap < 2 ? gap / 2 : 1 }

  /// Appends the squared distances of an item.
  private static func append(
    _ gaps: Span<Double>,
    _ columns: Span<Int>,
    except item: Int,
    to output: inout OutputSpan<Double>
  ) {
    for i in 0..<item { output.append(square(gaps[columns[i]])) }
    output.append(0)
    for i in (item + 1)..<max(columns.count, item + 1) {
      output.append(square(gaps[columns[i]]))
    }
  }

  /// Writes the squared distances of an item from some columns.
  private static func gather(
    _ gaps: Span<Double>,
    _ columns: Span<Int>,
    into elements: inout [Double]
  ) {
    var elements = elements.mutableSpan
    for i in columns.indices { elements[i] = square(gaps[columns[i]]) }
  }

  private static func takeRoots(of elements: inout [Double], _ count: Int) {
    var elements = elements.mutableSpan
    var i = 0
    // A single root is checked for its sign.
    while i + 4 <= count {
      let roots = SIMD4<Double>(elements[i], elements[i + 1], elements[i + 2], elements[i + 3])
        .squareRoot()
      (elements[i], elements[i + 1]) = (roots.x, roots.y)
      (elements[i + 2], elements[i + 3]) = (roots.z, roots.w)
      i += 4
    }
    while i < count {
      elements[i] = elements[i].squareRoot()
      i += 1
    }
  }
}
