import Foundation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Synchronization
import Testing

/// Runs work on some threads of the operating system at once and waits for all of them.
func onThreads(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
  let group = DispatchGroup()
  for index in 0..<count {
    group.enter()
    let thread = Thread {
      work(index)
      group.leave()
    }
    thread.stackSize = 1 << 20
    thread.start()
  }
  group.wait()
}

/// The problems of the hammer test, and a hash of the bits of every answer.
struct Hammer: Sendable {
  let definite: [SymmetricMatrix]
  let general: [Matrix]
  static let orders = [3, 17, 40]

  init() throws {
    var generator = SeededGenerator(seed: 2024)
    var definite: [SymmetricMatrix] = []
    var general: [Matrix] = []
    for order in Self.orders {
      definite.append(try randomPositiveDefinite(order: order, using: &generator))
      general.append(try randomMatrix(order, order, using: &generator))
    }
    self.definite = definite
    self.general = general
  }

  /// One factorization and solve, or a product; the kind follows from the index.
  func answer(_ index: Int) throws -> UInt64 {
    let size = index % Self.orders.count
    let a = definite[size]
    let g = general[size]
    let b = [Double](repeating: 1, count: a.order)
    return switch (index / Self.orders.count) % 7 {
    case 0: hash(try Cholesky(a).solve(b))
    case 1: hash(try LDL(a).solve(b))
    case 2: hash(try LU(g).solve(b))
    case 3: hash(try SymmetricEigen(a).vectors.columnMajorElements)
    case 4: hash(try (g * g).columnMajorElements)
    case 5: hash(try SVD(g).values)
    default: hash(try LeastSquares(g, b).solution)
    }
  }

  private func hash(_ numbers: [Double]) -> UInt64 {
    numbers.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ $1.bitPattern) &* 0x0000_0100_0000_01b3 }
  }
}

@Suite(.serialized) struct ConcurrencyTests {
  init() { #expect(oneBLASThread) }

  #if DEBUG
    static let callsPerThread = 60
  #else
    static let callsPerThread = 1000
  #endif

  @Test(arguments: [64, 300])
  func manyCallersGetTheBitsOfOne(threadCount: Int) throws {
    #expect(oneBLASThread)
    let hammer = try Hammer()
    let kinds = 21
    let expected = try (0..<kinds).map { try hammer.answer($0) }
    let calls = threadCount > 64 ? Self.callsPerThread / 10 : Self.callsPerThread
    let wrong = Atomic<Int>(0)
    let failed = Atomic<Int>(0)
    onThreads(threadCount) { thread in
      for call in 0..<calls {
        let index = (thread &* 5 &+ call) % kinds
        do {
          let answer = try hammer.answer(index)
          if answer != expected[index] { wrong.add(1, ordering: .relaxed) }
        } catch {
          failed.add(1, ordering: .relaxed)
        }
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
    #expect(failed.load(ordering: .relaxed) == 0)
  }

  @Test func configureReadsTheCountBack() throws {
    try LinearAlgebra.configure(threads: 1)
    let information = LinearAlgebra.runtimeInformation
    #expect(information.threadCount == 1)
    #expect(information.integerWidth == 32)
    #expect(information.configuration.contains("OpenBLAS"))
    #expect(!information.coreName.isEmpty)
    for threads in [0, -1, .min, .max] {
      #expect(throws: LinearAlgebraError.self) { try LinearAlgebra.configure(threads: threads) }
    }
  }

  // In a process of its own: raising the count while other tests compute is what not to do.
  @Test func refusesMoreThreadsThanTheLibraryHasRoomFor() async {
    await #expect(processExitsWith: .success) {
      try LinearAlgebra.configure(threads: 1)
      #expect(throws: LinearAlgebraError.self) { try LinearAlgebra.configure(threads: 1000) }
      #expect(LinearAlgebra.runtimeInformation.threadCount == 1)
    }
  }

  // In a process of its own, with two BLAS threads: callers queue instead of slowing each other
  // down by orders of magnitude, and get the bits of one caller with two threads.
  @Test(.timeLimit(.minutes(1))) func callersQueueWhenBLASHasMoreThreads() async {
    await #expect(processExitsWith: .success) {
      try LinearAlgebra.configure(threads: 2)
      let hammer = try Hammer()
      let expected = try (0..<21).map { try hammer.answer($0) }
      let wrong = Atomic<Int>(0)
      onThreads(8) { thread in
        for call in 0..<42 {
          let index = (thread &* 5 &+ call) % 21
          if (try? hammer.answer(index)) != expected[index] { wrong.add(1, ordering: .relaxed) }
        }
      }
      #expect(wrong.load(ordering: .relaxed) == 0)
    }
  }
}
