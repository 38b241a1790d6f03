package cli

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
)

// The variables that name a file for a profile of this run. They are for developers: `millrace bench` hands them
// through, and `go tool pprof` reads the files.
const (
	cpuProfile = "MILLRACE_CPUPROFILE"
	memProfile = "MILLRACE_MEMPROFILE"
)

// profile starts the profiles that the environment asks for. The returned function ends and writes them; what goes
// wrong is only told, since no run should fail for its measurement.
func profile(errOut io.Writer) func() {
	var ends []func()
	if name := os.Getenv(cpuProfile); name != "" {
		if f := profileFile(errOut, name); f != nil && pprof.StartCPUProfile(f) == nil {
			ends = append(ends, func() { pprof.StopCPUProfile(); f.Close() })
		}
	}
	if name := os.Getenv(memProfile); name == "" {
		runtime.MemProfileRate = 0 // nobody can read it, and keeping it costs two hundredths of the CPU
	} else {
		runtime.MemProfileRate = 64 << 10
		if f := profileFile(errOut, name); f != nil {
			ends = append(ends, func() { _ = pprof.Lookup("allocs").WriteTo(f, 0); f.Close() })
		}
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

func profileFile(errOut io.Writer, name string) *os.File {
	f, err := os.Create(name)
	if err != nil {
		fmt.Fprintln(errOut, "millrace: no profile:", err)
		return nil
	}
	return f
}
