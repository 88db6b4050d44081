/// An open node of the tree.
struct TreeNode: Sendable {
  var box: DomainBox
  /// The point of the relaxation above, where the next one starts.
  var point: [Double]
  /// A lower bound of the objective in the box.
  var bound: Double
  /// The number of the node in the order in which nodes were made.
  var identifier: Int
}

/// The open nodes, the one with the least bound first; among equals the newest.
struct NodeQueue: Sendable {
  private var heap: [TreeNode] = []

  /// The least bound of an open node; +∞ when there is none.
  var leastBound: Double { heap.first?.bound ?? .infinity }

  private static func isBefore(_ left: TreeNode, _ right: TreeNode) -> Bool {
    left.bound == right.bound
      ? left.identifier > right.identifier : left.bound < right.bound
  }

  /// Adds a node.
  mutating func push(_ node: TreeNode) {
    heap.append(node)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard Self.isBefore(heap[child], heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the first node.
  mutating func pop() -> TreeNode? {
    guard heap.count > 1 else { return heap.popLast() }
    heap.swapAt(0, heap.count - 1)
    let result = heap.removeLast()
    var parent = 0
    while true {
      var first = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && Self.isBefore(heap[child], heap[first]) {
        first = child
      }
      if first == parent { break }
      heap.swapAt(parent, first)
      parent = first
    }
    return result
  }
}
