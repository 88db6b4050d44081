import KeelVolatility
import Testing

@Suite struct VolatilityErrorTests {
  @Test func `errors say what was given and what is allowed`() {
    let error = VolatilityError.invalidValue(argument: "rho", got: 2, lowest: -1, highest: 1)
    #expect(error.description == "rho is 2.0, allowed is -1.0 to 1.0")
    #expect(VolatilityError.tooFewQuotes(got: 2, required: 5).description.contains("2"))
  }
}
