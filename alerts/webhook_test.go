package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Two secrets, as the standard writes them.
const (
	secret      = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

// webhookTo returns a webhook that may go to this machine.
func webhookTo(t *testing.T, address string, secrets ...string) *Webhook {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(strings.Join(secrets, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := newWebhook(WebhookConfig{URL: address, SecretFile: file, AllowLoopback: true})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// pipeNet is a network within a synctest bubble.
type pipeNet struct{ conns chan net.Conn }

func (p pipeNet) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipeNet) Close() error   { return nil }
func (p pipeNet) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipeNet) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p.conns <- there
	return here, nil
}

// deliverTo sends one alert through an outbox to a handler, on virtual time, and returns when it was asked, and the
// endpoint's counters.
func deliverTo(t *testing.T, handler func(attempt int, w http.ResponseWriter, r *http.Request)) (asked []time.Duration, c EndpointCounts) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		network := pipeNet{make(chan net.Conn)}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, time.Since(begin))
			handler(len(asked), w, r)
		})}
		go func() { _ = server.Serve(network) }()
		hook := webhookTo(t, "http://127.0.0.1/hook", secret)
		hook.client.Transport.(*http.Transport).DialContext = network.dial
		o := newOutbox(t, webhookLike("w", hook))
		o.add(delivery("msg_1", "x"))
		drain(t, o)
		c = o.Counts()[0]
		hook.client.CloseIdleConnections()
		close(network.conns)
		if err := server.Shutdown(t.Context()); err != nil { // waits for the handlers
			t.Error(err)
		}
	})
	return asked, c
}

func TestAnswers(t *testing.T) {
	status := func(first int) func(int, http.ResponseWriter, *http.Request) {
		return func(attempt int, w http.ResponseWriter, _ *http.Request) {
			if attempt == 1 {
				w.WriteHeader(first)
			}
		}
	}
	later := func(first int, wait string) func(int, http.ResponseWriter, *http.Request) {
		return func(attempt int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", wait)
			status(first)(attempt, w, r)
		}
	}
	const second = time.Second
	for _, tt := range []struct {
		name    string
		handler func(int, http.ResponseWriter, *http.Request)
		asked   []time.Duration
		want    EndpointCounts
	}{
		{"200", status(200), []time.Duration{0}, EndpointCounts{Sent: 1}},
		{"204", status(204), []time.Duration{0}, EndpointCounts{Sent: 1}},
		{"302", status(302), []time.Duration{0, 5 * second}, EndpointCounts{Sent: 1, Retried: 1}},
		{"307 to elsewhere", func(attempt int, w http.ResponseWriter, _ *http.Request) {
			if attempt == 1 {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(307)
			}
		}, []time.Duration{0, 5 * second}, EndpointCounts{Sent: 1, Retried: 1}},
		{"400", status(400), []time.Duration{0, 5 * second}, EndpointCounts{Sent: 1, Retried: 1}},
		{"410", status(410), []time.Duration{0}, EndpointCounts{Rejected: 1, Disabled: true}},
		{"429 with Retry-After", later(429, "90"), []time.Duration{0, 90 * second}, EndpointCounts{Sent: 1, Retried: 1}},
		{"429 with a date", func(attempt int, w http.ResponseWriter, r *http.Request) {
			later(429, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))(attempt, w, r)
		}, []time.Duration{0, time.Hour}, EndpointCounts{Sent: 1, Retried: 1}},
		{"429 with rubbish", later(429, "soon"), []time.Duration{0, 5 * second}, EndpointCounts{Sent: 1, Retried: 1}},
		{"503", status(503), []time.Duration{0, 5 * second}, EndpointCounts{Sent: 1, Retried: 1}},
		{"no answer", func(attempt int, _ http.ResponseWriter, r *http.Request) {
			if attempt == 1 {
				_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client went away
				<-r.Context().Done()
			}
		}, []time.Duration{0, webhookTimeout + 5*second}, EndpointCounts{Sent: 1, Retried: 1}},
		{"an endless answer", func(_ int, w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, []time.Duration{0}, EndpointCounts{Sent: 1}},
		{"an answer byte by byte", func(_ int, w http.ResponseWriter, _ *http.Request) {
			for {
				_, _ = w.Write([]byte{'x'})
				if err := http.NewResponseController(w).Flush(); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}, []time.Duration{0}, EndpointCounts{Sent: 1}},
		{"a broken connection", func(attempt int, _ http.ResponseWriter, _ *http.Request) {
			if attempt == 1 {
				panic(http.ErrAbortHandler)
			}
		}, []time.Duration{0, 5 * second}, EndpointCounts{Sent: 1, Retried: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked, got := deliverTo(t, tt.handler)
			tt.want.Name = "w"
			if !slices.Equal(asked, tt.asked) || got != tt.want {
				t.Errorf("asked at %v, counts %+v; want %v, %+v", asked, got, tt.asked, tt.want)
			}
		})
	}
}

func TestEachAttemptIsSignedAgainOverTheSameBytes(t *testing.T) {
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	var bodies, ids, stamps []string
	deliverTo(t, func(attempt int, w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifier.Verify(body, r.Header); err != nil { // with its tolerance, on the bubble's clock
			t.Errorf("attempt %d: %v", attempt, err)
		}
		if err := verifier.Verify(append(body, ' '), r.Header); err == nil {
			t.Errorf("attempt %d: a tampered body verifies", attempt)
		}
		bodies, ids = append(bodies, string(body)), append(ids, r.Header.Get("webhook-id"))
		stamps = append(stamps, r.Header.Get("webhook-timestamp"))
		if attempt < 4 {
			w.WriteHeader(500)
		}
	})
	var want Alert
	if err := json.Unmarshal([]byte(bodies[0]), &want); err != nil || want.ID != "msg_1" || want.Score != 0.95 {
		t.Errorf("body %s: %v", bodies[0], err)
	}
	if got := slices.Compact(bodies); len(got) != 1 {
		t.Errorf("bodies %v", got)
	}
	if got := slices.Compact(ids); !slices.Equal(got, []string{"msg_1"}) {
		t.Errorf("ids %v", got)
	}
	if got := slices.Compact(stamps); len(got) != 4 {
		t.Errorf("timestamps %v", stamps)
	}
}

func TestLargeAlertIsRejected(t *testing.T) {
	d := delivery("msg_1", "x")
	d.Links.Console = strings.Repeat("x", maxBody)
	if err := webhookTo(t, "http://127.0.0.1:1/", secret).Send(context.Background(), []Delivery{d}); !errors.Is(err, ErrRejected) {
		t.Errorf("got %v", err)
	}
}

func TestErrorsDoNotHoldTheAddress(t *testing.T) {
	err := webhookTo(t, "http://127.0.0.1:1/hook?token=hush", secret).Send(context.Background(), []Delivery{delivery("msg_1", "x")})
	if err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "hook") {
		t.Errorf("got %v", err)
	}
}

func TestSecrets(t *testing.T) {
	for text, ok := range map[string]bool{
		secret: true, secret + "\n" + otherSecret + "\n": true,
		"": false, "\n": false, strings.TrimPrefix(secret, "whsec_"): false, "whsec_": false, "whsec_AAAA": false,
		"whsec_!!!!": false, secret + "\nwhsec_AAAA": false,
	} {
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := newWebhook(WebhookConfig{URL: "https://example.org/", SecretFile: file})
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && len(text) > 10 && strings.Contains(err.Error(), text) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}
