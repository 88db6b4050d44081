// Arrays whose memory is kept while their contents change.

extension Array {
  /// Makes the array hold equal elements, in the memory that it has where that is enough.
  @inlinable
  package mutating func refill(_ count: Int, with element: Element) {
    if count == self.count {
      for i in indices { self[i] = element }
      return
    }
    removeAll(keepingCapacity: true)
    append(contentsOf: repeatElement(element, count: count))
  }

  /// Makes the array hold copies of the elements of another one, in the memory that it has.
  ///
  /// An assignment would share memory, and the next change would have to copy it.
  mutating func copyElements(of other: [Element]) {
    removeAll(keepingCapacity: true)
    append(contentsOf: other)
  }

  /// Sorts without further memory, by a heap: for orders without equals.
  mutating func heapSort(by isBefore: (Element, Element) -> Bool) {
    for start in stride(from: count / 2 - 1, through: 0, by: -1) { sink(start, count, isBefore) }
    for end in stride(from: count - 1, to: 0, by: -1) {
      swapAt(0, end)
      sink(0, end, isBefore)
    }
  }

  /// Lets an element down to its place in a heap with the last one first.
  private mutating func sink(
    _ start: Int,
    _ end: Int,
    _ isBefore: (Element, Element) -> Bool
  ) {
    var place = start
    while true {
      var child = 2 * place + 1
      if child >= end { return }
      if child + 1 < end && isBefore(self[child], self[child + 1]) { child += 1 }
      if !isBefore(self[place], self[child]) { return }
      swapAt(place, child)
      place = child
    }
  }
}

extension Array where Element: AdditiveArithmetic {
  /// Gives the array a number of elements; those that it had keep their values, others are zero.
  mutating func resize(_ count: Int) {
    if count < self.count { removeLast(self.count - count) }
    reach(count)
  }

  /// Makes the array at least so long.
  mutating func reach(_ count: Int) {
    if count > self.count {
      append(contentsOf: repeatElement(.zero, count: count - self.count))
    }
  }
}
