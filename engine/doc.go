// Package engine walks events through the rooms: a Shard takes one partition's entries from event to verdict to
// alert candidate, a Splitter makes the entries, a DeskHandler takes the candidates. All three keep their state and
// their offset in one checkpoint, so that after any crash they go on where that state stands.
package engine
