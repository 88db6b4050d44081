import KeelNumerics
import KeelTestSupport
import Synchronization
import Testing

@Suite struct BoundedPoolTests {
  private struct Failed: Error, Hashable { let block: Int }

  @Test(arguments: [1, 2, 3, 8, 64], [0, 1, 7, 64, 1000])
  func runsEveryIndexOnce(width: Int, count: Int) {
    let pool = BoundedPool(width: width)
    for blockLength in [1, 7, 64, 2000, Int.max] {
      let total = Atomic(0)
      let complete = pool.forEachBlock(count: count, blockLength: blockLength) { range in
        #expect(range.lowerBound % blockLength == 0 && range.count <= blockLength)
        total.add(range.reduce(0, +), ordering: .relaxed)
      }
      #expect(complete && total.load(ordering: .relaxed) == count * (count - 1) / 2)
      let indices = pool.blockResults(count: count, blockLength: blockLength) { Array($0) }
      #expect(indices.flatMap { $0 } == Array(0..<count))
    }
  }

  @Test func widthNeverChangesABit() {
    var generator = SeededGenerator(seed: 3)
    let values = (0..<100_003).map { _ in generator.gaussian() }
    let sums = [1, 2, 5, 64].map { width in
      BoundedPool(width: width).blockResults(count: values.count, blockLength: 1024) { range in
        range.reduce(0.0) { $0 + values[$1] }
      }.reduce(0, +).bitPattern
    }
    #expect(Set(sums).count == 1)
  }

  @Test func resultsComeInBlockOrder() {
    let results = BoundedPool(width: 8).blockResults(count: 1001, blockLength: 10) {
      $0.lowerBound
    }
    #expect(results == Array(stride(from: 0, to: 1001, by: 10)))
  }

  @Test(arguments: 1...50)
  func throwsTheFirstErrorByOrder(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let failing = Set((0..<5).map { _ in Int.random(in: 0..<300, using: &generator) })
    let pool = BoundedPool(width: 1 + seed % 9)
    #expect(throws: Failed(block: failing.min() ?? 0)) {
      try pool.forEachBlock(count: 300, blockLength: 1) { range throws(Failed) in
        if failing.contains(range.lowerBound) { throw Failed(block: range.lowerBound) }
      }
    }
    #expect(throws: Failed(block: failing.min() ?? 0)) {
      _ = try pool.blockResults(count: 300, blockLength: 1) { range throws(Failed) -> Int in
        if failing.contains(range.lowerBound) { throw Failed(block: range.lowerBound) }
        return 0
      }
    }
  }

  @Test func stopsHandingOutBlocksAfterAnError() {
    let ran = Atomic(0)
    let pool = BoundedPool(width: 4)
    #expect(throws: Failed(block: 0)) {
      try pool.forEachBlock(count: 1_000_000, blockLength: 1) { range throws(Failed) in
        if range.lowerBound == 0 { throw Failed(block: 0) }
        ran.add(1, ordering: .relaxed)
      }
    }
    #expect(ran.load(ordering: .relaxed) < 1_000_000)
  }

  @Test func stopsWhenTheTaskIsCancelled() async {
    let task = Task {
      // The task cancels itself, so that nothing depends on timing.
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      let pool = BoundedPool(width: 1)
      let ran = Atomic(0)
      let complete = pool.forEachBlock(count: 100, blockLength: 1) { _ in
        ran.add(1, ordering: .relaxed)
      }
      let results = pool.blockResults(count: 100, blockLength: 1) { $0.lowerBound }
      return (complete, ran.load(ordering: .relaxed), results.count)
    }
    let (complete, ran, results) = await task.value
    #expect(!complete && ran == 0 && results == 0)
  }

  @Test func neverExceedsItsWidth() {
    let pool = BoundedPool(width: 3)
    let running = Atomic(0)
    let most = Atomic(0)
    pool.forEachBlock(count: 400, blockLength: 1) { _ in
      let now = running.add(1, ordering: .sequentiallyConsistent).newValue
      most.max(now, ordering: .relaxed)
      var x = 1.0
      for _ in 0..<2000 { x = x * 1.0000001 }
      #expect(x > 1)
      running.subtract(1, ordering: .sequentiallyConsistent)
    }
    #expect(most.load(ordering: .relaxed) <= 3)
  }

  @Test func nestedCallsEnd() {
    let pool = BoundedPool(width: 4)
    let total = Atomic(0)
    pool.forEachBlock(count: 20, blockLength: 1) { _ in
      pool.forEachBlock(count: 20, blockLength: 3) { range in
        pool.forEachBlock(count: range.count, blockLength: 1) { inner in
          total.add(inner.count, ordering: .relaxed)
        }
      }
    }
    #expect(total.load(ordering: .relaxed) == 400)
  }

  @Test func sharedPoolGivesEveryCallerItsOwnResult() async {
    let pool = BoundedPool(width: 4)
    let stream = RandomStream(seed: 4)
    let expected = stream.uniform(at: 10)
    await withTaskGroup(of: [Int].self) { group in
      for caller in 0..<64 {
        group.addTask {
          pool.blockResults(count: 200, blockLength: 7) { range in
            stream.uniform(at: 10) == expected ? range.lowerBound + caller : -1
          }
        }
      }
      for await results in group {
        let first = results.first ?? -1
        #expect(results == stride(from: 0, to: 200, by: 7).map { $0 + first })
      }
    }
  }

  @Test(arguments: [1, 2, 7, 64])
  func blocksOfASpanAreFilledInPlace(width: Int) throws {
    let stream = RandomStream(seed: 9, stream: 2)
    let expected = try stream.normals(count: 10_007, from: 5)
    var draws = [Double](repeating: 0, count: 10_007)
    var span = draws.mutableSpan
    let complete = BoundedPool(width: width).forEachBlock(of: &span, blockLength: 129) {
      start, block in
      stream.fillNormal(&block, from: 5 + UInt64(start))
    }
    #expect(complete && draws == expected)
    #expect(throws: Failed(block: 129)) {
      var span = draws.mutableSpan
      try BoundedPool(width: width).forEachBlock(of: &span, blockLength: 129) {
        start, _ throws(Failed) in
        if start >= 129 { throw Failed(block: start) }
      }
    }
  }

  @Test func hostileArgumentsHaveDefinedResults() {
    #expect(BoundedPool(width: -5).width == 1)
    #expect(BoundedPool(width: .max).width == BoundedPool.maximumWidth)
    #expect((1...64).contains(BoundedPool().width))
    #expect(BoundedPool.availableProcessorCount >= 1)
    let pool = BoundedPool(width: 2)
    #expect(pool.blockResults(count: -3, blockLength: 1) { $0 }.isEmpty)
    #expect(pool.blockResults(count: .min, blockLength: .min) { $0 }.isEmpty)
    #expect(pool.blockResults(count: 3, blockLength: 0) { $0 } == [0..<1, 1..<2, 2..<3])
    #expect(pool.blockResults(count: .max, blockLength: .max) { $0 } == [0..<Int.max])
    let half = Int.max / 2 + 1
    #expect(
      pool.blockResults(count: .max, blockLength: half) { $0 } == [0..<half, half..<Int.max])
  }
}
