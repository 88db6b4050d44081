// Written by Tests/Generate/black_kernel_coefficients.py; change the script, not the file.

/// `(t + 9/2) exp(t²/2) Φ(−t)` in powers of `s = 1 − 8 / (t + 9/2)`, for `t ≥ −½`.
///
/// Relative error at most 2.0e-09: enough for the first steps of a search.
enum TailCoefficients {
  static let values: [Double] = [
    0.8507612298654572, -0.8602303026172422, 0.6992559732895584, -0.4474721232810129,
    0.21369335153882196, -0.06553174238547227, 0.004648426128944537, 0.006027291074973717,
    -0.0021396520363351247, -0.0004047802081413477, 0.00034758483693042455, 2.509319600886663e-05,
    -3.653739813799169e-05, -1.5323082972439335e-06,
  ]
}
