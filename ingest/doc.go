// Package ingest turns bytes into events. It holds the event contract (a closed schema without any field for text),
// its strict decoders, the split of a raw event into the sides of the accounts it concerns, the encoding of the
// internal account topic, and the interfaces between logs and the roles that read them.
package ingest
