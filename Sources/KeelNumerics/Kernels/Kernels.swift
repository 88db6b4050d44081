import CKeelKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The only door of this module to the C kernels and to threads; `unsafe` stands nowhere else but in
/// this folder.
///
/// Every kernel can be told an instruction set, for tests and measurements.
package enum Kernels {
  /// The instruction set that a kernel uses.
  package enum Level: Int32, CaseIterable, Sendable {
    /// The best one of the processor.
    case automatic = 0
    /// What every processor of the family has.
    case baseline = 1
    /// AVX2 with fused multiply-add.
    case avx2 = 2
    /// AVX-512.
    case avx512 = 3

    /// The level that is used on this processor when this one is asked for.
    package var used: Level { Level(rawValue: keel_level_used(rawValue)) ?? .baseline }
  }

  /// A function of one variable that has a vector kernel.
  package enum Function: CaseIterable, Sendable {
    case exp, log, erf, erfc, scaledErfc, normalPDF, normalCDF, normalSurvival, normalQuantile
    case logGamma, digamma
  }

  private typealias Map =
    @convention(c) (
      UnsafePointer<Double>?, UnsafeMutablePointer<Double>?, Int, Int32
    ) -> Void

  private static func map(_ function: Function) -> Map {
    switch function {
    case .exp: unsafe keel_exp
    case .log: unsafe keel_log
    case .erf: unsafe keel_erf
    case .erfc: unsafe keel_erfc
    case .scaledErfc: unsafe keel_scaled_erfc
    case .normalPDF: unsafe keel_normal_pdf
    case .normalCDF: unsafe keel_normal_cdf
    case .normalSurvival: unsafe keel_normal_survival
    case .normalQuantile: unsafe keel_normal_quantile
    case .logGamma: unsafe keel_log_gamma
    case .digamma: unsafe keel_digamma
    }
  }

  /// Writes the function of each element of `x` to the same place of `output`.
  package static func apply(
    _ function: Function,
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>,
    level: Level = .automatic
  ) throws(NumericsError) {
    guard output.count == x.count else {
      throw .shapeMismatch(argument: "output", got: output.count, required: x.count)
    }
    let kernel = unsafe map(function)
    unsafe x.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe kernel(source.baseAddress, target.baseAddress, source.count, level.rawValue)
      }
    }
  }

  /// The function of each element of `x`.
  package static func apply(
    _ function: Function,
    _ x: [Double],
    level: Level = .automatic
  ) -> [Double] {
    var result = [Double](repeating: 0, count: x.count)
    let kernel = unsafe map(function)
    unsafe x.withUnsafeBufferPointer { source in
      unsafe result.withUnsafeMutableBufferPointer { target in
        unsafe kernel(source.baseAddress, target.baseAddress, source.count, level.rawValue)
      }
    }
    return result
  }

  /// One block of Philox4x32-10.
  package static func philox(
    key: UInt64,
    counterLow: UInt64,
    counterHigh: UInt64
  ) -> (UInt64, UInt64) {
    var words: (UInt64, UInt64) = (0, 0)
    unsafe withUnsafeMutableBytes(of: &words) { bytes in
      unsafe keel_philox(
        key, counterLow, counterHigh, bytes.baseAddress?.assumingMemoryBound(to: UInt64.self))
    }
    return words
  }

  /// The law of a random draw.
  package enum Draw: CaseIterable, Sendable {
    case uniform, normal
  }

  /// Writes consecutive draws of a stream.
  package static func fill(
    _ output: inout MutableSpan<Double>,
    with draw: Draw,
    of stream: RandomStream,
    from index: UInt64,
    level: Level = .automatic
  ) {
    unsafe output.withUnsafeMutableBufferPointer { target in
      switch draw {
      case .uniform:
        unsafe keel_fill_uniform(
          stream.seed, stream.stream, index, target.baseAddress, target.count, level.rawValue)
      case .normal:
        unsafe keel_fill_normal(
          stream.seed, stream.stream, index, target.baseAddress, target.count, level.rawValue)
      }
    }
  }

  /// One draw of a stream.
  package static func draw(_ draw: Draw, of stream: RandomStream, at index: UInt64) -> Double {
    var value = 0.0
    switch draw {
    case .uniform:
      unsafe keel_fill_uniform(
        stream.seed, stream.stream, index, &value, 1, Level.baseline.rawValue)
    case .normal:
      unsafe keel_fill_normal(stream.seed, stream.stream, index, &value, 1, Level.baseline.rawValue)
    }
    return value
  }

  /// The number of processors that this process may use.
  package static var availableProcessorCount: Int { Int(keel_available_processors()) }

  /// Runs `body` on the calling thread and on at most `helpers` new ones; returns when all ended.
  package static func runConcurrently(helpers: Int, _ body: @Sendable () -> Void) {
    withoutActuallyEscaping(body) { escaping in
      var work = Work(body: escaping)
      unsafe withUnsafeMutablePointer(to: &work) { pointer in
        _ = unsafe keel_run_concurrently(
          Int32(clamping: helpers),
          { context in unsafe context.assumingMemoryBound(to: Work.self).pointee.body() },
          UnsafeMutableRawPointer(pointer))
      }
    }
  }

  private struct Work {
    let body: @Sendable () -> Void
  }

  /// Calls `body` with a function that lends disjoint pieces of a span to several threads.
  ///
  /// The pieces of distinct ranges never overlap, and none outlives the call.
  package static func withPieces<Failure: Error>(
    of output: inout MutableSpan<Double>,
    _ body: (Pieces) throws(Failure) -> Void
  ) throws(Failure) {
    try unsafe output.withUnsafeMutableBufferPointer { buffer throws(Failure) in
      try body(unsafe Pieces(buffer: buffer))
    }
  }

  /// Storage that is lent to several threads, each in its own range.
  ///
  /// Unchecked, because the type system cannot see that the ranges of the pool's blocks are
  /// disjoint; the only user is the pool.
  @safe package struct Pieces: @unchecked Sendable {
    fileprivate let buffer: UnsafeMutableBufferPointer<Double>

    fileprivate init(buffer: UnsafeMutableBufferPointer<Double>) {
      unsafe self.buffer = unsafe buffer
    }

    /// Lends one range.
    package func lend<Failure: Error>(
      _ range: Range<Int>,
      _ body: (inout MutableSpan<Double>) throws(Failure) -> Void
    ) throws(Failure) {
      var piece = unsafe buffer.extracting(range).mutableSpan
      try body(&piece)
    }
  }
}

/// A value behind a lock of the C library.
///
/// In place of `Synchronization.Mutex`, whose slow path the thread sanitizer cannot see on Linux:
/// it would report a race for every use. Unchecked, because the value is only reached with the lock
/// held, which the type system cannot see.
@safe package final class Guarded<Value: Sendable>: @unchecked Sendable {
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  /// Creates the lock around a value.
  package init(_ value: Value) {
    self.value = value
    unsafe lock = UnsafeMutablePointer.allocate(capacity: 1)
    unsafe lock.initialize(to: pthread_mutex_t())
    unsafe pthread_mutex_init(lock, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(lock)
    unsafe lock.deinitialize(count: 1)
    unsafe lock.deallocate()
  }

  /// Runs a short function that alone may use the value.
  package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    return body(&value)
  }
}
