package evaluate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// table makes a matrix: worse is higher at the abusive, better lower, and noise is neither.
func table(t *testing.T, shift float64) *Matrix {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("name,worse,better,noise,bad\n")
	for i := range 600 {
		bad := i % 3 / 2
		d := shift * float64(bad)
		fmt.Fprintf(&b, "n%d,%v,%v,%v,%d\n", i, r.NormFloat64()+d, r.NormFloat64()-d, r.NormFloat64(), bad)
	}
	m, dropped, err := ReadMatrix(strings.NewReader(b.String()), "table", "bad", "1")
	if err != nil || len(dropped) != 1 || dropped[0] != "name" || len(m.Columns) != 3 {
		t.Fatal(err, dropped, m)
	}
	return m
}

func TestMatrixFindsDirectionsOnOtherFolds(t *testing.T) {
	r, err := table(t, 1.2).Report("-better", 50, 7)
	if err != nil {
		t.Fatal(err)
	}
	rule, card := &r.Kinds[0], &r.Kinds[1]
	if r.Positives != 200 || r.Accounts != 600 || card.AP.Value < rule.AP.Value+0.01 || rule.AUC.Value < 0.75 {
		t.Errorf("%+v", r)
	}
	if !(card.AUC.Low < card.AUC.Value && card.AUC.Value < card.AUC.High) {
		t.Errorf("interval %+v", card.AUC)
	}
}

// Where the columns tell nothing the card does not see its own labels.
func TestMatrixOfNoiseIsAGuess(t *testing.T) {
	r, err := table(t, 0).Report("noise", 50, 7)
	if err != nil {
		t.Fatal(err)
	}
	if auc := r.Kinds[1].AUC.Value; auc < 0.42 || auc > 0.58 {
		t.Errorf("AUC %v of noise", auc)
	}
}

func TestMatricesThatSayNothing(t *testing.T) {
	for text, word := range map[string]string{
		"a,b\n1,2\n": "no column", "a,bad\n1,0\n2,0\n": "0 of 2", "a,bad\nx,1\ny,0\n": "no column of numbers", "": "header", "a,bad\n1\n": "reading",
	} {
		if _, _, err := ReadMatrix(strings.NewReader(text), "table", "bad", "1"); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := table(t, 1).Report("worst", 0, 1); err == nil || !strings.Contains(err.Error(), "worse, better, noise") {
		t.Errorf("%v", err)
	}
}
