// Goals in order: linear time without a bad case, the same result for any order of equal values.
//
// Hoare's selection with a three-way partition around the median of nine; after too many unlucky
// rounds the rest is sorted (Musser 1997).

/// A loss with its probability, or with mass one.
struct WeightedValue {
  var value: Double
  var mass: Double
}

/// Where the upper tail of weighted values begins.
struct UpperTail {
  var value: Double
  var countAbove: Int
  var massAbove: Double
  var countEqual: Int
  var massEqual: Double
}

package enum Selection {
  /// Returns the element of rank `rank`, counted from 0, in increasing order, and reorders the
  /// values so that smaller ones stand before it and larger ones behind.
  package static func select(_ rank: Int, in values: inout [Double]) -> Double {
    var low = 0
    var high = values.count
    var rounds = maximumRounds(values.count)
    var elements = values.mutableSpan
    while high - low > 1 {
      if rounds == 0 {
        sort(&elements, low..<high)
        break
      }
      rounds -= 1
      let pivot = medianOfNine(low, high) { elements[$0] }
      // [low, less) < pivot, [less, next) = pivot, [more, high) > pivot.
      var less = low
      var next = low
      var more = high
      while next < more {
        let value = elements[next]
        if value < pivot {
          elements.swapAt(less, next)
          less += 1
          next += 1
        } else if value > pivot {
          more -= 1
          elements.swapAt(more, next)
        } else {
          next += 1
        }
      }
      if rank < less { high = less } else if rank >= more { low = more } else { return pivot }
    }
    return elements[rank]
  }

  /// The smallest value above which there is at most a given mass.
  ///
  /// Reorders the values so that those above it stand first.
  ///
  /// - Returns: The value, and how many values and how much mass stand above it and at it.
  static func upperTail(mass: Double, in values: inout [WeightedValue]) -> UpperTail {
    var low = 0
    var high = values.count
    var above = 0.0
    var rounds = maximumRounds(values.count)
    while high > low {
      if rounds == 0 { values[low..<high].sort { $0.value > $1.value } }
      let pivot = rounds > 0 ? medianOfNine(low, high) { values[$0].value } : values[low].value
      rounds -= 1
      let part = partition(&values, low..<high, around: pivot)
      if above + part.masses.above > mass {
        high = part.firstEqual
      } else if above + part.masses.above + part.masses.equal > mass || part.firstBelow == high {
        return UpperTail(
          value: pivot, countAbove: part.firstEqual, massAbove: above + part.masses.above,
          countEqual: part.firstBelow - part.firstEqual, massEqual: part.masses.equal)
      } else {
        above += part.masses.above + part.masses.equal
        low = part.firstBelow
      }
    }
    return UpperTail(value: .nan, countAbove: 0, massAbove: 0, countEqual: 0, massEqual: 0)
  }

  /// Orders a range in three parts: above the pivot, equal, below.
  private static func partition(
    _ values: inout [WeightedValue],
    _ range: Range<Int>,
    around pivot: Double
  ) -> (firstEqual: Int, firstBelow: Int, masses: (above: Double, equal: Double)) {
    var elements = values.mutableSpan
    var firstEqual = range.lowerBound
    var next = range.lowerBound
    var firstBelow = range.upperBound
    var masses = (above: 0.0, equal: 0.0)
    while next < firstBelow {
      let element = elements[next]
      if element.value > pivot {
        masses.above += element.mass
        elements.swapAt(firstEqual, next)
        firstEqual += 1
        next += 1
      } else if element.value < pivot {
        firstBelow -= 1
        elements.swapAt(firstBelow, next)
      } else {
        masses.equal += element.mass
        next += 1
      }
    }
    return (firstEqual, firstBelow, masses)
  }

  /// Twice the rounds that halving takes.
  private static func maximumRounds(_ count: Int) -> Int {
    2 * (Int.bitWidth - count.leadingZeroBitCount)
  }

  private static func sort(_ elements: inout MutableSpan<Double>, _ range: Range<Int>) {
    var copy = range.map { elements[$0] }
    copy.sort()
    for (offset, value) in copy.enumerated() { elements[range.lowerBound + offset] = value }
  }

  private static func medianOfNine(_ low: Int, _ high: Int, _ value: (Int) -> Double) -> Double {
    func median(_ a: Double, _ b: Double, _ c: Double) -> Double {
      max(min(a, b), min(max(a, b), c))
    }
    let last = high - 1
    let step = (last - low) / 8
    func three(_ start: Int) -> Double {
      median(value(start), value(start + step), value(start + 2 * step))
    }
    return median(three(low), three(low + 3 * step), three(last - 2 * step))
  }
}
