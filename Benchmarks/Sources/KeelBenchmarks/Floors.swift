import CBenchmarkSupport

/// The lower limits: the bare library call, or one pass over memory; a case may name another case as its limit too.
let floorCases: [Case] =
  [100, 500, 1000, 2000].map { dpotrfFloor(order: $0) }
  + [100, 500, 1000].map { dsyevdFloor(order: $0) }
  + [(1000, 100), (5000, 1000)].map { dsyevdFloor(rows: $0.0, columns: $0.1) }
  + [
    (1000, 100), (1000, 500), (2500, 200), (5000, 1000), (10_000, 50), (10_000, 500),
  ].map {
    dsyrkFloor(rows: $0.0, columns: $0.1)
  }
  + [100, 1000].map { dgemmFloor(order: $0) } + [dsyrFloor(order: 1000)]
  + [2_500_000, 5_500_000, 10_500_000].map { copyFloor(count: $0) }
  + [
    copyFloor(count: 1_000_000), libmFloor("exp", bench_libm_exp),
    libmFloor("erfc", bench_libm_erfc), fixedWeightsFloor(rows: 2520, columns: 20),
    libmPriceFloor, batchPricesFloor, historicalRiskFloor(rows: 2500, columns: 500),
  ]

/// Memory that belongs to a floor until the program ends.
private func buffer(_ values: [Double]) -> UnsafeMutablePointer<Double> {
  let pointer = UnsafeMutablePointer<Double>.allocate(capacity: max(values.count, 1))
  pointer.initialize(from: values, count: values.count)
  return pointer
}

private func dpotrfFloor(order n: Int) -> Case {
  Case(name: "blas/dpotrf/\(n)") {
    let source = buffer(Inputs.positiveDefinite(order: n))
    let work = buffer([Double](repeating: 0, count: n * n))
    return .init(run: {
      bench_copy(work, source, UInt64(n * n))
      guard bench_dpotrf(Int32(n), work) == 0 else { throw BenchmarkError("dpotrf failed") }
    })
  }
}

private func dsyevdFloor(order n: Int) -> Case {
  dsyevdFloor("blas/dsyevd/\(n)", order: n) { Inputs.positiveDefinite(order: n) }
}

/// Of the products of the returns: how many eigenvalues are equal to rounding decides the time.
private func dsyevdFloor(rows: Int, columns n: Int) -> Case {
  dsyevdFloor("blas/dsyevd/\(rows)x\(n)", order: n) {
    let returns = buffer(Inputs.returns(rows: rows, columns: n))
    let product = buffer([Double](repeating: 0, count: n * n))
    bench_dsyrk_transposed(Int32(n), Int32(rows), returns, product)
    return (0..<(n * n)).map { product[$0] / Double(rows) }
  }
}

private func dsyevdFloor(_ name: String, order n: Int, _ elements: @escaping () -> [Double]) -> Case
{
  Case(name: name) {
    let source = buffer(elements())
    let matrix = buffer([Double](repeating: 0, count: n * n))
    let values = buffer([Double](repeating: 0, count: n))
    var (doubles, integers): (Int32, Int32) = (0, 0)
    bench_dsyevd_sizes(Int32(n), &doubles, &integers)
    let work = buffer([Double](repeating: 0, count: Int(doubles)))
    let integerWork = UnsafeMutablePointer<Int32>.allocate(capacity: Int(integers))
    let (workCount, integerCount) = (doubles, integers)
    return .init(run: {
      bench_copy(matrix, source, UInt64(n * n))
      let info = bench_dsyevd(
        Int32(n), matrix, values, work, workCount, integerWork, integerCount)
      guard info == 0 else { throw BenchmarkError("dsyevd failed") }
    })
  }
}

private func dsyrkFloor(rows: Int, columns: Int) -> Case {
  Case(name: "blas/dsyrk/\(rows)x\(columns)") {
    let source = buffer(Inputs.returns(rows: rows, columns: columns))
    let product = buffer([Double](repeating: 0, count: columns * columns))
    return .init(run: { bench_dsyrk_transposed(Int32(columns), Int32(rows), source, product) })
  }
}

private func dgemmFloor(order n: Int) -> Case {
  Case(name: "blas/dgemm/\(n)") {
    let left = buffer(Inputs.normals(count: n * n))
    let right = buffer(Inputs.normals(count: n * n, stream: 1))
    let product = buffer([Double](repeating: 0, count: n * n))
    return .init(run: { bench_dgemm(Int32(n), left, right, product) })
  }
}

private func dsyrFloor(order n: Int) -> Case {
  Case(name: "blas/dsyr/\(n)") {
    let vector = buffer(Inputs.normals(count: n))
    let matrix = buffer([Double](repeating: 0, count: n * n))
    return .init(run: { bench_dsyr(Int32(n), vector, matrix) })
  }
}

/// A matrix times a vector, and a selection.
private func historicalRiskFloor(rows: Int, columns: Int) -> Case {
  Case(name: "blas/dgemv-selection/\(rows)x\(columns)") {
    let returns = buffer(Inputs.returns(rows: rows, columns: columns))
    let weights = buffer([Double](repeating: 1 / Double(columns), count: columns))
    let product = buffer([Double](repeating: 0, count: rows))
    return .init(run: {
      let quantile = bench_product_and_selection(
        Int32(rows), Int32(columns), returns, weights, product, Int32(rows / 100))
      guard quantile < 0 else { throw BenchmarkError("no loss") }
    })
  }
}

private func copyFloor(count: Int) -> Case {
  Case(name: "memory/copy/\(count)", items: count) {
    let source = buffer(Inputs.normals(count: count))
    let target = buffer([Double](repeating: 0, count: count))
    return .init(run: { bench_copy(target, source, UInt64(count)) })
  }
}

private func libmFloor(
  _ name: String,
  _ function: @escaping (UnsafeMutablePointer<Double>?, UnsafePointer<Double>?, UInt64) -> Void
) -> Case {
  let count = 1_000_000
  return Case(name: "memory/libm-\(name)/\(count)", items: count) {
    let source = buffer(Inputs.normals(count: count))
    let target = buffer([Double](repeating: 0, count: count))
    return .init(run: { function(target, source, UInt64(count)) })
  }
}

private func fixedWeightsFloor(rows: Int, columns: Int) -> Case {
  Case(name: "memory/fixed-weights/\(rows)x\(columns)", items: rows) {
    let returns = buffer(Inputs.marketReturns(rows: rows, columns: columns))
    let target = buffer([Double](repeating: 1 / Double(columns), count: columns))
    let held = buffer([Double](repeating: 0, count: columns))
    let values = buffer([Double](repeating: 0, count: rows))
    return .init(run: {
      bench_fixed_weights(Int32(rows), Int32(columns), returns, target, 0.001, held, values)
    })
  }
}
