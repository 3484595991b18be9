internal import Glibc

func naturalLogarithm(_ value: Double) -> Double { log(value) }
func exponential(_ value: Double) -> Double { exp(value) }
func squareRoot(_ value: Double) -> Double { value.squareRoot() }
func cosine(_ value: Double) -> Double { cos(value) }
