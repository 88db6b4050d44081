import CKeelKernels

extension Kernels {
  /// An array whose elements are written by a function, without being set to zero before.
  ///
  /// Large arrays ask the system for large pages: touching 400 MB for the first time then costs a tenth.
  ///
  /// - Parameters:
  ///   - count: The number of elements; none below 1.
  ///   - write: Writes every element; what it leaves out is any number.
  /// - Returns: The array.
  /// - Throws: What the function throws.
  package static func array<Failure: Error>(
    count: Int,
    _ write: (inout MutableSpan<Double>) throws(Failure) -> Void
  ) throws(Failure) -> [Double] {
    var failure: Failure?
    let values = unsafe [Double](unsafeUninitializedCapacity: max(count, 0)) { buffer, written in
      let length = max(count, 0)
      if length * MemoryLayout<Double>.stride >= leastAdvisedByteCount {
        unsafe keel_prefer_large_pages(
          buffer.baseAddress, length * MemoryLayout<Double>.stride)
      }
      var span = unsafe MutableSpan(_unsafeElements: buffer.extracting(0..<length))
      do throws(Failure) {
        try write(&span)
        written = length
      } catch {
        failure = error
        written = 0
      }
    }
    if let failure { throw failure }
    return values
  }

  private static let leastAdvisedByteCount = 8 << 20
}
