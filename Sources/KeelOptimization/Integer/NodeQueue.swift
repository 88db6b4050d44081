/// An open node of the tree; its box and its point stand in the queue.
struct TreeNode: Sendable {
  /// A lower bound of the objective in the box.
  var bound: Double
  /// The number of the node in the order in which nodes were made.
  var identifier: Int
  /// Where its box and its point stand.
  fileprivate var slot: Int
}

/// The open nodes, the one with the least bound first; among equals the newest.
///
/// Boxes and points stand in one growing store, whose places are used again.
struct NodeQueue: Sendable {
  /// The number of variables.
  private let count: Int
  private var heap: [TreeNode] = []
  private var nextIdentifier = 0

  private var masks: [UInt8] = []
  private var lower: [Double] = []
  private var upper: [Double] = []
  /// The points of the relaxations above, where the next ones start.
  private var points: [Double] = []
  private var freeSlots: [Int] = []
  private var slotCount = 0

  init(count: Int) { self.count = count }

  /// The least bound of an open node; +∞ when there is none.
  var leastBound: Double { heap.first?.bound ?? .infinity }

  private static func isBefore(_ left: TreeNode, _ right: TreeNode) -> Bool {
    left.bound == right.bound
      ? left.identifier > right.identifier : left.bound < right.bound
  }

  /// Forgets all nodes; the memory stays.
  mutating func removeAll() {
    heap.removeAll(keepingCapacity: true)
    freeSlots.removeAll(keepingCapacity: true)
    slotCount = 0
    nextIdentifier = 0
  }

  /// Adds a node.
  ///
  /// - Parameters:
  ///   - box: What the node allows.
  ///   - point: The point of the relaxation above.
  ///   - bound: A lower bound.
  mutating func push(_ box: borrowing DomainBox, _ point: [Double], bound: Double) {
    let slot = takeSlot()
    let start = slot * count
    for i in 0..<count {
      masks[start + i] = box.mask[i]
      lower[start + i] = box.lower[i]
      upper[start + i] = box.upper[i]
      points[start + i] = point[i]
    }
    insert(TreeNode(bound: bound, identifier: nextIdentifier, slot: slot))
    nextIdentifier += 1
  }

  private mutating func takeSlot() -> Int {
    if let slot = freeSlots.popLast() { return slot }
    slotCount += 1
    if masks.count < slotCount * count {
      masks.append(contentsOf: repeatElement(0, count: count))
      lower.append(contentsOf: repeatElement(0, count: count))
      upper.append(contentsOf: repeatElement(0, count: count))
      points.append(contentsOf: repeatElement(0, count: count))
    }
    return slotCount - 1
  }

  private mutating func insert(_ node: TreeNode) {
    heap.append(node)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard Self.isBefore(heap[child], heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the first node; its box and its point stay until it is released or put back.
  mutating func pop() -> TreeNode? {
    guard heap.count > 1 else { return heap.popLast() }
    heap.swapAt(0, heap.count - 1)
    let result = heap.removeLast()
    var parent = 0
    while true {
      var first = parent
      for child in (2 * parent + 1)...(2 * parent + 2)
      where child < heap.count && Self.isBefore(heap[child], heap[first]) {
        first = child
      }
      if first == parent { break }
      heap.swapAt(parent, first)
      parent = first
    }
    return result
  }

  /// Copies the box and the point of a node.
  func copy(_ node: TreeNode, into box: inout DomainBox, _ point: inout [Double]) {
    let range = (node.slot * count)..<((node.slot + 1) * count)
    box.mask.removeAll(keepingCapacity: true)
    box.lower.removeAll(keepingCapacity: true)
    box.upper.removeAll(keepingCapacity: true)
    point.removeAll(keepingCapacity: true)
    box.mask.append(contentsOf: masks[range])
    box.lower.append(contentsOf: lower[range])
    box.upper.append(contentsOf: upper[range])
    point.append(contentsOf: points[range])
  }

  /// Opens a node again that was taken.
  mutating func putBack(_ node: TreeNode) { insert(node) }

  /// Gives up the place of a node that was taken.
  mutating func release(_ node: TreeNode) { freeSlots.append(node.slot) }
}
