package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestFeaturesAreWatched holds the lines against those worked out by hand: 1.75 cannot be told from 1.5 by a sentence
// without decimals.
func TestFeaturesAreWatched(t *testing.T) {
	name := eventFile(t, append(tiny(), erasure(5, bo, 300), erasure(6, ann, 360))...)
	args := []string{"features", "--events", name, "--account", ann, "--watch", "sent_1m", "age_days"}
	want := "2027-01-15 08:00:00  message acted  sent_1m unknown -> 1\n" +
		"2027-01-15 08:01:00  message acted  sent_1m 1 -> 2\n" +
		"2027-01-15 08:04:00  message received  sent_1m 2 -> 0\n" +
		"2027-01-15 08:06:00  erase control  sent_1m 0 -> unknown\n"
	if out := ok(t, args...); out != want {
		t.Errorf("%s, want %s", out, want)
	}
	want = `{"at":1800000000000,"id":"00000000000000000000000000000001","event":"message","side":"acted","changes":[{"feature":"sent_1m","old":null,"new":1}]}
{"at":1800000060000,"id":"00000000000000000000000000000002","event":"message","side":"acted","changes":[{"feature":"sent_1m","old":1,"new":1.5}]}
{"at":1800000240000,"id":"00000000000000000000000000000004","event":"message","side":"received","changes":[{"feature":"sent_1m","old":1.5,"new":0.4375}]}
{"at":1800000360000,"id":"00000000000000000000000000000006","event":"erase","side":"control","changes":[{"feature":"sent_1m","old":0.4375,"new":null}]}
`
	if out := ok(t, append(args, "--json")...); out != want {
		t.Errorf("%s, want %s", out, want)
	}
}

// TestFeaturesOfTheErased shows nothing of an account that was erased, not even of before; the control was not erased.
func TestFeaturesOfTheErased(t *testing.T) {
	name := eventFile(t, append(tiny(), erasure(5, ann, 300))...)
	for _, at := range []string{"1800000060000", "1900000000000"} {
		out, err := run(t, "features", "--events", name, "--account", ann, "--at", at)
		if err == nil || !strings.Contains(err.Error(), "was erased at 2027-01-15T08:05:00Z in "+name) || out != "" {
			t.Errorf("at %s: %v, %s", at, err, out)
		}
		if at != "1800000060000" { // by then bo has only received
			ok(t, "features", "--events", name, "--account", bo, "--at", at)
		}
	}
	again := eventFile(t, append(tiny(), erasure(5, ann, 300), message(6, ann, bo, 360))...)
	if s := valuesAt(t, "--events", again, "--account", ann, "sent_1m"); s.Events != 1 || *s.Values[0].Value != 1 {
		t.Errorf("who comes again is new: %+v", s)
	}
}

// TestFeaturesThroughAPipe writes one event after the other to the program and waits for the line of each.
func TestFeaturesThroughAPipe(t *testing.T) {
	binary, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "features", "--events", "-", "--account", ann, "--watch", "sent_1d")
	cmd.Dir = t.TempDir()
	in, err := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	got := bufio.NewReader(out)
	for i, want := range []string{"unknown -> 1", "1 -> 2", "2 -> 3"} {
		if _, err := fmt.Fprintln(in, message(i, ann, bo, int64(i))); err != nil {
			t.Fatal(err)
		}
		if line, err := got.ReadString('\n'); err != nil || !strings.HasSuffix(line, "message acted  sent_1d "+want+"\n") {
			t.Fatalf("event %d: %q, %v", i, line, err)
		}
	}
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		t.Error(err)
	}
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestFeaturesStop interrupts the command, which then tells nothing, and gives it no room for its lines, which it tells.
func TestFeaturesStop(t *testing.T) {
	name := eventFile(t, tiny()...)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, mode := range []string{"", "--json", "--watch", "--watch --json"} {
		args := append([]string{"features", "--events", name, "--account", ann}, strings.Fields(mode)...)
		cmd := root()
		cmd.SetArgs(args)
		cmd.SetOut(full{}) // would tell if anything were written
		if text, code := verdictOf(stopped, cmd.ExecuteContext(stopped)); text != "interrupted" || code != exitFailed {
			t.Errorf("interrupted %s: %q, exit code %d", mode, text, code)
		}
		cmd = root()
		cmd.SetArgs(args)
		cmd.SetOut(full{})
		if err := cmd.ExecuteContext(t.Context()); !errors.Is(err, errFull) {
			t.Errorf("without room %s: %v", mode, err)
		}
	}
}
