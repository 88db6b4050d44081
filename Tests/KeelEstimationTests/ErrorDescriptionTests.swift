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
    ]
    for (error, sentence) in errors { #expect("\(error)" == sentence) }
  }
}
