package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// mechanism is a way to authenticate.
type mechanism struct {
	make  func(user, secret string) (sasl.Mechanism, error)
	clear bool // the secret is sent as it is, so only by TLS
	token bool // the secret is a token, from token_file, which names the user
}

// mechanisms are the ways to authenticate, by their name in the config. A new one has its line here.
var mechanisms = map[string]mechanism{
	"plain": {clear: true, make: func(user, password string) (sasl.Mechanism, error) {
		return plain.Mechanism{Username: user, Password: password}, nil
	}},
	"scram-sha-256": {make: func(user, password string) (sasl.Mechanism, error) {
		return scram.Mechanism(scram.SHA256, user, password)
	}},
	"scram-sha-512": {make: func(user, password string) (sasl.Mechanism, error) {
		return scram.Mechanism(scram.SHA512, user, password)
	}},
	"oauthbearer": {clear: true, token: true, make: func(_, token string) (sasl.Mechanism, error) {
		if !bearerToken.MatchString(token) {
			return nil, errors.New("not a token")
		}
		return bearer(token), nil
	}},
}

// secretKey is the key of the config that names the secret's file.
func (m *mechanism) secretKey() string {
	if m.token {
		return "token_file"
	}
	return "password_file"
}

// secretFile is the file that holds the secret of a mechanism.
func (s *SASL) secretFile(m *mechanism) string {
	if m.token {
		return s.TokenFile
	}
	return s.PasswordFile
}

// load reads the secret.
func (s *SASL) load() (sasl.Mechanism, error) {
	m := mechanisms[s.Mechanism]
	secret, err := os.ReadFile(s.secretFile(&m))
	if err != nil {
		return nil, fmt.Errorf("sasl.%s: %w", m.secretKey(), err)
	}
	made, err := m.make(s.Username, strings.TrimRight(string(secret), "\r\n"))
	switch {
	case err == nil:
		return made, nil
	case m.token:
		return nil, errors.New("sasl.token_file: the file does not hold one bearer token (RFC 6750, section 2.1)")
	}
	// The mechanism's own error quotes the password.
	return nil, errors.New("sasl: username or password_file has a character that SASLprep (RFC 4013) does not allow")
}

// login authenticates each connection with what the secret's file holds then, so that a secret can be replaced while
// the program runs.
type login struct {
	config SASL
	name   string
}

// open reads the secret once, so that a mistake shows at the start; nil when SASL is off.
func (s *SASL) open() (sasl.Mechanism, error) {
	if s.Mechanism == "" {
		return nil, nil
	}
	made, err := s.load()
	if err != nil {
		return nil, err
	}
	return &login{config: *s, name: made.Name()}, nil
}

// Name is the mechanism's name in the protocol.
func (l *login) Name() string { return l.name }

// Start begins to authenticate a connection.
func (l *login) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	made, err := l.config.load()
	if err != nil {
		return nil, nil, fmt.Errorf("kafka.%w", err)
	}
	return made.Start(ctx)
}

// bearerToken is what RFC 6750 calls b64token; nothing else may stand in the message of OAUTHBEARER.
var bearerToken = regexp.MustCompile(`^[-A-Za-z0-9._~+/]+=*$`)

// bearer is the mechanism OAUTHBEARER (RFC 7628), which kafka-go lacks. Its value is the token.
type bearer string

// Name is the mechanism's name in the protocol.
func (bearer) Name() string { return "OAUTHBEARER" }

// Start sends the token.
func (b bearer) Start(context.Context) (sasl.StateMachine, []byte, error) {
	return new(bearerSession), []byte("n,,\x01auth=Bearer " + string(b) + "\x01\x01"), nil
}

// bearerSession tells whether the broker has refused the token.
type bearerSession struct{ refused bool }

// Next takes the broker's answer: empty when it takes the token, otherwise why not. A refusal has to be acknowledged
// before the broker ends the exchange with an error.
func (s *bearerSession) Next(_ context.Context, challenge []byte) (bool, []byte, error) {
	switch {
	case len(challenge) == 0 && !s.refused:
		return true, nil, nil
	case s.refused:
		return false, nil, errors.New("the broker refused the token and did not end the exchange")
	}
	s.refused = true
	return false, []byte{1}, nil
}
