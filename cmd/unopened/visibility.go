package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/simulate"
	"github.com/unopened/unopened/models"
)

// sightFlags restrict a command's events to what the servers of a messenger can see.
type sightFlags struct {
	engine.Visibility
	cmd *cobra.Command
}

// add gives a command the flags.
func (f *sightFlags) add(cmd *cobra.Command) {
	f.cmd = cmd
	cmd.Flags().StringVar(&f.Profile, "profile", "", "restrict the events to what a messenger's servers can see: a profile's name (see \"unopened profiles\") or file")
	cmd.Flags().BoolVar(&f.Doubtful, "doubtful", false, "what the profile marks as doubtful counts as seen")
	_ = cmd.RegisterFlagCompletionFunc("profile", cobra.FixedCompletions(configs.ProfileNames(), cobra.ShellCompDirectiveDefault)) // the flag stands above
}

// into puts what the flags say over what the configuration says.
func (f *sightFlags) into(cfg *configs.Config) error {
	v := &cfg.Engine.Visibility
	if f.cmd.Flags().Changed("profile") {
		*v = f.Visibility
	}
	if f.Doubtful {
		v.Doubtful = true
	}
	return f.check(*v)
}

// mask is that of the flags alone, for commands that no configuration restricts.
func (f *sightFlags) mask() (*ingest.Mask, error) {
	if err := f.check(f.Visibility); err != nil {
		return nil, err
	}
	return loadMask(f.Visibility)
}

// check refuses a doubt about nothing.
func (f *sightFlags) check(v engine.Visibility) error {
	if v.Doubtful && v.Profile == "" {
		return usageError{errors.New("--doubtful goes with --profile")}
	}
	return nil
}

// loadMask makes the mask of a profile; nil where none is named.
func loadMask(v engine.Visibility) (*ingest.Mask, error) {
	if v.Profile == "" {
		return nil, nil
	}
	p, err := configs.LoadProfile(v.Profile)
	if err != nil {
		return nil, usageError{err}
	}
	return p.Mask(v.Doubtful), nil
}

// loadModels loads the models that score, and the mask to which the configuration restricts the events. What the mask
// never shows counts as never given, so that nobody is called harmless for what could not be seen of him.
func loadModels(cfg *configs.Config) (*models.Set, *ingest.Mask, error) {
	mask, err := loadMask(cfg.Engine.Visibility)
	if err != nil {
		return nil, nil, err
	}
	set, err := modelsBehind(cfg, mask)
	return set, mask, err
}

// modelsBehind loads the models that score what a mask lets see.
func modelsBehind(cfg *configs.Config, mask *ingest.Mask) (*models.Set, error) {
	chosen := cfg.Models
	chosen.Profile.Never = append(slices.Clone(chosen.Profile.Never), mask.Never().Names()...)
	set, err := models.Load(configs.Artefacts(), chosen)
	if err != nil {
		return nil, usageError{err}
	}
	return set, nil
}

// unseen tells how many events a mask did not let see, as a term of a sum; nothing where there are none.
func unseen(byType map[string]int64) string {
	n := int64(0)
	for _, one := range byType {
		n += one
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" + %s unseen", thousands(n))
}

// simulation gives the lines of a simulated messenger one by one, as simulate.Simulator.Next does.
type simulation interface {
	Next(dst []byte) ([]byte, simulate.Item, bool)
}

// restricted is a simulation of which only what a mask lets see is handed over. Hostile lines stay as they are.
type restricted struct {
	*simulate.Simulator
	mask   *ingest.Mask
	form   ingest.Encoding
	event  ingest.Event
	unseen int64
}

// Next appends the next line that is seen. The item's event is valid until the next call.
func (r *restricted) Next(dst []byte) ([]byte, simulate.Item, bool) {
	for {
		line, item, more := r.Simulator.Next(dst)
		if !more || item.Event == nil || r.mask == nil {
			return line, item, more
		}
		r.event = *item.Event
		if r.mask.Apply(&r.event) {
			item.Event = &r.event
			return r.form.Append(dst, item.Event), item, true
		}
		r.unseen++
	}
}

// left tells how much was not seen; nothing where all was.
func (r *restricted) left() string {
	if r.unseen == 0 {
		return ""
	}
	return fmt.Sprintf("; %s not seen by the profile's servers", thousands(r.unseen))
}
