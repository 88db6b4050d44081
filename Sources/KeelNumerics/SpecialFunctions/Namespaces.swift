/// Special functions of mathematical physics and statistics.
public enum SpecialFunctions {}

/// The normal distribution with mean zero and variance one.
public enum StandardNormal {}
