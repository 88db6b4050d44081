import Foundation
import KeelDistributions
import KeelTestSupport
import Testing

/// Checks a law at a point x of a row `x, ln f, ln F, ln S`, by its own logarithm of the density or one of a batch.
func expectDensityAndTails(
  _ law: any ContinuousDistribution,
  _ row: [Double],
  logPDF: Double? = nil,
  tolerance: Double,
  _ name: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let x = row[0]
  for (value, reference, function) in [
    (logPDF ?? law.logPDF(x), row[1], "logPDF"), (law.logCDF(x), row[2], "logCDF"),
    (law.logSurvival(x), row[3], "logSurvival"),
  ] {
    expectClose(
      value, reference, absolute: tolerance * max(1, reference.magnitude),
      "\(function) \(name()) at \(x)", sourceLocation: sourceLocation)
  }
}

/// Checks that the probabilities of both sides of a point sum to one.
func expectComplements(
  _ law: any ContinuousDistribution,
  at x: Double,
  _ name: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectClose(
    law.cdf(x) + law.survival(x), 1, absolute: 2.3e-16, "\(name()) at \(x)",
    sourceLocation: sourceLocation)
}

/// Checks the means of both tails of a row `x, ln f, ln F, ln S, mean below, mean above` whose logarithm is below the largest one.
func expectMeansOfTails(
  _ law: any ContinuousDistribution,
  _ row: [Double],
  unit: Double,
  tolerance: Double,
  largestLogarithm: Double,
  _ name: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  for (below, logarithm, mean) in [(true, row[2], row[4]), (false, row[3], row[5])]
  where logarithm < largestLogarithm {
    let p = exp(logarithm)
    // The rounding of a small p's logarithm moves the mean.
    let tolerance = tolerance * max(1, -logarithm)
    expectClose(
      below ? law.meanBelow(probability: p) : law.meanAbove(probability: p), mean,
      relative: tolerance, absolute: tolerance * unit, "mean \(below) \(name()) at \(row[0])",
      sourceLocation: sourceLocation)
  }
}

/// Checks that both quantiles of a probability invert the tails.
func expectQuantilesInvertTails(
  _ law: any ContinuousDistribution,
  at p: Double,
  _ name: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  for (logTail, label) in [
    (law.logCDF(law.quantile(p)), "quantile"),
    (law.logSurvival(law.survivalQuantile(p)), "survivalQuantile"),
  ] {
    expectClose(
      logTail, log(p), relative: 1e-11, absolute: 1e-11, "\(label) \(name()) at \(p)",
      sourceLocation: sourceLocation)
  }
}
