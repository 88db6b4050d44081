import CKeelKernels

// The tails of the gamma and beta laws, and their inverses.

extension Kernels {
  /// A tail of the gamma or the beta law, or the inverse of one.
  package enum Tail: CaseIterable, Sendable {
    case lower, upper, inverseLower, inverseUpper

    fileprivate var isUpper: Int32 { self == .upper || self == .inverseUpper ? 1 : 0 }
    fileprivate var isInverse: Bool { self == .inverseLower || self == .inverseUpper }
  }

  private static func requireCount(
    _ argument: String,
    _ got: Int,
    _ required: Int
  ) throws(NumericsError) {
    guard got == required else {
      throw .shapeMismatch(argument: argument, got: got, required: required)
    }
  }

  /// Writes a tail of the gamma law, or its inverse, for each element of `x`.
  ///
  /// - Parameters:
  ///   - tail: Which function.
  ///   - a: The shapes, as many as `x` has elements.
  ///   - x: The arguments, or the probabilities of an inverse.
  ///   - output: The storage for the results.
  ///   - level: The instruction set.
  /// - Throws: `NumericsError.shapeMismatch` for different counts.
  package static func gamma(
    _ tail: Tail,
    _ a: Span<Double>,
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>,
    level: Level = .automatic
  ) throws(NumericsError) {
    try requireCount("a", a.count, x.count)
    try requireCount("output", output.count, x.count)
    unsafe a.withUnsafeBufferPointer { shapes in
      unsafe gamma(tail, shapes.baseAddress, 1, x, &output, level)
    }
  }

  /// The same with one shape for all.
  package static func gamma(
    _ tail: Tail,
    _ a: Double,
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>,
    level: Level = .automatic
  ) throws(NumericsError) {
    try requireCount("output", output.count, x.count)
    unsafe withUnsafePointer(to: a) { shape in
      unsafe gamma(tail, shape, 0, x, &output, level)
    }
  }

  /// A tail of the gamma law, or its inverse, for each element of `x`.
  package static func gamma(
    _ tail: Tail,
    _ a: Double,
    _ x: [Double],
    level: Level = .automatic
  ) -> [Double] {
    var result = [Double](repeating: 0, count: x.count)
    var output = result.mutableSpan
    unsafe withUnsafePointer(to: a) { shape in
      unsafe gamma(tail, shape, 0, x.span, &output, level)
    }
    return result
  }

  private static func gamma(
    _ tail: Tail,
    _ a: UnsafePointer<Double>?,
    _ step: Int,
    _ x: Span<Double>,
    _ output: inout MutableSpan<Double>,
    _ level: Level
  ) {
    let kernel = unsafe tail.isInverse ? keel_inverse_gamma : keel_regularized_gamma
    unsafe x.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe kernel(
          a, step, source.baseAddress, target.baseAddress, source.count, tail.isUpper,
          level.rawValue)
      }
    }
  }

  /// Writes a tail of the beta law, or its inverse, for each element of `x`.
  ///
  /// - Parameters:
  ///   - tail: Which function.
  ///   - x: The arguments, or the probabilities of an inverse.
  ///   - a: The first parameters, as many as `x` has elements.
  ///   - b: The second parameters, as many.
  ///   - output: The storage for the results.
  ///   - level: The instruction set.
  /// - Throws: `NumericsError.shapeMismatch` for different counts.
  package static func beta(
    _ tail: Tail,
    _ x: Span<Double>,
    _ a: Span<Double>,
    _ b: Span<Double>,
    into output: inout MutableSpan<Double>,
    level: Level = .automatic
  ) throws(NumericsError) {
    try requireCount("a", a.count, x.count)
    try requireCount("b", b.count, x.count)
    try requireCount("output", output.count, x.count)
    unsafe a.withUnsafeBufferPointer { first in
      unsafe b.withUnsafeBufferPointer { second in
        unsafe beta(tail, first.baseAddress, second.baseAddress, 1, x, &output, level)
      }
    }
  }

  /// The same with one pair of parameters for all.
  package static func beta(
    _ tail: Tail,
    _ x: Span<Double>,
    _ a: Double,
    _ b: Double,
    into output: inout MutableSpan<Double>,
    level: Level = .automatic
  ) throws(NumericsError) {
    try requireCount("output", output.count, x.count)
    unsafe withUnsafePointer(to: a) { first in
      unsafe withUnsafePointer(to: b) { second in
        unsafe beta(tail, first, second, 0, x, &output, level)
      }
    }
  }

  /// A tail of the beta law, or its inverse, for each element of `x`.
  package static func beta(
    _ tail: Tail,
    _ x: [Double],
    _ a: Double,
    _ b: Double,
    level: Level = .automatic
  ) -> [Double] {
    var result = [Double](repeating: 0, count: x.count)
    var output = result.mutableSpan
    unsafe withUnsafePointer(to: a) { first in
      unsafe withUnsafePointer(to: b) { second in
        unsafe beta(tail, first, second, 0, x.span, &output, level)
      }
    }
    return result
  }

  private static func beta(
    _ tail: Tail,
    _ a: UnsafePointer<Double>?,
    _ b: UnsafePointer<Double>?,
    _ step: Int,
    _ x: Span<Double>,
    _ output: inout MutableSpan<Double>,
    _ level: Level
  ) {
    let kernel = unsafe tail.isInverse ? keel_inverse_beta : keel_regularized_beta
    unsafe x.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe kernel(
          a, b, step, source.baseAddress, target.baseAddress, source.count, tail.isUpper,
          level.rawValue)
      }
    }
  }
}
