package features

// Contact is what an account knows of one peer: flat, 24 bytes.
type Contact struct {
	peer   uint64
	opened uint32
	last   uint32
	sent7d float32
	run    uint16
	flags  contactFlags
}

type contactFlags uint16

const (
	weOpened contactFlags = 1 << iota
	theyOpened
	theyWrote
	blockedUs
)
