import Keel

/// Nonlinear least squares and quasi-Newton minimization.
let fitCases: [Case] = [thurberCase(), quasiNewtonCase(parameterCount: 100)]

/// NIST's regression Thurber: 37 observations, seven parameters, from the first start.
private func thurberCase() -> Case {
  Case(
    name: "fit/levenberg-marquardt/thurber", peers: ["scipy_thurber"],
    inputs: {
      [
        ("x", [thurberX.count], thurberX), ("y", [thurberY.count], thurberY),
        ("start", [7], thurberStart),
      ]
    }
  ) {
    let (times, data) = (thurberX, thurberY)
    var solver = try LevenbergMarquardt(residualCount: thurberX.count, parameterCount: 7)
    var answer = [Double](repeating: 0, count: 7)
    return .init(
      run: {
        let status = try solver.fit(from: thurberStart.span) { b, r in
          for k in 0..<times.count {
            let x = times[k]
            let top = b[0] + x * (b[1] + x * (b[2] + x * b[3]))
            r[k] = top / (1 + x * (b[4] + x * (b[5] + x * b[6]))) - data[k]
          }
        } jacobian: { b, j in
          let m = times.count
          for k in 0..<m {
            let x = times[k]
            let top = b[0] + x * (b[1] + x * (b[2] + x * b[3]))
            let inverse = 1 / (1 + x * (b[4] + x * (b[5] + x * b[6])))
            var power = inverse
            for i in 0..<4 {
              j[k + i * m] = power
              power *= x
            }
            power = -top * inverse * inverse * x
            for i in 4..<7 {
              j[k + i * m] = power
              power *= x
            }
          }
        }
        guard status.isConverged else { throw BenchmarkError("the fit ended with \(status)") }
        solver.withFit { x, _ in for i in 0..<7 { answer[i] = x[i] } }
      },
      answer: { answer })
  }
}

/// The extended Rosenbrock function; a quarter of the parameters ends at an upper bound.
private func quasiNewtonCase(parameterCount n: Int) -> Case {
  Case(
    name: "fit/quasi-newton/\(n)", peers: ["scipy_quasi_newton"],
    inputs: { [("count", [1], [Double(n)])] }
  ) {
    var solver = try BoundedQuasiNewton(parameterCount: n)
    let lower = [Double](repeating: -.infinity, count: n)
    let upper = (0..<n).map { $0 % 4 == 0 ? 0.5 : Double.infinity }
    try solver.setBounds(lower: lower.span, upper: upper.span)
    let start = (0..<n).map { $0 % 2 == 0 ? -1.2 : 1 }
    var answer = [Double](repeating: 0, count: n)
    return .init(
      run: {
        let status = try solver.minimize(from: start.span) { x, g in
          var sum = 0.0
          for k in 0..<n / 2 {
            let (a, b) = (x[2 * k], x[2 * k + 1])
            let (rise, rest) = (b - a * a, 1 - a)
            sum += 100 * rise * rise + rest * rest
            g[2 * k] = -400 * a * rise - 2 * rest
            g[2 * k + 1] = 200 * rise
          }
          return sum
        }
        guard status.isConverged else { throw BenchmarkError("the search ended with \(status)") }
        solver.withMinimum { x, _ in for i in 0..<n { answer[i] = x[i] } }
      },
      answer: { answer })
  }
}

private let thurberStart = [1000.0, 1000.0, 400.0, 40.0, 0.7, 0.3, 0.03]

private let thurberX = [
  -3.067, -2.981, -2.921, -2.912, -2.84, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363, -2.322,
  -1.501, -1.46, -1.274, -1.212, -1.1, -1.046, -0.915, -0.714, -0.566, -0.545, -0.4, -0.309,
  -0.109, -0.103, 0.01, 0.119, 0.377, 0.79, 0.963, 1.006, 1.115, 1.572, 1.841, 2.047, 2.2,
]

private let thurberY = [
  80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854, 100.696,
  101.06, 401.672, 390.724, 567.534, 635.316, 733.054, 759.087, 894.206, 990.785, 1090.109,
  1080.914, 1122.643, 1178.351, 1260.531, 1273.514, 1288.339, 1327.543, 1353.863, 1414.509,
  1425.208, 1421.384, 1442.962, 1464.35, 1468.705, 1447.894, 1457.628,
]
