import KeelRisk
import Testing

@Suite struct RiskErrorTests {
  @Test func saysWhatWasAllowed() {
    let error = RiskError.invalidValue(argument: "shock", got: -2, lowest: -1, highest: 10)
    #expect(error.description == "shock is -2.0, allowed is -1.0 to 10.0")
  }
}
