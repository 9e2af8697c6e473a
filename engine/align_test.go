package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestAlignerHoldsTheLeader lets one partition run ahead: it waits for the other, and not for one that is idle.
func TestAlignerHoldsTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAligner(1000, time.Second, time.Minute)
		a.reach(0, 0)
		a.reach(1, 0)
		passed := make(chan int64)
		go func() {
			limit, err := a.wait(t.Context(), 0, 5000)
			if err != nil {
				t.Error(err)
			}
			passed <- limit
		}()
		synctest.Wait()
		select {
		case <-passed:
			t.Fatal("the leader did not wait")
		default:
		}
		a.reach(1, 4500)
		if limit := <-passed; limit != 5500 {
			t.Errorf("limit %d, want 5500", limit)
		}
		if _, err := a.wait(t.Context(), 1, 4600); err != nil {
			t.Errorf("the one behind: %v", err)
		}
		a.rest(1)
		begin := time.Now()
		if _, err := a.wait(t.Context(), 0, 1<<50); err != nil || time.Since(begin) != time.Second {
			t.Errorf("beside one at its log's end: %v after %s, want to wait until it has been quiet", err, time.Since(begin))
		}
		if limit, err := a.wait(t.Context(), 0, 1<<51); err != nil || limit != 1<<51+1000 {
			t.Errorf("limit %d, %v: beside a quiet partition it must ask again after span", limit, err)
		}
	})
}

// TestAlignerDoesNotDeadlock lets two partitions whose next events lie far ahead of all that was written wait at once:
// the earlier one goes on, and the later one after it.
func TestAlignerDoesNotDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAligner(1000, time.Second, time.Hour)
		a.reach(0, 0)
		a.reach(1, 0)
		begin := time.Now()
		later := make(chan bool)
		go func() {
			if _, err := a.wait(t.Context(), 0, 90_000); err != nil {
				t.Error(err)
			}
			close(later)
		}()
		synctest.Wait()
		if _, err := a.wait(t.Context(), 1, 70_000); err != nil {
			t.Error(err)
		}
		a.reach(1, 89_500)
		<-later
		if took := time.Since(begin); took != 0 {
			t.Errorf("took %s: both waited for the other", took)
		}
	})
}

// TestAlignerGivesUp goes on after a while beside a partition that cannot be read, and at once when it is told to stop.
func TestAlignerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAligner(1000, time.Second, time.Minute)
		a.reach(0, 0)
		a.reach(1, 0)
		begin := time.Now()
		if limit, err := a.wait(t.Context(), 0, 9000); limit != 10_000 || err != nil || time.Since(begin) != time.Minute {
			t.Errorf("limit %d, %v, after %s", limit, err, time.Since(begin))
		}
		a.reach(1, 500) // it gives something now and then, far behind: nobody waits for it a second time
		begin = time.Now()
		if _, err := a.wait(t.Context(), 0, 20_000); err != nil || time.Since(begin) != 0 {
			t.Errorf("waited %s more for one that was left behind, %v", time.Since(begin), err)
		}
		a.reach(1, 19_500) // it has caught up, so it counts again
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := a.wait(ctx, 0, 99000); err == nil {
			t.Error("a cancelled wait went on")
		}
	})
}
