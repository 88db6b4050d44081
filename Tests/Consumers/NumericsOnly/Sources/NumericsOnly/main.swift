import KeelNumerics

// Runs on a machine without OpenBLAS: nothing here may need it.
let tail = StandardNormal.survival(5)
let draws = try RandomStream(seed: 1, stream: 0).normals(count: 1000)
let mean = draws.reduce(0, +) / Double(draws.count)
guard abs(tail / 2.8665157187919391e-07 - 1) < 1e-15, abs(mean) < 0.2 else {
  throw NumericsError.invalidValue(argument: "tail", got: tail, lowest: 0, highest: 1)
}
print("numerics only: survival(5) = \(tail), mean of 1000 draws = \(mean)")
