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
    ]
    for (error, sentence) in errors { #expect("\(error)" == sentence) }
  }
}
