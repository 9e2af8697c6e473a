// Package sketch holds small flat counters that answer approximately in constant space: bursts against the past (Cell,
// Midas), distinct digests (Distinct), spread (Histogram), sets in lockstep (MinHash), and the keyed hash that all
// rest on (Mix). Those of an account lie in slabs, which are hashed and stored as raw bytes: no pointers, no padding.
package sketch
