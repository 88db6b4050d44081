import KeelNumerics

// Numbers of assets in groups of four, for loops that the compiler turns into vector instructions without unsafe code.
// The lanes behind the last asset hold zero in all but limits. Sums run lane by lane, then over the lanes, so that they
// have the same bits on every machine.

struct Lanes: Sendable {
  private var groups: [SIMD4<Double>]

  private static let width = 4

  /// Creates lanes that hold one number, those behind the last asset too.
  init(count: Int, repeating number: Double = 0) {
    groups = [SIMD4<Double>](
      repeating: SIMD4(repeating: number), count: (count + Self.width - 1) / Self.width)
  }

  subscript(index: Int) -> Double {
    get { groups[index / Self.width][index % Self.width] }
    set { groups[index / Self.width][index % Self.width] = newValue }
  }

  /// The number of lanes.
  var capacity: Int { Self.width * groups.count }

  /// Takes the numbers of as many other lanes, in place.
  mutating func copy(_ others: borrowing Lanes) {
    var output = groups.mutableSpan
    let others = others.groups.span
    for i in output.indices { output[i] = others[i] }
  }

  /// Becomes `values · (1 + r)` with one return an asset, `stride` apart.
  ///
  /// - Returns: The sum, and the least return or zero. A return that is NaN makes the sum NaN and is
  ///   no least one.
  @inline(__always)
  mutating func grow(
    _ values: borrowing Lanes,
    by returns: Span<Double>,
    first: Int,
    stride: Int,
    count: Int
  ) -> (sum: Double, least: Double) {
    var output = groups.mutableSpan
    let values = values.groups.span
    var sum = SIMD4<Double>.zero
    var least = SIMD4<Double>.zero
    var place = first
    for group in 0..<(count / Self.width) {
      let numbers = SIMD4(
        returns[place], returns[place &+ stride], returns[place &+ 2 &* stride],
        returns[place &+ 3 &* stride])
      least.replace(with: numbers, where: numbers .< least)
      let grown = values[group] + values[group] * numbers
      output[group] = grown
      sum += grown
      place &+= Self.width &* stride
    }
    let rest = count % Self.width
    if rest > 0 {
      let group = output.count - 1
      var numbers = SIMD4<Double>.zero
      for lane in 0..<rest { numbers[lane] = returns[place &+ lane &* stride] }
      least.replace(with: numbers, where: numbers .< least)
      let grown = values[group] + values[group] * numbers
      output[group] = grown
      sum += grown
    }
    return (Self.total(sum), -Self.largest(-least))
  }

  /// What is traded to come from these values to shares of a value, and the shares of what is sold.
  ///
  /// - Parameters:
  ///   - shares: The shares, none negative.
  ///   - value: The value.
  ///   - slack: How much smaller the value may become.
  /// - Returns: The sum of the magnitudes of the differences, the sum of the shares of what is sold,
  ///   and whether no difference changes its sign within the slack.
  @inline(__always)
  borrowing func trades(
    to shares: borrowing Lanes,
    times value: Double,
    slack: Double
  ) -> (sum: Double, sharesSold: Double, areFirm: Bool) {
    let (values, shares) = (groups.span, shares.groups.span)
    var sum = SIMD4<Double>.zero
    var sharesSold = SIMD4<Double>.zero
    var lack = SIMD4<Double>.zero
    for i in values.indices {
      let share = shares[i]
      let difference = share * value - values[i]
      let isSale = difference .< 0
      let sold = SIMD4<Double>.zero.replacing(with: difference, where: isSale)
      let magnitude = difference.replacing(with: 0, where: isSale) - sold
      sum += magnitude
      sharesSold += SIMD4<Double>.zero.replacing(with: share, where: isSale)
      let missing = share * slack - magnitude
      lack.replace(with: missing, where: missing .> lack)
    }
    return (Self.total(sum), Self.total(sharesSold), Self.largest(lack) == 0)
  }

  /// What is bought to come from these values to shares of a value, and the shares of what is sold.
  @inline(__always)
  borrowing func purchases(
    to shares: borrowing Lanes,
    times value: Double
  ) -> (bought: Double, sharesSold: Double) {
    let (values, shares) = (groups.span, shares.groups.span)
    var bought = SIMD4<Double>.zero
    var sharesSold = SIMD4<Double>.zero
    for i in values.indices {
      let share = shares[i]
      let difference = share * value - values[i]
      let isSale = difference .< 0
      bought += difference.replacing(with: 0, where: isSale)
      sharesSold += SIMD4<Double>.zero.replacing(with: share, where: isSale)
    }
    return (Self.total(bought), Self.total(sharesSold))
  }

  /// The sum of the magnitudes of the differences from shares of a value.
  @inline(__always)
  borrowing func distance(to shares: borrowing Lanes, times value: Double) -> Double {
    let (values, shares) = (groups.span, shares.groups.span)
    var bought = SIMD4<Double>.zero
    var sold = SIMD4<Double>.zero
    for i in values.indices {
      let difference = shares[i] * value - values[i]
      let isSale = difference .< 0
      bought += difference.replacing(with: 0, where: isSale)
      sold += SIMD4<Double>.zero.replacing(with: difference, where: isSale)
    }
    return Self.total(bought - sold)
  }

  /// The largest distance from shares of a value beyond limits that are shares too; distances of
  /// zero are never beyond.
  @inline(__always)
  borrowing func largestExcess(
    over shares: borrowing Lanes,
    times value: Double,
    limits: borrowing Lanes
  ) -> Double {
    let (values, shares, limits) = (groups.span, shares.groups.span, limits.groups.span)
    let none = -Double.infinity
    var largest = SIMD4<Double>(repeating: none)
    for i in values.indices {
      let difference = values[i] - shares[i] * value
      let magnitude = difference.replacing(with: -difference, where: difference .< 0)
      let excess = (magnitude - limits[i] * value).replacing(with: none, where: difference .== 0)
      largest.replace(with: excess, where: excess .> largest)
    }
    return Self.largest(largest)
  }

  /// The sum of all.
  var sum: Double { Self.total(groups.reduce(SIMD4<Double>.zero, +)) }

  /// The sum of the magnitudes.
  var magnitudes: Double {
    Self.total(
      groups.reduce(SIMD4<Double>.zero) { $0 + $1.replacing(with: -$1, where: $1 .< 0) })
  }

  /// The sum over four lanes, in pairs.
  @inline(__always)
  private static func total(_ lanes: SIMD4<Double>) -> Double {
    let pair = lanes.lowHalf + lanes.highHalf
    return pair.x + pair.y
  }

  /// The largest of four lanes, none being NaN.
  @inline(__always)
  private static func largest(_ lanes: SIMD4<Double>) -> Double {
    let (low, high) = (lanes.lowHalf, lanes.highHalf)
    let pair = low.replacing(with: high, where: high .> low)
    return pair.x > pair.y ? pair.x : pair.y
  }
}
