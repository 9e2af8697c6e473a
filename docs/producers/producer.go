//go:build ignore

// producer turns a messenger's own log (tab-separated lines, see README.md) into contract records, one JSON line each.
// It runs where the messenger's servers run:
//
//	go run producer.go pseudonym.key < log.tsv | unopened check --events -
package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// What the log says, in the contract's words. Nothing but these words can get into a record.
var (
	types = map[string]string{
		"registered": "account_registered", "signed_in": "login", "sent": "message", "called": "call",
		"asked": "contact_request", "accepted": "contact_accept", "blocked": "block", "reported": "report",
	}
	kinds   = map[string]string{"pair": "direct", "group": "group", "channel": "channel"}
	harms   = map[string]string{"spam": "spam", "scam": "scam", "grooming": "grooming", "harassment": "harassment", "other": "other"}
	country = regexp.MustCompile(`^[A-Z]{2}$`)
)

// pseudonym is the first size bytes of HMAC-SHA-256(key, domain followed by id), in hexadecimal digits.
func pseudonym(key []byte, domain, id string, size int) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(domain + id))
	return hex.EncodeToString(mac.Sum(nil)[:size])
}

// readKey reads the key, which only its owner may touch. No error shows anything of it.
func readKey(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be touched by others: chmod 600 %s", name, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) < 32 {
		return nil, fmt.Errorf("%s does not hold 64 or more hexadecimal digits", name)
	}
	return key, nil
}

// record makes the record of a line, its fields in the contract's order; false if the line is none.
func record(key []byte, line string) (string, bool) {
	c := strings.Split(line, "\t")
	if len(c) != 12 {
		return "", false
	}
	sound := true
	out := `{"v":1`
	add := func(field, value string) { out += `,"` + field + `":` + value }
	word := func(field, word string, words map[string]string) {
		if word != "" {
			sound = sound && words[word] != ""
			add(field, `"`+words[word]+`"`)
		}
	}
	name := func(field, domain, id string, size int) {
		if id != "" {
			add(field, `"`+pseudonym(key, domain, id, size)+`"`)
		}
	}
	number := func(text string) uint64 {
		n, err := strconv.ParseUint(text, 10, 63)
		sound = sound && err == nil && len(text) <= 18
		return n
	}
	name("id", "event", c[0], 16) // the same event has the same id, however often it is sent
	word("type", c[2], types)
	add("at", strconv.FormatUint(number(c[1]), 10))
	name("actor", "account", c[3], 16)
	name("target", "account", c[4], 16)
	name("conversation", "conversation", c[5], 16)
	word("kind", c[6], kinds)
	if c[7] != "" {
		add("size", strconv.Itoa(bits.Len64(number(c[7])|1)-1)) // log2 of the ciphertext's length
	}
	name("device", "device", c[8], 8)
	name("network", "network", c[9], 8)
	if c[10] != "" {
		sound = sound && country.MatchString(c[10])
		add("country", `"`+c[10]+`"`)
	}
	word("category", c[11], harms)
	return out + "}", sound
}

func main() {
	if len(os.Args) != 2 {
		fail("usage: producer KEYFILE < LOG")
	}
	key, err := readKey(os.Args[1])
	if err != nil {
		fail(err.Error())
	}
	out := bufio.NewWriter(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for n := 1; lines.Scan(); n++ {
		text, ok := record(key, lines.Text())
		if !ok {
			out.Flush()
			fail(fmt.Sprintf("line %d is not as README.md says", n)) // never what it says
		}
		// To Kafka, with github.com/segmentio/kafka-go:
		//	w := &kafka.Writer{Addr: kafka.TCP(brokers...), Topic: "unopened.raw.v1", RequiredAcks: kafka.RequireAll,
		//		Balancer: &kafka.Hash{}}
		//	err := w.WriteMessages(ctx, kafka.Message{Key: []byte(actor), Value: []byte(text)})
		fmt.Fprintln(out, text)
	}
	if err := lines.Err(); err != nil {
		fail(err.Error())
	}
	if err := out.Flush(); err != nil {
		fail(err.Error())
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
