package features

import (
	"math"
	"reflect"
	"unsafe"
)

// halfLife names one of the half-lives that counters fade with. A float32 field of the state names its own in its
// tag, `half:"7d"`; `half:"-"` marks one that does not fade.
type halfLife uint8

const (
	minute halfLife = iota
	tenMinutes
	hour
	day
	week
	fortnight
	month
	halfLives = 7
)

const (
	second    = int64(1000)
	minuteMs  = 60 * second
	hourMs    = 60 * minuteMs
	dayMs     = 24 * hourMs
	weekMs    = 7 * dayMs
	ticksEach = 256 // a half-life has so many ticks; counters fade by whole ticks
	faint     = 1e-12
)

// halfNames are the half-lives' names in tags.
var halfNames = map[string]halfLife{
	"1m": minute, "10m": tenMinutes, "1h": hour, "1d": day, "7d": week, "14d": fortnight, "30d": month,
}

// powers holds 2^(-i/256): a fading by n ticks is one look-up and one exponent, exact to a rounding.
var powers = func() (p [ticksEach]float32) {
	for i := range p {
		p[i] = float32(math.Exp2(-float64(i) / ticksEach))
	}
	return p
}()

// fade returns 2^(-n/256), 0 from 40 half-lives on.
func fade(n int64) float32 {
	if n >= 40*ticksEach {
		return 0
	}
	return powers[n&(ticksEach-1)] * math.Float32frombits(uint32(127-n>>8)<<23)
}

// ticks returns how many ticks of each half-life have passed after span milliseconds. Counters fade by the ticks that
// begin between two touches, counted from the account's first event: an account that is touched each millisecond
// fades just like one touched once a day, which a factor rounded to 1 at each touch would not give.
func ticks(span int64) [halfLives]int64 {
	n := span * ticksEach
	return [halfLives]int64{
		n / minuteMs, n / (10 * minuteMs), n / hourMs, n / dayMs, n / weekMs, n / (14 * dayMs), n / (30 * dayMs),
	}
}

// weights are one factor a half-life.
type weights [halfLives]float32

// between returns the factors by which counters fade from one span after the first event to a later one.
func between(from, to int64) (w weights) {
	a, b := ticks(from), ticks(to)
	for h := range w {
		w[h] = fade(b[h] - a[h])
	}
	return w
}

// fading lists, for each half-life, the offsets of a struct's counters with that half-life.
type fading [halfLives][]uintptr

// fadingOf reads the tags of T and of the structs embedded in it.
func fadingOf[T any]() (f fading) {
	collect(reflect.TypeFor[T](), 0, &f)
	return f
}

func collect(t reflect.Type, base uintptr, f *fading) {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Type.Kind() == reflect.Struct {
			collect(field.Type, base+field.Offset, f)
			continue
		}
		if h, ok := halfNames[field.Tag.Get("half")]; ok {
			f[h] = append(f[h], base+field.Offset)
		}
	}
}

// apply multiplies each counter of the struct at p by its half-life's factor.
func (f *fading) apply(p unsafe.Pointer, w *weights) {
	for h, factor := range w {
		if factor == 1 {
			continue
		}
		for _, offset := range f[h] {
			v := (*float32)(unsafe.Add(p, offset))
			*v *= factor
			if *v < faint { // denormal numbers are slow, and nothing can be read from them
				*v = 0
			}
		}
	}
}
