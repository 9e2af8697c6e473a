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

// life is what a broker says of a topic now: its number of partitions, and the id that it was given when it was created.
// A topic of the same name that was deleted and created again has another id; brokers before Kafka 2.8 have none.
type life struct {
	count int
	id    [16]byte
}

// other tells whether l is of another topic than before, as far as both ids are known.
func (l life) other(before life) bool {
	var unknown [16]byte
	return l.id != unknown && before.id != unknown && l.id != before.id
}

// behind tells whether l is what a broker says that has not learnt of partitions which were added: a topic of the same
// id never has fewer.
func (l life) behind(before life) bool {
	var unknown [16]byte
	return l.id == before.id && l.id != unknown && l.count < before.count
}

// life asks a broker itself, not what the client remembers.
func (c *Cluster) life(ctx context.Context, topic string) (found life, err error) {
	err = c.persist(ctx, patience, func(ctx context.Context, client *kafkago.Client) error {
		spoken, err := speaksIDs(ctx, client)
		switch {
		case err != nil:
			return err
		case !spoken:
			found.count, err = c.lookUp(ctx, topic)
			return err
		}
		answer, err := client.Transport.RoundTrip(ctx, client.Addr, &lifeRequest{client: c.config.ClientID, topic: topic})
		if err != nil {
			return err
		}
		got, ok := answer.(*lifeAnswer)
		if !ok || got.count == 0 {
			return fmt.Errorf("a broker's answer says nothing of it (%T)", answer)
		}
		found = got.life
		return nil
	})
	if err != nil {
		err = fmt.Errorf("looking at topic %s: %w", topic, err)
	}
	return found, err
}

// lookUp counts the partitions where brokers have no ids, by connections of its own.
func (c *Cluster) lookUp(ctx context.Context, topic string) (int, error) {
	var errs []error
	for _, broker := range c.config.Brokers {
		once, cancel := context.WithTimeout(ctx, c.requestTime)
		partitions, err := c.dialer.LookupPartitions(once, "tcp", broker, topic)
		cancel()
		if err == nil && len(partitions) > 0 {
			return len(partitions), nil
		}
		errs = append(errs, err)
	}
	return 0, errors.Join(append(errs, protocol.NewErrNoTopic(topic))...)
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

// lifeRequest asks for the metadata of one topic in version 10, by the connection's bytes: kafka-go lets a message do so
// that needs it.
type lifeRequest struct{ client, topic string }

type lifeAnswer struct{ life }

// ApiKey tells kafka-go which request it is.
func (*lifeRequest) ApiKey() protocol.ApiKey { return protocol.Metadata }

// ApiKey tells kafka-go which request this answers.
func (*lifeAnswer) ApiKey() protocol.ApiKey { return protocol.Metadata }

// Required tells kafka-go to let the message write and read its bytes itself.
func (*lifeRequest) Required(map[protocol.ApiKey]int16) bool { return true }

// answerLimit bounds an answer's bytes: it names the brokers and one topic's partitions.
const answerLimit = 8 << 20

// RawExchange writes the request and reads the answer. A connection has one request at a time.
func (r *lifeRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
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
	return readLife(answer)
}

// lifeCorrelation marks our requests and their answers.
const lifeCorrelation = 0x1d1d

// bytes are the request: kafka.apache.org/protocol, Metadata version 10 behind a header of version 2.
func (r *lifeRequest) bytes() []byte {
	b := make([]byte, 4, 64+len(r.client)+len(r.topic))
	b = binary.BigEndian.AppendUint16(b, uint16(protocol.Metadata))
	b = binary.BigEndian.AppendUint16(b, idVersion)
	b = binary.BigEndian.AppendUint32(b, lifeCorrelation)
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

// readLife takes what is said of the one topic out of an answer.
func readLife(answer []byte) (*lifeAnswer, error) {
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
	scan.bytes(1) // is it internal?
	count := scan.length()
	switch {
	case scan.bad || topics != 1 || binary.BigEndian.Uint32(correlation) != lifeCorrelation:
		return nil, errors.New("the answer to a question for a topic is malformed")
	case binary.BigEndian.Uint16(code) != 0:
		return nil, kafkago.Error(int16(binary.BigEndian.Uint16(code)))
	}
	return &lifeAnswer{life{count: int(count), id: [16]byte(id)}}, nil
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
