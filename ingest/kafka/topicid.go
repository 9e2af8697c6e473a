package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// idVersion is the first version of the Metadata API whose answers have the topics' ids (KIP-516, Kafka 2.8). kafka-go
// knows version 8.
const idVersion = 10

// topicID returns the id that a topic was given when it was created, zero where the brokers are too old to have one. A
// topic of the same name that was deleted and created again has another.
func (c *Cluster) topicID(ctx context.Context, topic string) (id [16]byte, err error) {
	err = c.persist(ctx, patience, func(ctx context.Context, client *kafkago.Client) error {
		if spoken, err := speaksIDs(ctx, client); err != nil || !spoken {
			return err
		}
		answer, err := client.Transport.RoundTrip(ctx, client.Addr, &idRequest{client: c.config.ClientID, topic: topic})
		if err != nil {
			return err
		}
		found, ok := answer.(*idAnswer)
		if !ok {
			return fmt.Errorf("the answer to a question for a topic's id is a %T", answer)
		}
		id = found.id
		return nil
	})
	if err != nil {
		err = fmt.Errorf("id of topic %s: %w", topic, err)
	}
	return id, err
}

// speaksIDs tells whether the broker answers with topics' ids.
func speaksIDs(ctx context.Context, client *kafkago.Client) (bool, error) {
	versions, err := client.ApiVersions(ctx, &kafkago.ApiVersionsRequest{})
	if err != nil {
		return false, err
	}
	for _, api := range versions.ApiKeys {
		if protocol.ApiKey(api.ApiKey) == protocol.Metadata {
			return api.MaxVersion >= idVersion, nil
		}
	}
	return false, versions.Error
}

// idRequest asks for the metadata of one topic in version 10, by the connection's bytes: kafka-go lets a message do so
// that needs it.
type idRequest struct{ client, topic string }

type idAnswer struct{ id [16]byte }

// ApiKey tells kafka-go which request it is.
func (*idRequest) ApiKey() protocol.ApiKey { return protocol.Metadata }

// ApiKey tells kafka-go which request this answers.
func (*idAnswer) ApiKey() protocol.ApiKey { return protocol.Metadata }

// Required tells kafka-go to let the message write and read its bytes itself.
func (*idRequest) Required(map[protocol.ApiKey]int16) bool { return true }

// answerLimit bounds an answer's bytes: it names the brokers and one topic's partitions.
const answerLimit = 8 << 20

// RawExchange writes the request and reads the answer. A connection has one request at a time.
func (r *idRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if _, err := rw.Write(r.bytes()); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > answerLimit {
		return nil, fmt.Errorf("an answer of %d bytes is too long", size)
	}
	answer := make([]byte, size)
	if _, err := io.ReadFull(rw, answer); err != nil {
		return nil, err
	}
	return readID(answer)
}

// idCorrelation marks our requests and their answers.
const idCorrelation = 0x1d1d

// bytes are the request: kafka.apache.org/protocol, Metadata version 10 behind a header of version 2.
func (r *idRequest) bytes() []byte {
	b := make([]byte, 4, 64+len(r.client)+len(r.topic))
	b = binary.BigEndian.AppendUint16(b, uint16(protocol.Metadata))
	b = binary.BigEndian.AppendUint16(b, idVersion)
	b = binary.BigEndian.AppendUint32(b, idCorrelation)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.client)))
	b = append(append(b, r.client...), 0) // no tags
	b = append(b, 2)                      // one topic
	b = append(b, make([]byte, 16)...)    // named by its name, not its id
	b = append(binary.AppendUvarint(b, uint64(len(r.topic)+1)), r.topic...)
	b = append(b, 0)          // no tags
	b = append(b, 0, 0, 0, 0) // do not create it; do not tell what is allowed; no tags
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

// readID takes the id of the one topic out of an answer.
func readID(answer []byte) (*idAnswer, error) {
	scan := scanner{rest: answer}
	correlation := scan.bytes(4)
	scan.tags()
	scan.bytes(4) // throttle time
	for range scan.length() {
		scan.bytes(4) // id
		scan.bytes(scan.length())
		scan.bytes(4) // port
		scan.bytes(scan.length())
		scan.tags()
	}
	scan.bytes(scan.length()) // cluster
	scan.bytes(4)             // controller
	topics, code := scan.length(), scan.bytes(2)
	scan.bytes(scan.length()) // name
	id := scan.bytes(16)
	switch {
	case scan.bad || topics != 1 || binary.BigEndian.Uint32(correlation) != idCorrelation:
		return nil, errors.New("the answer to a question for a topic's id is malformed")
	case binary.BigEndian.Uint16(code) != 0:
		return nil, kafkago.Error(int16(binary.BigEndian.Uint16(code)))
	}
	return &idAnswer{id: [16]byte(id)}, nil
}

// uvarint takes a number without a sign.
func (s *scanner) uvarint() int64 {
	v, n := binary.Uvarint(s.rest)
	if n <= 0 || v > uint64(len(s.rest)) { // each is a length or a count of what follows
		s.bad, s.rest = true, nil
		return 0
	}
	s.rest = s.rest[n:]
	return int64(v)
}

// length takes the length of a compact string or array; 0 also for none at all.
func (s *scanner) length() int64 { return max(0, s.uvarint()-1) }

// tags passes tagged fields.
func (s *scanner) tags() {
	for range s.uvarint() {
		s.uvarint() // which
		s.bytes(s.uvarint())
	}
}
