import Foundation

func tenTo(_ exponent: Double) -> Double { Foundation.pow(10, exponent) }
