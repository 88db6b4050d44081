// A heap: what stands first is known after O(n), each next place costs O(log n), and no memory is
// taken once there was room for as many items. J. W. J. Williams, Algorithm 232, Communications of
// the ACM 7 (1964).

/// Items in the order of their keys, the largest first; of equal keys the smaller item.
struct Ranking {
  private struct Entry {
    var key: Double
    var item: Int

    func precedes(_ other: Entry) -> Bool {
      key == other.key ? item < other.item : key > other.key
    }
  }

  private var entries: [Entry] = []

  var count: Int { entries.count }

  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func reserve(_ count: Int) { entries.reserveCapacity(count) }

  /// Adds an item; ``arrange()`` comes before the first one is taken.
  mutating func append(_ item: Int, _ key: Double) { entries.append(Entry(key: key, item: item)) }

  mutating func arrange() {
    for place in stride(from: entries.count / 2 - 1, through: 0, by: -1) { sink(place) }
  }

  /// Takes the first item.
  mutating func popFirst() -> Int? {
    guard let first = entries.first else { return nil }
    let last = entries.removeLast()
    if !entries.isEmpty {
      entries[0] = last
      sink(0)
    }
    return first.item
  }

  private mutating func sink(_ start: Int) {
    var place = start
    let entry = entries[place]
    while true {
      var child = 2 * place + 1
      if child >= entries.count { break }
      if child + 1 < entries.count && entries[child + 1].precedes(entries[child]) { child += 1 }
      if !entries[child].precedes(entry) { break }
      entries[place] = entries[child]
      place = child
    }
    entries[place] = entry
  }
}
