public import KeelNumerics

// Goals in order: the same results for any number of threads, the error that a loop would have met first, speed. Points
// are handed out one at a time, in order, by the library's bounded pool; results stand in the order of the grid.

/// Runs a function at every point of a grid, on several threads.
///
/// ```swift
/// let results = try ParameterSweep(grid: grid).run { point throws(BacktestingError) in
///   try backtest(lookback: point["lookback"] ?? 20)
/// }
/// ```
public struct ParameterSweep: Sendable {
  /// The points.
  public let grid: ParameterGrid

  /// The threads.
  public let pool: BoundedPool

  /// Creates a sweep.
  ///
  /// - Parameters:
  ///   - grid: The points.
  ///   - pool: The threads; by default one for each processor.
  public init(grid: ParameterGrid, pool: BoundedPool = BoundedPool()) {
    self.grid = grid
    self.pool = pool
  }

  /// Runs a function at every point.
  ///
  /// The results have the same bits for any number of threads when the function depends on its point
  /// alone.
  ///
  /// - Parameters:
  ///   - progress: Called after each point with the number of points done and of all points. Calls
  ///     come from any thread, never two at a time, and the number rises by one each time. It must
  ///     be short and must not start a sweep.
  ///   - body: The work at a point. It must not depend on the order of the points.
  /// - Returns: The results in the order of the grid.
  /// - Throws: `SweepError.failed` with the first point in the grid's order that failed and its
  ///   error; `SweepError.cancelled` when the calling task was cancelled: no further point is
  ///   started then, and those that run are waited for.
  public func run<Result: Sendable, Failure: Error>(
    progress: (@Sendable (_ done: Int, _ all: Int) -> Void)? = nil,
    body: @Sendable (ParameterGrid.Point) throws(Failure) -> Result
  ) throws(SweepError<Failure>) -> [Result] {
    let done = Guarded(0)
    let results = try pool.blockResults(count: grid.count, blockLength: 1) {
      range throws(SweepError<Failure>) in
      let point = grid[range.lowerBound]
      let result: Result
      do throws(Failure) {
        result = try body(point)
      } catch {
        throw SweepError.failed(point: point, error: error)
      }
      guard let progress else { return result }
      done.withLock { count in
        count += 1
        progress(count, grid.count)
      }
      return result
    }
    guard results.count == grid.count else { throw .cancelled(done: results.count) }
    return results
  }
}

/// Why a sweep has no results.
public enum SweepError<Failure: Error>: Error {
  /// The function failed at a point, the first in the grid's order.
  case failed(point: ParameterGrid.Point, error: Failure)

  /// The calling task was cancelled; so many leading points were done.
  case cancelled(done: Int)
}

extension SweepError: Equatable where Failure: Equatable {}
