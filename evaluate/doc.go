// Package evaluate says how good the models are on a stream whose truth is known: what they catch, whom they hurt, and
// how a trivial rule would do. Watch follows an engine and keeps a small flat record of each account; Report reckons the
// measures out of these. docs/evaluation.md says what each measure means.
package evaluate
