// Written by Tests/Generate/black_kernel_coefficients.py; change the script, not the file.

/// `Y⁽¹⁶⁾(−a) / Y⁽¹⁵⁾(−a)` with `Y = Φ/φ`, in powers of `a − 4`, for `2 ≤ a ≤ 6`.
///
/// Relative error at most 2.0e-13, which the run down to the second order reduces.
enum MillsCoefficients {
  static let values: [Double] = [
    2.4418509912582245, -0.26995977146182637, 0.02180441715436926, -0.0011258497631054854,
    7.5181311333283365e-06, 4.84795733997638e-06, -4.283976349437915e-07, 2.89777173117071e-09,
    2.9035158227543273e-09, -2.788319220500684e-10, -7.071254274001616e-13, 2.1807106403352264e-12,
  ]
}
