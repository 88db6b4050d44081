/// The special functions of statistics: error, gamma and beta functions and their inverses.
///
/// All are total: they return NaN outside their domain and for NaN, limits at infinity, and never
/// trap. Each one states its measured error.
public enum SpecialFunctions {}
