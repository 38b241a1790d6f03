//go:build linux

package boltkv_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/millrace/millrace/router/ledger/boltkv"
	"github.com/millrace/millrace/router/ledger/kv"
	"github.com/millrace/millrace/router/ledger/kv/kvtest"
)

// The test binary, started again with these, writes to a store on a disk that fails.
const (
	diskPath  = "MILLRACE_BOLTKV_DISK"
	diskLimit = "MILLRACE_BOLTKV_LIMIT" // largest file in bytes, 0 for none
	diskSize  = "MILLRACE_BOLTKV_SIZE"  // bytes of a value
)

const diskUpdates = 14

func init() {
	if path := os.Getenv(diskPath); path != "" {
		writeToBadDisk(path)
	}
}

// writeToBadDisk says on standard output what every update was told.
func writeToBadDisk(path string) {
	if limit, _ := strconv.ParseUint(os.Getenv(diskLimit), 10, 64); limit > 0 {
		signal.Ignore(syscall.SIGXFSZ) // then a write over the limit answers EFBIG
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			fmt.Println("setrlimit", err)
			os.Exit(1)
		}
	}
	size, _ := strconv.Atoi(os.Getenv(diskSize))
	e, err := open(path)
	if err != nil {
		fmt.Println("open", told(err), err)
		os.Exit(0)
	}
	for i := range diskUpdates {
		err := e.Update(context.Background(), func(tx kv.Tx) error {
			return errors.Join(tx.Put(kvtest.Buckets[0], diskKey(i), diskValue(i, size)), tx.Put(kvtest.Buckets[1], diskKey(i), nil))
		})
		fmt.Println(i, told(err), err)
	}
	os.Exit(0) // as a crash would: no Close
}

func diskKey(i int) []byte         { return fmt.Appendf(nil, "%02d", i) }
func diskValue(i, size int) []byte { return bytes.Repeat([]byte{byte(i)}, size) }

// told is the one word of an error that decides what may be in the file.
func told(err error) string {
	for word, is := range map[string]error{"damaged": kv.ErrDamaged, "unknown": kv.ErrUnknownOutcome} {
		if errors.Is(err, is) {
			return word
		}
	}
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, kv.ErrFull):
		return "full"
	case errors.Is(err, kv.ErrUnavailable):
		return "refused"
	}
	return "unclassified"
}

// afterwards opens the store on a good disk and compares it with what the process was told.
func afterwards(t *testing.T, path, output string, size int) (words map[string]int) {
	t.Helper()
	words = map[string]int{}
	if err := boltkv.Check(path); err != nil {
		t.Fatalf("check: got %v, want a whole file after\n%s", err, output)
	}
	e, err := open(path)
	if err != nil {
		t.Fatalf("open: got %v, want a store after\n%s", err, output)
	}
	defer e.Close()
	err = e.View(context.Background(), func(r kv.Reader) error {
		for line := range strings.Lines(output) {
			var i int
			var word string
			if _, err := fmt.Sscan(line, &i, &word); err != nil {
				continue
			}
			words[word]++
			value, mark := r.Get(kvtest.Buckets[0], diskKey(i)), r.Get(kvtest.Buckets[1], diskKey(i))
			if (value != nil) != (mark != nil) || (value != nil && !bytes.Equal(value, diskValue(i, size))) {
				t.Errorf("update %d: got half of it, want all or nothing", i)
			}
			if there := value != nil; word != "unknown" && there != (word == "ok") {
				t.Errorf("update %d was told %q: got it there: %t", i, word, there)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("view: got %v, want nil", err)
	}
	if words["unclassified"]+words["damaged"] > 0 {
		t.Errorf("outcomes: got %v, want only ok, full, refused and unknown in\n%s", words, output)
	}
	return words
}

func TestDiskFull(t *testing.T) {
	path := place(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), diskPath+"="+path, diskLimit+"=20000000", diskSize+"=2000000")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("writing process: got %v and %s, want it to end well", err, out)
	}
	words := afterwards(t, path, string(out), 2_000_000)
	if words["ok"] < 3 || words["full"] < 3 || words["unknown"] > 0 {
		t.Errorf("outcomes at a file size limit: got %v, want some ok, then only full\n%s", words, out)
	}
	if !strings.Contains(string(out), "make room on the disk that holds "+path) {
		t.Errorf("output: got %s, want it to say what to do", out)
	}
}

// TestDiskFails injects errors into the system calls of a real commit. strace counts calls a
// thread, so which update is hit varies; what must hold does not.
func TestDiskFails(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("strace is not installed: without it a failing disk is only simulated")
		}
		t.Skip("SKIPPED: strace is not installed, a failing disk is only simulated by TestFailedCommitIsSettled; apt-get install strace")
	}
	var inject []string
	for n := 3; n <= 8; n++ {
		inject = append(inject, fmt.Sprintf("fdatasync:error=EIO:when=%d", n))
	}
	inject = append(inject, "fdatasync:error=EIO:when=5..6", "fdatasync:error=EIO:when=6..7", "fdatasync:error=EIO:when=6+",
		"pwrite64:error=ENOSPC:when=9..11", "pwrite64:error=EIO:when=8", "fsync:error=EIO:when=2",
		"fdatasync:signal=KILL:when=5", "fdatasync:signal=KILL:when=6", "pwrite64:signal=KILL:when=10")
	all := map[string]int{}
	for _, what := range inject {
		path := place(t)
		call, _, _ := strings.Cut(what, ":")
		cmd := exec.Command(strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace="+call, "-e", "inject="+what, os.Args[0])
		cmd.Env = append(os.Environ(), diskPath+"="+path, diskSize+"=30000", "GOMAXPROCS=1")
		out, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(what, "KILL") {
			t.Fatalf("%s: got %v and %s, want the process to end well", what, err, out)
		}
		words := afterwards(t, path, string(out), 30_000)
		t.Logf("%-36s %v", what, words)
		for word, n := range words {
			all[word] += n
		}
	}
	if all["refused"]+all["unknown"] == 0 || all["full"] == 0 {
		t.Errorf("outcomes: got %v, want some commits to have been refused and some to have met a full disk", all)
	}
}
