import Keel

/// What a sweep measured: the largest error over many random points, as a share of what is allowed.
struct Measurement {
  let quantity: String
  let secondMethod: String
  let unit: String
  let points: Int
  let worst: Double
  let allowed: Double
  let failures: Int
}

/// Random options over every usual and many unusual regions, by index: any block gives the same ones.
struct OptionSweep {
  let stream: RandomStream
  /// The largest distance of the strike from the forward, in standard deviations.
  let depth: Double

  struct Block {
    var kinds: [EuropeanOption.Kind] = []
    var forwards: [Double] = []
    var strikes: [Double] = []
    var volatilities: [Double] = []
  }

  func block(_ range: Range<Int>) -> Block {
    var block = Block()
    for i in range {
      let index = UInt64(4 * i)
      func uniform(_ place: UInt64, _ low: Double, _ high: Double) -> Double {
        low + (high - low) * stream.uniform(at: index + place)
      }
      let forward = power10(uniform(0, -6, 6))
      let total = power10(uniform(1, -4, 0.7))
      let distance = min(max(uniform(2, -depth, depth) * total, -500), 500)
      block.forwards.append(forward)
      block.strikes.append(forward * ElementaryFunctions.exp([distance])[0])
      block.volatilities.append(total)
      block.kinds.append(stream.uniform(at: index + 3) < 0.5 ? .call : .put)
    }
    return block
  }

  private func power10(_ x: Double) -> Double {
    ElementaryFunctions.exp([x * 2.302_585_092_994_046])[0]
  }
}
