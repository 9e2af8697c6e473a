package alerts

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Over a real connection with TLS, to the Receiver; each secret of a rotation is enough to verify.
func TestReceiverVerifiesWhatTheWebhookSends(t *testing.T) {
	var lines bytes.Buffer
	for _, known := range []string{secret, otherSecret} {
		receiver, err := NewReceiver(known, &lines)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(receiver)
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // one client below distrusts the certificate
		server.StartTLS()
		defer server.Close()
		hook := webhookTo(t, server.URL, secret, otherSecret)
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		hook.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
		batch := []Delivery{delivery("msg_1", "x"), delivery("msg_2", "x"), delivery("msg_1", "x"), delivery("msg_1", "y"), delivery("msg_1", "x")}
		if err := hook.Send(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		if got, want := receiver.Counts(), (ReceiverCounts{Verified: 2, Duplicates: 2, Changed: 1}); got != want {
			t.Errorf("counts %+v, want %+v", got, want)
		}
		stranger := webhookTo(t, server.URL, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
		stranger.client.Transport = hook.client.Transport
		if err := stranger.Send(context.Background(), batch[:1]); err == nil || receiver.Counts().Refused != 1 {
			t.Errorf("signed with another secret: %v, %+v", err, receiver.Counts())
		}
		distrusting := webhookTo(t, server.URL, secret)
		if err := distrusting.Send(context.Background(), batch[:1]); err == nil {
			t.Error("an unknown certificate was taken")
		}
	}
	if got := strings.Count(lines.String(), "\n"); got != 4 {
		t.Errorf("%d lines: %s", got, lines.String())
	}
}

func TestReceiverRefuses(t *testing.T) {
	hook := webhookTo(t, "http://127.0.0.1/", secret)
	body := `{"id":"a"}`
	for _, tt := range []struct {
		name  string
		spoil func(r *http.Request)
		want  int
	}{
		{"nothing wrong", func(*http.Request) {}, 204},
		{"another body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"id":"b"}`)) }, 401},
		{"a body too large", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", maxBody+1))) }, 401},
		{"another id", func(r *http.Request) { r.Header.Set("webhook-id", "msg_2") }, 401},
		{"no id", func(r *http.Request) { r.Header.Del("webhook-id") }, 401},
		{"another time", func(r *http.Request) { r.Header.Set("webhook-timestamp", fmt.Sprint(time.Now().Unix()-60)) }, 401},
		{"an old signature", func(r *http.Request) {
			old := time.Now().Add(-10 * time.Minute)
			signature, _ := hook.signers[0].Sign("msg_1", old, []byte(body))
			r.Header.Set("webhook-timestamp", fmt.Sprint(old.Unix()))
			r.Header.Set("webhook-signature", signature)
		}, 401},
		{"no signature", func(r *http.Request) { r.Header.Del("webhook-signature") }, 401},
		{"another version", func(r *http.Request) {
			r.Header.Set("webhook-signature", "v2"+r.Header.Get("webhook-signature")[2:])
		}, 401},
		{"an empty signature", func(r *http.Request) { r.Header.Set("webhook-signature", "v1,") }, 401},
	} {
		receiver, err := NewReceiver(secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		if err := hook.sign(r.Header, "msg_1", []byte(body)); err != nil {
			t.Fatal(err)
		}
		tt.spoil(r)
		answer := httptest.NewRecorder()
		receiver.ServeHTTP(answer, r)
		if answer.Code != tt.want || (receiver.Counts().Refused == 1) != (tt.want == 401) {
			t.Errorf("%s: %d, %+v", tt.name, answer.Code, receiver.Counts())
		}
	}
}
