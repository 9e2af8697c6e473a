package alerts

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Limits of a webhook.
const (
	webhookTimeout = 20 * time.Second // of one attempt, the answer's body included
	maxBody        = 20_000           // bytes; Standard Webhooks asks for less than 20 kB
	maxAnswer      = 4 << 10          // bytes of an answer that are read, so that its connection can be used again
	minSecret      = 24               // bytes of a secret; Standard Webhooks asks for 24 to 64
	maxSecret      = 64
)

// Webhook is a Sink that posts each alert, signed by Standard Webhooks 1.0.0 (https://www.standardwebhooks.com).
type Webhook struct {
	url     string
	signers []*standardwebhooks.Webhook
	client  *http.Client
}

// newWebhook reads the secrets of a webhook whose config is valid and returns its sink. It connects nowhere.
func newWebhook(cfg WebhookConfig) (*Webhook, error) {
	text, err := os.ReadFile(cfg.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("secret of %s: %w", cfg.name(), err)
	}
	w := &Webhook{url: cfg.URL, client: newClient(&cfg)}
	for _, secret := range strings.Fields(string(text)) {
		signer, err := newSigner(secret)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cfg.SecretFile, err)
		}
		w.signers = append(w.signers, signer)
	}
	if len(w.signers) == 0 {
		return nil, fmt.Errorf("%s: holds no secret; `unopened keys` makes one", cfg.SecretFile)
	}
	return w, nil
}

// newSigner returns the reference library's signer and verifier for a secret "whsec_…".
func newSigner(secret string) (*standardwebhooks.Webhook, error) {
	bare, ok := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(bare)
	if !ok || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, errors.New("a webhook secret is whsec_ and 24 to 64 bytes in base64; `unopened keys` makes one")
	}
	return standardwebhooks.NewWebhookRaw(key)
}

// newClient returns a client that goes where the guard lets it: no proxy of the environment, no redirect.
func newClient(cfg *WebhookConfig) *http.Client {
	dialer := &net.Dialer{Timeout: webhookTimeout, Control: newGuard(cfg)}
	return &http.Client{
		Timeout: webhookTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1,
			IdleConnTimeout: time.Minute, TLSHandshakeTimeout: webhookTimeout, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// webhookEndpoints returns the config's webhooks.
func webhookEndpoints(cfg Config) ([]Endpoint, error) {
	var endpoints []Endpoint
	var problems []error
	for _, c := range cfg.Webhooks {
		w, err := newWebhook(c)
		endpoints = append(endpoints, Endpoint{Name: c.name(), Sink: w})
		problems = append(problems, err)
	}
	return endpoints, errors.Join(problems...)
}

// Send posts the alerts one by one. Any answer but 2xx is an error; errors never hold the address, which may be a
// secret of the receiver.
func (w *Webhook) Send(ctx context.Context, batch []Delivery) error {
	for i := range batch {
		if err := w.post(ctx, &batch[i]); err != nil {
			return err
		}
	}
	return nil
}

// post sends one alert: the same bytes at each attempt, signed for this one.
func (w *Webhook) post(ctx context.Context, d *Delivery) error {
	body, err := json.Marshal(&d.Alert)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRejected, err)
	}
	if len(body) >= maxBody {
		return fmt.Errorf("%w: a body of %d bytes, above %d", ErrRejected, len(body), maxBody)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: its url is not usable", ErrRejected)
	}
	if err := w.sign(req.Header, d.ID, body); err != nil {
		return err
	}
	answer, err := w.client.Do(req)
	if err != nil {
		if outer := (*url.Error)(nil); errors.As(err, &outer) {
			err = outer.Err
		}
		return fmt.Errorf("post: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	// What the body says does not matter, nor whether it can be read.
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer)
	return judge(answer)
}

// sign sets the headers of the standard: one signature for each secret.
func (w *Webhook) sign(h http.Header, id string, body []byte) error {
	now := time.Now()
	signatures := make([]string, len(w.signers))
	for i, s := range w.signers {
		var err error
		if signatures[i], err = s.Sign(id, now, body); err != nil {
			return fmt.Errorf("sign: %w", err)
		}
	}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "unopened")
	return nil
}

// judge turns an answer's status into what the outbox is told.
func judge(answer *http.Response) error {
	err := fmt.Errorf("the receiver answered %d", answer.StatusCode)
	switch {
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return nil
	case answer.StatusCode == http.StatusGone:
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	if wait := retryAfter(answer.Header.Get("Retry-After")); wait > 0 {
		return fmt.Errorf("%w: %w", err, RetryAfter(wait))
	}
	return err
}

// retryAfter reads the header of RFC 9110, 10.2.3: seconds or a date; 0 where it says nothing.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
