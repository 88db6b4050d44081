import KeelLinearAlgebra
import Testing

@Suite struct ErrorDescriptionTests {
  @Test func eachErrorIsOneSentenceWithItsNumbers() {
    let errors: [(LinearAlgebraError, String)] = [
      (.notFinite(argument: "a", row: 1, column: 2), "a is NaN or infinite at row 1, column 2"),
      (.singular(pivot: 3), "the matrix is singular: its pivot at index 3 is zero"),
    ]
    for (error, sentence) in errors { #expect("\(error)" == sentence) }
  }
}
