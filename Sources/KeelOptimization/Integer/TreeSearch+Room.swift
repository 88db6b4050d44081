extension TreeSearch {
  /// Room for what lives during one step of the search.
  struct Room {
    var node = DomainBox()
    var first = DomainBox()
    var second = DomainBox()
    var pattern = DomainBox()
    var rounding = DomainBox()
    var trial = DomainBox()
    var point: [Double] = []
    var lotPoint: [Double] = []
    var linear: [Double] = []
    var diagonal: [Double] = []
    var product: [Double] = []
    var products: [Double] = []
    var sizes: [Double] = []
    var order: [Int] = []
    var places: [Int] = []
    /// The names that an exchange takes out and brings in.
    var leaving: [Int] = []
    var entering: [WantedName] = []
    /// What a unit of curvature of each variable adds to the relaxation.
    var gains: [Double] = []
    var nextDiagonal: [Double] = []
    /// The best diagonal of a search for one, with the point of its relaxation.
    var chosenDiagonal: [Double] = []
    var chosenPoint: [Double] = []

    /// Takes the memory for a number of variables and of limits.
    init(count: Int, limitCount: Int) {
      node.reserveCapacity(count, limitCount: limitCount)
      first.reserveCapacity(count, limitCount: limitCount)
      second.reserveCapacity(count, limitCount: limitCount)
      pattern.reserveCapacity(count, limitCount: limitCount)
      rounding.reserveCapacity(count, limitCount: limitCount)
      trial.reserveCapacity(count, limitCount: limitCount)
      point.reserveCapacity(count)
      lotPoint.reserveCapacity(count)
      linear.reserveCapacity(count)
      diagonal.reserveCapacity(count)
      sizes.reserveCapacity(count)
      order.reserveCapacity(count)
      places.reserveCapacity(limitCount)
      leaving.reserveCapacity(count)
      entering.reserveCapacity(count)
      gains.reserveCapacity(count)
      nextDiagonal.reserveCapacity(count)
      chosenDiagonal.reserveCapacity(count)
      chosenPoint.reserveCapacity(count)
    }
  }
}
