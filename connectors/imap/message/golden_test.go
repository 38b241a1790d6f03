package message

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/*.json anew")

// received is when the server got every mail of the corpus.
var received = time.Date(2026, 11, 30, 10, 0, 6, 0, time.UTC)

// ours is the owner of the corpus' mailbox.
var ours = Settings{Own: NewOwn([]string{"sales@freemail.example"}, []string{"ours.example"}), Body: Full}

// corpus returns the mails of testdata by their names, with the line ends that a server sends.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob("testdata/*.eml")
	mails := make(map[string][]byte)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mails[strings.TrimSuffix(filepath.Base(file), ".eml")] = withCRLF(raw)
	}
	if len(mails) == 0 {
		t.Fatal("testdata has no mails")
	}
	return mails
}

func withCRLF(raw []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// parse reads a mail that must be readable to its end.
func parse(t testing.TB, raw []byte, s Settings) *Message {
	t.Helper()
	m, err := Parse(bytes.NewReader(raw), received, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestGolden: each mail of testdata is what the file beside it says, with its id.
func TestGolden(t *testing.T) {
	for name, raw := range corpus(t) {
		m := parse(t, raw, ours)
		var got bytes.Buffer
		if err := json.Indent(&got, m.JSON(), "", "  "); err != nil {
			t.Fatal(err)
		}
		got.WriteString("\n" + m.ID + "\n")
		file := filepath.Join("testdata", name+".json")
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v; run the test with -update and look at what it writes", err)
			continue
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
