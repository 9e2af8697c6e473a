package main

import (
	"math"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/models"
)

// fit trains a ridge regression of the logarithm of odds on the features of the families that use names: each on the
// scale sign(x) ln(1+|x|), standardised, and whether it is known. Batch gradient descent with a momentum; good enough to
// compare families by.
func fit(all []*lived, h models.Harm, use func(family string) bool) func(*lived) float64 {
	var columns []int
	for i := range features.Catalogue {
		if use(features.Catalogue[i].Family) {
			columns = append(columns, i)
		}
	}
	var rows [][]float64
	var y []float64
	mean, dev := make([]float64, len(columns)), make([]float64, len(columns))
	for _, l := range all {
		if l.bad && l.harm != h {
			continue
		}
		rows, y = append(rows, onScale(l, columns)), append(y, 0)
		if l.bad {
			y[len(y)-1] = 1
		}
	}
	standardise(rows, mean, dev)
	w := descend(rows, y)
	return func(l *lived) float64 {
		x, sum := onScale(l, columns), w[0]
		for j := range columns {
			sum += w[j+1] * standard(x[j], mean[j], dev[j])
		}
		return sum
	}
}

func onScale(l *lived, columns []int) []float64 {
	x := make([]float64, len(columns))
	for j, i := range columns {
		v := float64(l.worst[i])
		x[j] = math.Copysign(math.Log1p(math.Abs(v)), v)
	}
	return x
}

// standard is 0 where the value is unknown, and at most 5 deviations.
func standard(x, mean, dev float64) float64 {
	if x != x || dev == 0 {
		return 0
	}
	return min(5, max(-5, (x-mean)/dev))
}

func standardise(rows [][]float64, mean, dev []float64) {
	for j := range mean {
		var n, sum, squares float64
		for _, r := range rows {
			if r[j] == r[j] {
				n, sum, squares = n+1, sum+r[j], squares+r[j]*r[j]
			}
		}
		if n > 0 {
			mean[j] = sum / n
			dev[j] = math.Sqrt(max(0, squares/n-mean[j]*mean[j]))
		}
	}
	for _, r := range rows {
		for j := range r {
			r[j] = standard(r[j], mean[j], dev[j])
		}
	}
}

// descend returns the weights, the constant first. Both classes weigh the same.
func descend(rows [][]float64, y []float64) []float64 {
	var positive float64
	for _, v := range y {
		positive += v
	}
	n := float64(len(y))
	w, step := make([]float64, len(rows[0])+1), make([]float64, len(rows[0])+1)
	for range 400 {
		g := make([]float64, len(w))
		for i, r := range rows {
			z := w[0]
			for j, x := range r {
				z += w[j+1] * x
			}
			weight := 0.5 / (n - positive)
			if y[i] == 1 {
				weight = 0.5 / positive
			}
			d := weight * (1/(1+math.Exp(-z)) - y[i])
			g[0] += d
			for j, x := range r {
				g[j+1] += d * x
			}
		}
		for j := range w {
			step[j] = 0.9*step[j] - 0.3*(g[j]+1e-3*w[j])
			w[j] += step[j]
		}
	}
	return w
}
