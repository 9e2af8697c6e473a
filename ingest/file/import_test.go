package file

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
)

var testKey = []byte("a key of at least thirty-two bytes")

// imported imports text and decodes what comes out.
func imported(t *testing.T, text string, o ImportOptions) ([]ingest.Event, *ImportSummary, error) {
	t.Helper()
	var out bytes.Buffer
	o.Key = testKey
	sum, err := Import(context.Background(), &out, write(t, "log.csv.gz", text), o)
	var d ingest.Decoder
	var events []ingest.Event
	for line := range strings.Lines(out.String()) {
		var ev ingest.Event
		if r := d.Decode(&ev, []byte(strings.TrimSuffix(line, "\n"))); r != ingest.Accepted {
			t.Errorf("%s: %s", r, line)
		}
		events = append(events, ev)
	}
	if sum != nil && err == nil {
		total := sum.Written
		for _, r := range sum.Refused {
			total += r.Rows
		}
		if total != sum.Rows || sum.Written != int64(len(events)) {
			t.Errorf("rows do not add up: %+v, %d lines", sum, len(events))
		}
	}
	return events, sum, err
}

var messages = ImportOptions{
	Columns: map[string]string{"actor": "1", "target": "2", "at": "3"}, Set: map[string]string{"type": "message"}, Header: true,
}

func TestImport(t *testing.T) {
	events, sum, err := imported(t, "sender,recipient,unix_seconds\nann,bob,1082040961\nbob,ann,1082040961.5\n", messages)
	if err != nil || sum.Rows != 2 || len(events) != 2 {
		t.Fatalf("%v: %+v", err, sum)
	}
	names := ingest.NewPseudonymiser(testKey)
	ann, bob := names.ID("account", "ann"), names.ID("account", "bob")
	for i, ev := range events {
		if ev.Type != ingest.Message || ev.Kind != ingest.Direct || ev.At != 1082040961000+int64(i)*500 {
			t.Errorf("%+v", ev)
		}
	}
	if events[0].Subject != ann || events[0].Peer != bob || events[1].Subject != bob || events[1].Peer != ann {
		t.Errorf("accounts: %+v", events)
	}
	if events[0].ID == events[1].ID {
		t.Error("two rows have the same id")
	}
	again, _, _ := imported(t, "sender,recipient,unix_seconds\nann,bob,1082040961\nbob,ann,1082040961.5\n", messages)
	if !slices.Equal(again, events) {
		t.Error("the same file again made other records")
	}
	other, _, _ := imported(t, "sender,recipient,unix_seconds\nann,bob,1082040961\n", messages)
	if other[0].ID == events[0].ID {
		t.Error("another file has the same ids")
	}
}

// Every field can come from a column, by number or name, or from a constant; cells can be translated.
func TestImportFields(t *testing.T) {
	text := "what;who;whom;when;conv;dev;net;cc;age;new;size;harm\n" +
		"sms;ann;bob;0;c1;d1;n1;NL;u13;true;9;\n" +
		"flag;ann;bob;1;;;;DE;;;;spam\n"
	events, sum, err := imported(t, text, ImportOptions{
		Columns: map[string]string{
			"type": "what", "actor": "2", "target": "whom", "at": "when", "conversation": "conv", "device": "dev",
			"network": "net", "country": "cc", "actor_age": "age", "session_new": "new", "size": "11", "category": "harm",
		},
		Set:   map[string]string{"client": "bot", "relation": "mutual"},
		Map:   map[string]map[string]string{"type": {"sms": "message", "flag": "report"}},
		Unit:  "day",
		Epoch: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), Header: true, Comma: ';',
	})
	if err != nil || len(events) != 2 {
		t.Fatalf("%v: %+v", err, sum.Refused)
	}
	p := ingest.NewPseudonymiser(testKey)
	ev := events[0]
	if ev.Conversation != p.ID("conversation", "c1") || ev.Device != p.Hash("device", "d1") || ev.Network != p.Hash("network", "n1") {
		t.Errorf("pseudonyms: %+v", ev)
	}
	if ev.Country != [2]byte{'N', 'L'} || ev.Age != ingest.AgeUnder13 || !ev.True.Any(ingest.FieldSessionNew) || ev.Size != 9 ||
		ev.Client != ingest.ClientBot || ev.Relation != ingest.Mutual || ev.At != 1577836800000 {
		t.Errorf("%+v", ev)
	}
	if ev = events[1]; ev.Type != ingest.Report || ev.Category != ingest.Spam || ev.At != 1577836800000+86400000 || ev.Has.Any(ingest.FieldKind|ingest.FieldDevice) {
		t.Errorf("%+v", ev)
	}
}

// A row that makes no record is counted by its reason and named by its line; nothing of its cells is told.
func TestImportRefuses(t *testing.T) {
	text := "a,b,t,size\n" +
		"1,2,1082040961,3\n" + // line 2 is good
		"7,7,1082040961,3\n" +
		"1,,1082040961,3\n" +
		"1\n" +
		"1,2,yesterday,3\n" +
		"1,2,5,3\n" +
		"1,2,1082040961,41\n" +
		"1,2,1082040961,-1\n" +
		"1,2,1082040961,\"3,\"\"actor\"\":1\"\n" +
		"\"1\",\"2,\n2\",1082040961,3\n" + // lines 11 and 12, good
		"1,2,10\"82040961,3\n" + // line 13
		"1,2,1082040961,3,more,cells\n" +
		"8,8,1082040961,3\n"
	o := messages
	o.Columns = maps.Clone(o.Columns)
	o.Columns["size"] = "size"
	events, sum, err := imported(t, text, o)
	if err != nil || len(events) != 3 {
		t.Fatalf("%v: %d events", err, len(events))
	}
	got, err := json.Marshal(sum)
	want := `{"rows":13,"written":3,"refused":{"bad_value":{"rows":1,"lines":[10]},"missing_field":{"rows":2,"lines":[4,5]},` +
		`"number":{"rows":2,"lines":[6,9]},"out_of_range":{"rows":2,"lines":[7,8]},"self":{"rows":2,"lines":[3,15]},"syntax":{"rows":1,"lines":[13]}}}`
	if err != nil || string(got) != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestImportNamesFewLines(t *testing.T) {
	_, sum, err := imported(t, "a,b,t\n"+strings.Repeat("1,1,1082040961\n", 100), messages)
	if err != nil || sum.Refused["self"].Rows != 100 || len(sum.Refused["self"].Lines) != refusedLines {
		t.Errorf("%v: %+v", err, sum.Refused["self"])
	}
}

func TestImportOrder(t *testing.T) {
	text := "a,b,t\n1,2,1082040963\n1,3,1082040961\n1,4,1082040961\n"
	if _, _, err := imported(t, text, messages); err == nil || !strings.Contains(err.Error(), "line 3 goes back in time") {
		t.Errorf("a log out of order: %v", err)
	}
	o := messages
	o.Sort = true
	events, _, err := imported(t, text, o)
	if err != nil || len(events) != 3 || events[0].Peer != ingest.NewPseudonymiser(testKey).ID("account", "3") || events[2].At != 1082040963000 {
		t.Errorf("%v: %+v", err, events)
	}
}

func TestImportUnits(t *testing.T) {
	for unit, cell := range map[string]string{
		"s": "1082040960", "ms": "1082040960000", "min": "18034016", "h": "300566.9333333333", "rfc3339": "2004-04-15T16:56:00+02:00",
	} {
		o := messages
		o.Unit = unit
		events, sum, err := imported(t, "a,b,t\n1,2,"+cell+"\n", o)
		if err != nil || len(events) != 1 || events[0].At != 1082040960000 {
			t.Errorf("%s: %v: %+v %+v", unit, err, events, sum)
		}
	}
}

// All that is wrong with the options is said at once, before a row is read.
func TestImportOptions(t *testing.T) {
	var out bytes.Buffer
	_, err := Import(context.Background(), &out, write(t, "x.csv", "1,2,3\n"), ImportOptions{
		Columns: map[string]string{"actor": "sender", "target": "0", "text": "3", "at": "3"},
		Set:     map[string]string{"at": "5", "v": "1"},
		Map:     map[string]map[string]string{"body": nil},
		Unit:    "fortnight",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`unit "fortnight"`, "no key", "at has both", `actor: no column "sender"`, `target: no column "0"`, `"text"`, `"v"`, `"body"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing of %q in: %v", want, err)
		}
	}
	if _, err := Import(context.Background(), &out, write(t, "y.csv", "a,b\n"), ImportOptions{
		Columns: map[string]string{"actor": "c"}, Header: true, Key: testKey,
	}); err == nil || !strings.Contains(err.Error(), `no column "c"`) {
		t.Errorf("a column that is not there: %v", err)
	}
}

// A quote that is never closed would swallow the rows after it: that is an error, not one bad row.
func TestImportOpenQuote(t *testing.T) {
	if _, _, err := imported(t, "a,b,t\n\"1,2,1082040961\n1,2,1082040961\n", messages); err == nil {
		t.Error("rows were swallowed")
	}
}
