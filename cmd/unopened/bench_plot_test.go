package main

import (
	"bytes"
	"image/color"
	"os"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// series is a line of a plot.
type series struct {
	name  string
	value func(*scaled) float64
	color color.Color
}

var (
	plotBlue   = color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff}
	plotOrange = color.RGBA{R: 0xd9, G: 0x6b, B: 0x0b, A: 0xff}
	plotGreen  = color.RGBA{R: 0x2b, G: 0x7d, B: 0x3c, A: 0xff}
)

// plotScale draws what a side costs and what an account takes, against the number of accounts, as one SVG.
func plotScale(name string, quiet []scaled, reaching *scaled) error {
	speed, err := scalePlot("CPU for a side, quiet accounts", "ns", quiet,
		series{"Zipf 1.1", func(s *scaled) float64 { return s.Zipf }, plotBlue},
		series{"uniform", func(s *scaled) float64 { return s.Uniform }, plotOrange})
	if err != nil {
		return err
	}
	memory, err := scalePlot("Memory of an account, all in", "bytes", quiet,
		series{"quiet", func(s *scaled) float64 { return s.Bytes }, plotBlue})
	if err != nil {
		return err
	}
	point := []scaled{*reaching}
	if err := addSeries(memory, point, series{"reaches out", func(s *scaled) float64 { return s.Bytes }, plotGreen}); err != nil {
		return err
	}
	if err := addSeries(speed, point, series{"reaches out, Zipf", func(s *scaled) float64 { return s.Zipf }, plotGreen}); err != nil {
		return err
	}
	widen(speed)
	widen(memory)
	canvas := vgsvg.New(22*vg.Centimeter, 10*vg.Centimeter)
	white := draw.New(canvas)
	white.SetColor(color.White)
	white.Fill(white.Path())
	half := white.Max.X / 2
	const edge = 3 * vg.Millimeter
	speed.Draw(draw.Crop(white, edge, -half-3*edge, edge, -edge))
	memory.Draw(draw.Crop(white, half+edge, -3*edge, edge, -edge))
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// scalePlot is one plot with both axes logarithmic.
func scalePlot(title, unit string, sizes []scaled, lines ...series) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, "accounts", unit
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = decades{shortly}, decades{func(v float64) string { return thousands(int64(v)) }}
	p.X.Padding, p.Y.Padding, p.Title.Padding = 0, 0, 3*vg.Millimeter
	p.Legend.Top, p.Legend.Left, p.Legend.TextStyle.Font.Size = true, true, 9
	p.Legend.XOffs, p.Legend.YOffs = 2*vg.Millimeter, -2*vg.Millimeter
	p.BackgroundColor = color.White
	p.Add(plotter.NewGrid())
	for _, line := range lines {
		if err := addSeries(p, sizes, line); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// decades writes the whole decades of a logarithmic axis.
type decades struct{ write func(float64) string }

// Ticks returns what plot's own ticks are, with our numbers.
func (d decades) Ticks(low, high float64) []plot.Tick {
	ticks := plot.LogTicks{Prec: -1}.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = d.write(ticks[i].Value)
		}
	}
	return ticks
}

// addSeries adds a line and its points.
func addSeries(p *plot.Plot, sizes []scaled, s series) error {
	points := make(plotter.XYs, len(sizes))
	for i := range sizes {
		points[i] = plotter.XY{X: sizes[i].Accounts, Y: s.value(&sizes[i])}
	}
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Color, dots.Color, dots.Shape = s.color, s.color, draw.CircleGlyph{}
	line.Width = vg.Points(1.5)
	p.Add(line, dots)
	p.Legend.Add(s.name, line, dots)
	return nil
}

// widen puts the axes on whole decades, from which heights can be compared.
func widen(p *plot.Plot) {
	p.X.Min, p.X.Max = decade(p.X.Min, p.X.Max)
	p.Y.Min, p.Y.Max = decade(p.Y.Min, p.Y.Max)
}

func decade(low, high float64) (float64, float64) {
	from, to := 1.0, 1.0
	for from*10 <= low {
		from *= 10
	}
	for to < high {
		to *= 10
	}
	return from, to
}

// TestPlotScale draws made-up sizes: whatever was measured is named in the picture.
func TestPlotScale(t *testing.T) {
	name := t.TempDir() + "/cost.svg"
	quiet := []scaled{{Accounts: 1e5, Zipf: 400, Uniform: 600, Bytes: 270}, {Accounts: 1e7, Zipf: 500, Uniform: 900, Bytes: 265}}
	if err := plotScale(name, quiet, &scaled{Accounts: 2e6, Zipf: 700, Bytes: 1600}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "Zipf 1.1", "uniform", "quiet", "reaches out", "accounts"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the picture lacks %q", want)
		}
	}
	if err := plotScale(t.TempDir()+"/none/cost.svg", quiet, &quiet[0]); err == nil {
		t.Error("a picture in a folder that is not there")
	}
}
