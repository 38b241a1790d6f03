package cli

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestReplaceFileReplacesNoDevice writes to a pipe through a link, as to /dev/stdout. A rename would put a file in its place.
func TestReplaceFileReplacesNoDevice(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no pipes with names here: %v", err)
	}
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // both ends, so that nobody waits for the other
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := replaceFile(link, hello); err != nil {
		t.Fatalf("write to a pipe: got %v, want no error", err)
	}
	info, err := os.Lstat(pipe)
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Fatalf("the pipe after the write: got %v (%v), want it still a pipe", info, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Fatalf("the link after the write: got %v (%v), want it still a link", info, err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(reader, got); err != nil || string(got) != "hello" {
		t.Errorf("through the pipe came %q (%v), want hello", got, err)
	}
}

// TestReplaceFileKeepsLinks replaces the file that a link leads to, and refuses a folder.
func TestReplaceFileKeepsLinks(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(link, hello); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "hello" {
		t.Errorf("the file behind the link holds %q (%v), want hello", got, err)
	}
	if err := replaceFile(dir, hello); exitCode(err) != exitConfig {
		t.Errorf("write to a folder: got %v, want a mistake of the command line", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("the folder holds %v (%v), want the file and its link", left, err)
	}
}

func hello(w io.Writer) error {
	_, err := io.WriteString(w, "hello")
	return err
}
