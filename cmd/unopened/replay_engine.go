package main

import (
	"io"
	"log/slog"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/models"
)

// replayEngine is an engine that keeps nothing.
func replayEngine(cfg *configs.Config) (*engine.Engine, error) {
	set, mask, err := loadModels(cfg)
	if err != nil {
		return nil, err
	}
	return engineBehind(cfg, set, mask)
}

// engineBehind is a replay's engine with these models behind a mask.
func engineBehind(cfg *configs.Config, set *models.Set, mask *ingest.Mask) (*engine.Engine, error) {
	key, err := replayKey(cfg)
	if err != nil {
		return nil, err
	}
	e := &engine.Engine{
		Config: cfg.Engine, Features: cfg.Features, Alerts: cfg.Alerts, Models: set, Key: key,
		Incarnation: cfg.Kafka.Incarnation, Mask: mask, Letters: file.NewLetters(io.Discard), Log: slog.New(slog.DiscardHandler),
	}
	e.Alerts.Webhooks, e.Alerts.Lines = nil, "" // a replay tells nobody
	// Which alerts are over the budget depends on the order of the alert topic, which a replay does not know.
	e.Alerts.DailyBudget = 0
	return e, e.Prepare()
}

// replayKey is the deployment's identity key if there is one, so that alert ids are those of the live run; a replay on a
// machine without one makes no key and uses a fixed one.
func replayKey(cfg *configs.Config) ([]byte, error) {
	if !hasKey(cfg) {
		return []byte("a replay without an identity key"), nil
	}
	return identityKey(cfg)
}
