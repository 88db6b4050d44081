import KeelOptimization
import Testing

@Suite struct ErrorDescriptionTests {
  @Test func eachErrorIsOneSentenceWithItsNumbers() {
    let errors: [(OptimizationError, String)] = [
      (
        .invalidValue(argument: "linear", index: 4, got: .nan, allowed: 0...1),
        "linear is nan at index 4, allowed is 0.0...1.0"
      ),
      (
        .conflictingBounds(name: "budget", lower: 1, upper: 0),
        "the lower bound 1.0 of budget is above its upper bound 0.0"
      ),
      (.unknownName("SOL"), "no row and no variable has the name \"SOL\""),
      (
        .missingMinimum(name: "names", variable: "A"),
        "names counts A, which needs a minimum position, a lot or bounds without zero"
      ),
    ]
    for (error, sentence) in errors { #expect("\(error)" == sentence) }
  }
}
