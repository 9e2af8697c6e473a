// Package models turns a vector of features into a verdict: for each harm a margin, a score in [0,1] and the exact
// contributions that make the margin up. Parameters are artefacts: JSON files that are loaded, never compiled in.
//
// A Set holds one chain of artefacts a harm: the one that decides (a scorecard) and, where there is one, the guards
// that lift its margin. A Scorer scores with it: the curves of all cards are read together, since harms share
// features, and each model adds up its own. A new kind of model is one file and one line in kinds (artefact.go).
package models
