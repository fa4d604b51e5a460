package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// settings are the flags of one run.
type settings struct {
	Dir         string        `json:"-"`
	Connections []int         `json:"connections"`
	Repeats     int           `json:"repeats"`
	Slice       time.Duration `json:"slice"`
	Warm        time.Duration `json:"warm"`
	Client      string        `json:"client"`
	Ours        string        `json:"ours"`
	Spread      bool          `json:"spread"`
	Rows        int64         `json:"rows"`
	Million     string        `json:"-"`
	PPM         string        `json:"-"`
	Also        []string      `json:"also,omitempty"`
	JSON        string        `json:"-"`
	Profile     string        `json:"-"`
	Starts      int           `json:"-"`
	Idle        time.Duration `json:"-"`
	Backlog     int64         `json:"backlog,omitempty"`
	RiverJobs   int64         `json:"river_jobs,omitempty"`
}

func parse(args []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprint(f.Output(), usage)
		f.PrintDefaults()
	}
	f.StringVar(&s.Dir, "dir", os.TempDir(), "work in a new folder below this one: the disk to measure")
	conns := f.String("conns", "1,16,64,256", "numbers of connections")
	f.IntVar(&s.Repeats, "repeats", 5, "rounds; the figures are their medians")
	f.DurationVar(&s.Slice, "slice", 2*time.Second, "how long each is measured in a round")
	f.DurationVar(&s.Warm, "warm", 500*time.Millisecond, "load before each measurement")
	f.StringVar(&s.Client, "client", "net", `who posts: "net" is net/http's client, "raw" a leaner one that leaves more of the machine to the server`)
	f.StringVar(&s.Ours, "ours", "ppm", `what is measured: "ppm" is the real program, "inprocess" its receiver and store inside this tool, for profiles`)
	f.BoolVar(&s.Spread, "spread", false, "notifications in no order at all, the worst for an index")
	f.Int64Var(&s.Rows, "rows", 1_000_000, "size of the large store; 0 leaves it out")
	f.StringVar(&s.Million, "million", "", "keep the large store in this folder, or use the one there; the run works on a copy")
	f.StringVar(&s.PPM, "ppm", "", "the ppm to measure (default: built from the current module)")
	f.Func("also", "another ppm to measure on an empty store beside the first, for comparing two builds; may be repeated", func(path string) error {
		s.Also = append(s.Also, path)
		return nil
	})
	f.StringVar(&s.JSON, "json", "", `also write the figures as JSON to this file; "-" is standard output`)
	f.StringVar(&s.Profile, "profile", "", "write CPU and allocation profiles of the servers to this folder; takes -ours inprocess")
	f.IntVar(&s.Starts, "starts", 10, "start: how many starts to time")
	f.DurationVar(&s.Idle, "idle", time.Minute, "start, deliver: how long to watch an idle ppm")
	f.Int64Var(&s.Backlog, "backlog", 100_000, "deliver: how many deliveries to work off, to ten clients")
	f.Int64Var(&s.RiverJobs, "river", 20_000, "deliver: how many jobs River works off")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	for n := range strings.SplitSeq(*conns, ",") {
		c, err := strconv.Atoi(n)
		if err != nil || c < 1 {
			return s, fmt.Errorf("-conns %s: give numbers of connections, such as 1,64", *conns)
		}
		s.Connections = append(s.Connections, c)
	}
	switch {
	case f.NArg() > 0:
		return s, fmt.Errorf("%s: not a word this tool knows; see -help", f.Arg(0))
	case s.Repeats < 1 || s.Starts < 1 || s.Backlog < clients || s.RiverJobs < 1:
		return s, fmt.Errorf("-repeats, -starts and -river must be at least 1, -backlog at least %d", clients)
	case s.Client != "net" && s.Client != "raw":
		return s, fmt.Errorf(`-client %s: give "net" or "raw"`, s.Client)
	case s.Ours != "ppm" && s.Ours != "inprocess":
		return s, fmt.Errorf(`-ours %s: give "ppm" or "inprocess"`, s.Ours)
	case s.Profile != "" && s.Ours == "ppm":
		return s, fmt.Errorf("-profile: ppm writes no profiles; add -ours inprocess")
	}
	return s, nil
}

// work is one run: its settings and the folder that goes when it ends.
type work struct {
	settings
	self   string // this program, for the servers that are children of it
	dir    string // on the disk under test
	bodies bodies
}

func withWork(s settings, do func(*work) error) (err error) {
	w := &work{settings: s, bodies: bodies{spread: s.Spread}}
	if w.self, err = os.Executable(); err != nil {
		return err
	}
	if w.dir, err = os.MkdirTemp(s.Dir, "ppm-bench-"); err != nil {
		return err
	}
	defer func() {
		if gone := os.RemoveAll(w.dir); err == nil {
			err = gone
		}
	}()
	if w.PPM == "" {
		w.PPM = filepath.Join(w.dir, "ppm.exe") // the name Windows wants, and nobody else minds
		build := exec.Command("go", "build", "-o", w.PPM, "processmanager")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build ppm: %w\n%s", err, out)
		}
	}
	return do(w)
}
