import KeelNumerics
import Testing

@Suite struct ErrorDescriptionTests {
  @Test func eachErrorIsOneSentenceWithItsNumbers() {
    let errors: [(NumericsError, String)] = [
      (.shapeMismatch(argument: "y", got: 2, required: 3), "y has 2 elements, required are 3"),
      (
        .countOutOfRange(argument: "order", got: -1, allowed: 0...9),
        "order is -1, allowed is 0 to 9"
      ),
      (
        .invalidValue(argument: "low", got: 7, lowest: 0, highest: 1),
        "low is 7.0, allowed is 0.0 to 1.0"
      ),
    ]
    for (error, sentence) in errors { #expect("\(error)" == sentence) }
  }
}
