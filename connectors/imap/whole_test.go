package imap_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// withFile is a mail with a file.
func withFile(n int, content string) []byte {
	return []byte(fmt.Sprintf("Message-Id: <file%d@x.example>\r\nDate: Mon, 30 Nov 2026 09:00:00 +0000\r\nFrom: a@x.example\r\nTo: sales@ours.example\r\n"+
		"Subject: file %d\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nSee the file.\r\n"+
		"--q\r\nContent-Type: application/pdf; name=order.pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=order.pdf\r\n\r\n%s\r\n--q--\r\n",
		n, n, base64.StdEncoding.EncodeToString([]byte(content))))
}

// TestAttachmentsHaveHashes: with `hashes`, mails that have attachments are read whole, over as many pages as it takes, and
// say the same otherwise; without, no attachment is read.
func TestAttachmentsHaveHashes(t *testing.T) {
	b := newBox(t, "body", "snippet")
	c := b.server.Client(t)
	c.Append("INBOX", "", append(letters(0, 3), withFile(1, "hello"))...)
	for i := range 4 {
		c.Append("Archive", "", withFile(10+i, strings.Repeat("0123456789abcdef", 1<<20)))
	}
	plain := ids(b.drain())
	settings := at(b.server.TLS, "ca", b.server.CA, "body", "snippet", "hashes", true)
	hashed := box{t: t, src: open(t, settings).(connectors.Source)}
	pages := 0
	records := map[string]string{}
	for more := true; more; pages++ {
		page, err := hashed.src.Read(t.Context(), "messages", hashed.at)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			records[r.Ref.ID] = string(r.Data)
		}
		hashed.at, more = page.Next, page.More
	}
	if len(records) != 8 || pages < 3 {
		t.Errorf("%d records on %d pages, want 8 on several", len(records), pages)
	}
	const hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	found := 0
	for id, r := range plain {
		file := gjson.Get(records[id], "attachments.0")
		if file.Get("sha256").String() == hello && file.Get("size").Int() == 5 {
			found++
		}
		if gjson.GetBytes(r.Data, "attachments.0.sha256").Exists() || file.Exists() && file.Get("sha256").String() == "" {
			t.Errorf("hashes are not what was asked for: %s and %s", r.Data, records[id])
		}
		for _, path := range []string{"subject", "snippet", "thread", "correspondents", "attachments.0.name"} {
			if x, y := gjson.GetBytes(r.Data, path).Raw, gjson.Get(records[id], path).Raw; x != y {
				t.Errorf("%s: %s with hashes, %s without", path, y, x)
			}
		}
	}
	if found != 1 {
		t.Error("the known file does not have its hash")
	}
}
