/// First and second moments of a value and a control of mean zero, added one by one or by blocks.
///
/// Reference: T. F. Chan, G. H. Golub and R. J. LeVeque, The American Statistician 37 (1983).
struct PairedMoments: Sendable {
  private(set) var count = 0.0
  private var mean = 0.0
  private var controlMean = 0.0
  private var squares = 0.0
  private var products = 0.0
  private var controlSquares = 0.0

  mutating func add(_ value: Double, _ control: Double) {
    var one = PairedMoments()
    (one.count, one.mean, one.controlMean) = (1, value, control)
    add(one)
  }

  mutating func add(_ other: PairedMoments) {
    let total = count + other.count
    guard total > 0 else { return }
    let share = other.count / total
    let change = other.mean - mean
    let controlChange = other.controlMean - controlMean
    squares += other.squares + change * change * count * share
    products += other.products + change * controlChange * count * share
    controlSquares += other.controlSquares + controlChange * controlChange * count * share
    mean += change * share
    controlMean += controlChange * share
    count = total
  }

  /// The mean without what the control explains, and its standard error.
  var controlledMean: (mean: Double, standardError: Double) {
    guard count > 1 else { return (.nan, .infinity) }
    guard controlSquares > 0, count > 2 else {
      return (mean, (squares / (count - 1) / count).squareRoot())
    }
    let slope = products / controlSquares
    let rest = squares - slope * products
    let error = (rest < 0 ? 0 : rest) / (count - 2) / count
    return (mean - slope * controlMean, error.squareRoot())
  }
}
