// Package sketch holds small flat counters that answer approximately in constant space.
package sketch
