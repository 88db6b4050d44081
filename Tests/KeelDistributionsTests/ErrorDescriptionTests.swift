import KeelData
import KeelDistributions
import Testing

@Suite struct ErrorDescriptionTests {
  @Test func eachErrorIsOneSentenceWithItsNumbers() {
    let errors: [(DistributionsError, String)] = [
      (.tooFewObservations(got: 3, required: 10), "there are 3 observations, required are 10"),
      (
        .universeMismatch(position: 0, left: "A", right: nil),
        "the universes differ at position 0: A and nothing"
      ),
    ]
    for (error, sentence) in errors { #expect("\(error)" == sentence) }
  }
}
