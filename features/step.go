package features

import "github.com/unopened/unopened/ingest"

// step is one event as the families see it: with what the account and its contact entry say of it.
type step struct {
	ev *ingest.Event
	a  *Account
	r  *Reach   // nil where the event gives the account no dealings
	c  *Contact // the entry of the peer; nil for none

	w    weights // what the event counts for: 1, less if it is late
	late bool    // it is older than the state

	acts    bool // the account acted
	send    bool // and sent a message or call, of any kind
	receive bool // or received one

	out        bool    // a direct message, call or request to the peer
	first      bool    // the account's first contact with the peer
	firstIn    bool    // the peer's first contact with the account
	reply      bool    // the first reply of a peer whom the account contacted first
	opened     weights // with reply: what that first contact weighs by this time
	written    bool    // sent to a peer who had written before
	unanswered bool    // sent to a peer whom the account contacted first and who has not replied yet
	old        bool    // sent to an old contact (known for a day and has written, or a mutual relation), quiet for an hour
	turn       bool    // a direct message or call that follows something of the peer's
	today      bool    // the first send to the peer on this day
	quiet      int64   // seconds since the last dealing with the peer; MaxInt64 where there was none
	delay      int64   // with reply: seconds since that first contact; -1 where only a trace told of it
	dropped    int     // dialogues that the account opened and has dropped, seen at a first contact
	request    float32 // with accepted and declined: what the request weighs by this time
	accepted   bool    // the peer accepted a request
	declined   bool    // the peer declined a request
	blocked    bool    // the peer blocked the account, for the first time
	reported   bool    // the peer reported the account, for the first time
	minor      bool    // the peer is known to be a minor
}
