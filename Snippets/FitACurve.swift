// A yield curve of Nelson and Siegel, fitted to quotes inside bounds, with standard errors.

import Foundation
import Keel

let maturities = [0.25, 0.5, 1, 2, 3, 5, 7, 10, 20, 30]  // years
let yields = [5.31, 5.24, 4.98, 4.52, 4.27, 4.08, 4.07, 4.05, 4.33, 4.21]  // percent

// snippet.example
// y(t) = level + slope (1 − e⁻ᵗᐟᵀ) T/t + curvature ((1 − e⁻ᵗᐟᵀ) T/t − e⁻ᵗᐟᵀ)
var solver = try LevenbergMarquardt(residualCount: maturities.count, parameterCount: 4)
try solver.setBounds(
  lower: [0, -15, -15, 0.1].span, upper: [15, 15, 15, 10].span)
let status = try solver.fit(from: [4, 1, 0, 1.5].span) { x, residuals in
  for k in maturities.indices {
    let ratio = maturities[k] / x[3]
    let decay = exp(-ratio)
    let slope = (1 - decay) / ratio
    residuals[k] = x[0] + x[1] * slope + x[2] * (slope - decay) - yields[k]
  }
}
if status.isConverged {
  let covariance = try solver.covariance()
  for (i, name) in ["level", "slope", "curvature", "time"].enumerated() {
    print(name, solver.parameters[i], "±", covariance[i, i].squareRoot(), solver.bound(of: i))
  }
}
// snippet.end
