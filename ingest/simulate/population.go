package simulate

import "github.com/unopened/unopened/ingest"

// population is what ordinary people are like. Its shapes were set beside CollegeMsg, the private messages of 1,899
// students over 193 days (Panzarasa, Opsahl and Carley 2009): docs/simulator.md compares the two. A messenger of today is
// faster and has denser circles of friends, so they are not the same.
type population struct {
	sessions tail    // a day, of an account
	recent   float64 // share of accounts that have registered in the two months before, about as many as do meanwhile
	dormant  float64 // share of accounts that hardly come any more
	sleep    float64 // factor on their sessions
	soon     float64 // share of sessions that the next one follows soon
	sooner   float64 // how many times as soon as sessions would follow each other evenly

	acquaintances tail    // of an account, beside household and circles
	fringe        float64 // share of accounts that are in no circle of their age, class or work
	elsewhere     float64 // share of them in other towns
	closeness     float64 // exponent of the choice of a contact: 1 takes all alike, 3 the closest tenth in half of all cases

	turns    tail    // of a conversation after the first
	brief    float64 // share of conversations with at most one
	slowness tail    // factor of an account on all its replies
	quick    float64 // share of replies that come at once
	now      tail    // seconds that these take
	later    tail    // seconds that the others take
	replies  float64 // of an account: it replies with a chance of u to this power, with u evenly drawn once
	drowsy   float64 // factor on that chance for the dormant

	// Some write to strangers in rows, of their own accord: they sell and buy, look for a room, a job, a partner.
	outgoing float64 // share of accounts
	ventures span    // chance of such a row in a session of theirs
	venture  tail    // people in a row
	asks     float64 // share of strangers whom one asks for contact rather than writing to

	// How an innocent first message is taken by somebody who always replies: a friend, one whom one side has in its
	// address book, one out of a shared group, a stranger.
	friend, oneWay, grouped, stranger reception
}

// tail is a log-normal distribution cut off at the top: its median, the standard deviation of its logarithm, the most.
type tail struct{ median, sigma, most float64 }

func (d dice) tail(t tail) float64 { return min(d.logNormal(t.median, t.sigma), t.most) }

// realistic is the population that a scenario has where it says nothing else.
func realistic() population {
	return population{
		sessions: tail{1.6, 1.3, 60}, recent: 0.12, dormant: 0.12, sleep: 0.05, soon: 0.6, sooner: 6,
		acquaintances: tail{6, 1.5, 400}, fringe: 0.5, elsewhere: 0.2, closeness: 3,
		turns: tail{4, 1.1, 80}, brief: 0.5,
		slowness: tail{1, 0.6, 20}, quick: 0.7, now: tail{25, 1.2, 20 * minute}, later: tail{hour, 1.5, 30 * hour},
		replies: 0.2, drowsy: 0.3,
		outgoing: 0.07, ventures: span{0.01, 0.2}, venture: tail{6, 1.2, 120}, asks: 0.45,
		friend:   reception{0.95, 0.001, 0.0003, ingest.Other},
		oneWay:   reception{0.85, 0.004, 0.001, ingest.Other},
		grouped:  reception{0.75, 0.008, 0.002, ingest.Other},
		stranger: reception{0.45, 0.03, 0.006, ingest.Spam},
	}
}
