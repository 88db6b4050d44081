/// Runs independent pieces of work on a bounded number of threads and waits for them.
///
/// The work is cut at fixed places that do not depend on the number of threads, so that a result
/// which is combined in block order has the same bits for any width. Calls are synchronous and
/// leave nothing behind: helper threads live as long as one call, have stacks of 2 MiB and block
/// signals. The pool never runs more than `width − 1` helpers at a time, however many callers share
/// it; a call that finds none free, for example one inside a block, works on its own thread alone
/// and cannot deadlock.
///
/// A call occupies its caller until the work is done. From a task, prefer a thread of your own for
/// work that takes longer than a few milliseconds.
///
/// ```swift
/// let pool = BoundedPool(width: 4)
/// let sums = pool.blockResults(count: values.count, blockLength: 4096) { range in
///   range.reduce(0) { $0 + values[$1] }
/// }
/// let total = sums.reduce(0, +)
/// ```
public final class BoundedPool: Sendable {
  /// The largest width of a pool.
  public static let maximumWidth = 64

  /// The number of processors this process may use, from its affinity mask and its CPU quota.
  ///
  /// Read anew at each access.
  public static var availableProcessorCount: Int { Kernels.availableProcessorCount }

  /// The most threads that work at a time for one caller, the caller's own included.
  public let width: Int

  private let freeHelpers: Guarded<Int>

  /// Creates a pool.
  ///
  /// - Parameter width: The most threads, the caller's own included; brought into the range from 1
  ///   to `maximumWidth`. By default `availableProcessorCount`.
  public init(width: Int? = nil) {
    let wanted = width ?? Self.availableProcessorCount
    self.width = min(max(wanted, 1), Self.maximumWidth)
    freeHelpers = Guarded(self.width - 1)
  }

  /// Calls a function for each block of a range of indices.
  ///
  /// Blocks are handed out in order. After an error, or when the calling task is cancelled, no
  /// further block is handed out, and the call returns when the running ones have ended. As every
  /// block before a failed one has run, the error thrown is the one that a loop would have met
  /// first.
  ///
  /// - Parameters:
  ///   - count: The number of indices; none below 1.
  ///   - blockLength: The length of a block, at least 1; the last block may be shorter.
  ///   - body: The work on the indices of a block.
  /// - Returns: Whether every block ran; false only after a cancellation.
  /// - Throws: The error of the first block that failed.
  /// - Complexity: Starting a helper takes some 10 µs; give a call at least a few times that.
  @discardableResult
  public func forEachBlock<Failure: Error>(
    count: Int,
    blockLength: Int,
    body: @Sendable (Range<Int>) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    let blocks = Blocks(count: count, length: blockLength)
    let run = Run<Failure>(blockCount: blocks.count)
    let helpers = takeHelpers(atMost: blocks.count - 1)
    Kernels.runConcurrently(helpers: helpers) {
      run.work { block throws(Failure) in try body(blocks[block]) }
    }
    returnHelpers(helpers)
    return try run.finish()
  }

  /// Calls a function for each block of a range of indices and collects what it returns.
  ///
  /// - Parameters:
  ///   - count: The number of indices; none below 1.
  ///   - blockLength: The length of a block, at least 1; the last block may be shorter.
  ///   - body: The work on the indices of a block.
  /// - Returns: The results in block order; only the leading ones when the calling task was
  ///   cancelled.
  /// - Throws: The error of the first block that failed.
  public func blockResults<Result: Sendable, Failure: Error>(
    count: Int,
    blockLength: Int,
    body: @Sendable (Range<Int>) throws(Failure) -> Result
  ) throws(Failure) -> [Result] {
    let blocks = Blocks(count: count, length: blockLength)
    let results = Collected<Result>()
    try forEachBlock(count: blocks.count, blockLength: 1) { range throws(Failure) in
      for block in range { results.set(try body(blocks[block]), at: block) }
    }
    return results.inOrder
  }

  /// Calls a function for each block of a span, with exclusive access to that block.
  ///
  /// - Parameters:
  ///   - output: The storage to work on.
  ///   - blockLength: The length of a block, at least 1; the last block may be shorter.
  ///   - body: The work on a block: the index of its first element in `output`, and the block.
  /// - Returns: Whether every block ran; false only after a cancellation.
  /// - Throws: The error of the first block that failed.
  @discardableResult
  public func forEachBlock<Failure: Error>(
    of output: inout MutableSpan<Double>,
    blockLength: Int,
    body: @Sendable (Int, inout MutableSpan<Double>) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    let count = output.count
    var complete = true
    try Kernels.withPieces(of: &output) { pieces throws(Failure) in
      complete = try forEachBlock(count: count, blockLength: blockLength) {
        range throws(Failure) in
        try pieces.lend(range) { piece throws(Failure) in try body(range.lowerBound, &piece) }
      }
    }
    return complete
  }

  private func takeHelpers(atMost wanted: Int) -> Int {
    freeHelpers.withLock { free in
      let taken = min(max(wanted, 0), free)
      free -= taken
      return taken
    }
  }

  private func returnHelpers(_ taken: Int) {
    if taken > 0 { freeHelpers.withLock { $0 += taken } }
  }
}

/// The fixed places at which a range of indices is cut.
private struct Blocks: Sendable {
  private let total: Int
  private let length: Int
  let count: Int

  init(count: Int, length: Int) {
    total = max(count, 0)
    self.length = max(length, 1)
    self.count = total == 0 ? 0 : (total - 1) / self.length + 1
  }

  subscript(block: Int) -> Range<Int> {
    let start = block * length
    return start..<(start + min(length, total - start))
  }
}

/// What the threads of one call share.
private final class Run<Failure: Error>: Sendable {
  private struct State: Sendable {
    var next = 0
    var stopped = false
    var failedBlock = Int.max
    var failure: Failure?
  }

  private let blockCount: Int
  private let state = Guarded(State())

  init(blockCount: Int) { self.blockCount = blockCount }

  /// Takes blocks until there are none.
  func work(_ body: (Int) throws(Failure) -> Void) {
    while let block = take() {
      do throws(Failure) {
        try body(block)
      } catch {
        record(error, of: block)
      }
    }
  }

  /// The next block; only the calling thread belongs to a task, so it is the one that learns of a
  /// cancellation.
  private func take() -> Int? {
    let cancelled = Task.isCancelled
    return state.withLock { state in
      if cancelled { state.stopped = true }
      guard !state.stopped, state.next < blockCount else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  private func record(_ error: Failure, of block: Int) {
    state.withLock { state in
      state.stopped = true
      if block < state.failedBlock {
        state.failedBlock = block
        state.failure = error
      }
    }
  }

  /// Throws the first error, or tells whether every block ran.
  func finish() throws(Failure) -> Bool {
    let (failure, complete) = state.withLock { ($0.failure, $0.next == blockCount) }
    if let failure { throw failure }
    return complete
  }
}

/// Results that arrive in any order.
private final class Collected<Result: Sendable>: Sendable {
  private let results = Guarded<[Int: Result]>([:])

  func set(_ result: Result, at block: Int) { results.withLock { $0[block] = result } }

  var inOrder: [Result] {
    results.withLock { results in
      results.sorted { $0.key < $1.key }.map(\.value)
    }
  }
}
