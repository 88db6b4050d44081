import KeelData
import KeelEstimation
import Testing

@Suite struct ErrorDescriptionTests {
  @Test func eachErrorIsOneSentenceWithItsNumbers() {
    let errors: [(EstimationError, String)] = [
      (
        .invalidReturn(asset: "BTC", column: 0, row: 5, got: .nan),
        "the return of BTC in row 5 is nan"
      ),
      (
        .invalidReturn(asset: nil, column: 2, row: 5, got: .nan),
        "the return of column 2 in row 5 is nan"
      ),
      (
        .invalidValue(argument: "halfLife", got: -1, lowest: 0, highest: 10),
        "halfLife is -1.0, allowed is 0.0 to 10.0"
      ),
      (
        .shapeMismatch(argument: "weights", got: 2, required: 3),
        "weights has 2 elements, required are 3"
      ),
      (
        .universeMismatch(position: 1, left: "BTC", right: nil),
        "the universes differ at position 1: BTC and nothing"
      ),
      (
        .invalidObservation(argument: "returns", index: 4, got: .infinity),
        "returns is inf at index 4"
      ),
      (.zeroVariance(asset: "USDC", column: 3), "the returns of USDC do not vary"),
    ]
    for (error, sentence) in errors { #expect("\(error)" == sentence) }
  }
}
