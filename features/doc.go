// Package features folds events into accounts and reads vectors from them. An account's state is flat and bounded;
// what is read from it is declared in the Catalogue, one Def a feature.
package features
