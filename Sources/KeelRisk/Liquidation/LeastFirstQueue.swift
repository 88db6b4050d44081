// A binary heap: J. Williams, "Algorithm 232: heapsort", Communications of the ACM 7 (1964).

/// Elements that are taken by their value, the least first; of equal ones that which came first.
struct LeastFirstQueue<Element> {
  private struct Entry {
    let value: Double
    /// How many came before.
    let number: Int
    let element: Element

    func isBefore(_ other: Entry) -> Bool {
      value == other.value ? number < other.number : value < other.value
    }
  }

  private var entries: [Entry] = []
  private var count = 0

  /// The least value; nil where no element is left.
  var least: Double? { entries.first?.value }

  /// Adds an element.
  mutating func insert(_ element: Element, at value: Double) {
    entries.append(Entry(value: value, number: count, element: element))
    count += 1
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child].isBefore(entries[parent]) else { break }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the first element.
  mutating func takeFirst() -> Element? {
    guard entries.count > 1 else { return entries.popLast()?.element }
    entries.swapAt(0, entries.count - 1)
    let first = entries.removeLast()
    var parent = 0
    while true {
      var before = parent
      for child in (2 * parent + 1)...(2 * parent + 2)
      where child < entries.count && entries[child].isBefore(entries[before]) {
        before = child
      }
      if before == parent { break }
      entries.swapAt(parent, before)
      parent = before
    }
    return first.element
  }
}
