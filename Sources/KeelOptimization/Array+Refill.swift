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
}
