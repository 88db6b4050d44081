import Foundation

func power(_ base: Double, _ exponent: Double) -> Double { Foundation.pow(base, exponent) }
func naturalLog(_ x: Double) -> Double { Foundation.log(x) }
func exponential(_ x: Double) -> Double { Foundation.exp(x) }
