// Package simulate makes up a messenger's metadata: an organic population with labelled innocent personas and
// labelled campaigns of abuse, as the raw records of the contract in order of time.
//
// It is a discrete-event simulation. One stream of chance makes the world and all lives, and all that will happen is a
// queue of tasks, so the same Scenario always gives the same bytes (on any amd64 machine, with GOAMD64=v1; other
// architectures may multiply and add at once) and memory holds the population and what is to come, never the records.
// Hostile records and repeats have a stream of their own. A persona or a campaign is one file and one line in personas or
// campaigns. Campaigns draw their parameters from ranges, and those of Split "test" are wider than those of "train": whatever is
// fitted is fitted on training seeds only.
package simulate
