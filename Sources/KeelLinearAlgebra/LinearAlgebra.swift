import KeelNumerics

/// The BLAS library under this module: what it is and how many threads it uses.
public enum LinearAlgebra {
  /// What the loaded BLAS library says about itself.
  ///
  /// Reads the library at each access; nothing is kept.
  public static var runtimeInformation: RuntimeInformation {
    RuntimeInformation(
      configuration: Runtime.configuration,
      coreName: Runtime.coreName,
      threadCount: Runtime.threadCount,
      integerWidth: Runtime.integerWidth,
      threading: RuntimeInformation.Threading(code: Runtime.threading))
  }

  /// Sets how many threads one BLAS call may use, in the whole process, and checks the library.
  ///
  /// Call it once at start, before other threads compute: `configure(threads: 1)` for a server or
  /// for anything that computes from several threads. The setting belongs to the process, so it
  /// also holds for other code that uses the same library. Keel never changes it on its own;
  /// without this call the library's default stands, which is one thread a core or
  /// `OPENBLAS_NUM_THREADS`.
  ///
  /// - Parameter threads: The number of threads, at least 1. One is what the promises about equal
  ///   bits and about many callers are given for.
  /// - Throws: `countOutOfRange` when the number is outside 1...1024; `libraryFault` when the
  ///   library ignored the setting (an OpenMP build needs `OMP_NUM_THREADS` as well), reads
  ///   integers of another width or fails to solve a known system.
  public static func configure(threads: Int) throws(LinearAlgebraError) {
    let allowed = 1...largestThreadCount
    guard allowed.contains(threads) else {
      throw .countOutOfRange(argument: "threads", got: threads, allowed: allowed)
    }
    try checkLibrary()
    let before = Runtime.threadCount
    Runtime.setThreadCount(Int32(truncatingIfNeeded: threads))
    let actual = Runtime.threadCount
    guard actual == threads else {
      Runtime.setThreadCount(Int32(truncatingIfNeeded: before))
      throw .libraryFault(operation: "setting the number of BLAS threads", code: actual)
    }
  }

  /// Above every build of the library: the usual ones have room for 64 or 128 threads.
  private static let largestThreadCount = 1024

  /// The width of the integers that Keel passes.
  private static let requiredIntegerWidth = 32

  /// Far above rounding, far below what swapped arguments or a broken kernel would give.
  private static let selfCheckTolerance = 1e-12

  private static func checkLibrary() throws(LinearAlgebraError) {
    let width = Runtime.integerWidth
    guard width == requiredIntegerWidth else {
      throw .libraryFault(operation: "integer width of the BLAS library", code: width)
    }
    // det = 5, so the solution is (4/5, 7/5); each has one rounding of its own.
    let matrix = Matrix(uncheckedRowCount: 2, columnCount: 2, storage: [2, 1, 1, 3])
    let solution = try LU(matrix).solve([3, 5])
    let error = Swift.max((solution[0] - 0.8).magnitude, (solution[1] - 1.4).magnitude)
    guard error <= selfCheckTolerance else {
      throw .libraryFault(operation: "solving a known system of order 2", code: 0)
    }
  }
}

/// What the loaded BLAS library says about itself.
public struct RuntimeInformation: Hashable, Sendable {
  /// How the library was built to use threads.
  public enum Threading: Hashable, Sendable {
    /// Without threads.
    case serial
    /// With its own pool of threads.
    case native
    /// With OpenMP, whose own settings also count.
    case openMP
    /// With a code that Keel does not know.
    case unknown(code: Int)

    init(code: Int) {
      switch code {
      case 0: self = .serial
      case 1: self = .native
      case 2: self = .openMP
      default: self = .unknown(code: code)
      }
    }
  }

  /// The build string: version, options, processor family, largest number of threads.
  public let configuration: String

  /// The processor family whose kernels run; results can differ in the last bits between families.
  public let coreName: String

  /// The number of threads that one call may use now, in the whole process.
  public let threadCount: Int

  /// The width of the integers that the library reads: 32, which Keel needs, or 64.
  public let integerWidth: Int

  /// How the library was built to use threads.
  public let threading: Threading
}
