// Package models turns a vector of features into a verdict: for each harm a margin, a score in [0,1] and the exact
// contributions that make the margin up. Parameters are artefacts: JSON files that are loaded, never compiled in.
package models
