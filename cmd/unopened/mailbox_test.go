package main

import (
	"bytes"
	"io"
	"net/http"
	"sync"

	"github.com/unopened/unopened/alerts"
)

// mailbox is a webhook receiver that keeps the body of each webhook-id, and counts bodies that changed.
type mailbox struct {
	receiver *alerts.Receiver
	mu       sync.Mutex
	bodies   map[string]string
	changed  int
	again    int
	failing  int // so many requests are answered 500 first
}

func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.failing--
	failing := m.failing >= 0
	m.mu.Unlock()
	if failing {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	m.receiver.ServeHTTP(w, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	id := r.Header.Get("webhook-id")
	if before, ok := m.bodies[id]; ok {
		m.again++
		if before != string(body) {
			m.changed++
		}
	}
	m.bodies[id] = string(body)
}
