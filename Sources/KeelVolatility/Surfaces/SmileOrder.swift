internal import KeelDerivatives

/// The order of smiles by time.
enum SmileOrder {
  /// The smiles by ascending time, checked.
  static func sorted<Smile: VolatilitySmile>(_ smiles: [Smile]) throws(VolatilityError) -> [Smile] {
    guard !smiles.isEmpty else {
      throw .shapeMismatch(argument: "smiles", got: 0, required: 1)
    }
    for smile in smiles {
      try VolatilityError.require(
        smile.timeToExpiry, "timeToExpiry", .leastNormalMagnitude, .greatestFiniteMagnitude)
    }
    let sorted = smiles.sorted { $0.timeToExpiry < $1.timeToExpiry }
    for (smile, next) in zip(sorted, sorted.dropFirst())
    where smile.timeToExpiry == next.timeToExpiry {
      throw .duplicateExpiry(timeToExpiry: smile.timeToExpiry)
    }
    return sorted
  }

  /// The quotes of expiries by ascending time, no time twice.
  static func sorted(_ quotes: [SmileQuotes]) throws(VolatilityError) -> [SmileQuotes] {
    let sorted = quotes.sorted { $0.timeToExpiry < $1.timeToExpiry }
    for (expiry, next) in zip(sorted, sorted.dropFirst())
    where expiry.timeToExpiry == next.timeToExpiry {
      throw .duplicateExpiry(timeToExpiry: expiry.timeToExpiry)
    }
    return sorted
  }

  /// The position of the first smile later than a time, by bisection.
  static func index(after time: Double, in smiles: [some VolatilitySmile]) -> Int {
    var (lower, upper) = (0, smiles.count)
    while lower < upper {
      let middle = (lower + upper) / 2
      if smiles[middle].timeToExpiry <= time { lower = middle + 1 } else { upper = middle }
    }
    return lower
  }
}
