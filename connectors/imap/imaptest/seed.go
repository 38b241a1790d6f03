package imaptest

import (
	"fmt"
	"mime"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Seeded are the Message-IDs of generated mail, for each person of sandbox.Customers the thread with them, oldest first.
type Seeded struct{ Threads [][]string }

// perPerson bounds a thread.
const perPerson = 4

// Seed puts mail between the mailbox's user and generated customers into INBOX and Sent: a thread with every third person,
// an answer out of office and a newsletter among them. It is as old as the people were made, but never newer than the clock.
// It panics when a mail is refused, which is a mistake of ours.
func (s *Server) Seed(c sandbox.Customers) Seeded {
	out := Seeded{Threads: make([][]string, len(c.People))}
	for i, p := range c.People {
		if i%3 != 0 {
			continue
		}
		begin := p.Created.Add(time.Duration(i%9) * time.Hour).Truncate(time.Second)
		for n := range 1 + i%perPerson {
			at := begin.Add(time.Duration(n*n) * 5 * time.Hour)
			if at.After(s.clock.Now()) {
				break
			}
			id := fmt.Sprintf("%d.%d@%s", i, n, domainOf(p.Email))
			raw := s.letterOf(p, i, n, at, out.Threads[i], id)
			folder := "INBOX"
			if n%2 == 1 {
				folder = "Sent"
			}
			if _, err := s.AppendAt(folder, raw, at.Add(time.Second)); err != nil {
				panic(err)
			}
			out.Threads[i] = append(out.Threads[i], id)
		}
	}
	return out
}

// subjects are what customers write about.
var subjects = []string{"Question about the invoice", "Renewal", "Délai de livraison", "Kündigung?", "見積もりの件", "Cannot log in", "Новый договор"}

// letterOf writes the n-th mail of the thread with a person: the first and every second is theirs.
func (s *Server) letterOf(p sandbox.Person, i, n int, at time.Time, before []string, id string) []byte {
	them := fmt.Sprintf("%s <%s>", mime.QEncoding.Encode("utf-8", p.Given+" "+p.Family), p.Email)
	us := "Sales <" + s.opt.User + ">"
	subject := subjects[i%len(subjects)]
	from, to := them, us
	if n%2 == 1 {
		from, to = us, them
	}
	if n > 0 {
		subject = "Re: " + subject
	}
	h := []string{"Message-ID: <" + id + ">", "Date: " + at.Format(time.RFC1123Z), "From: " + from, "To: " + to,
		"Subject: " + mime.BEncoding.Encode("utf-8", subject), "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"}
	if len(before) > 0 {
		h = append(h, "In-Reply-To: <"+before[len(before)-1]+">", "References: <"+strings.Join(before, "> <")+">")
	}
	if n == 2 {
		h = append(h, "Auto-Submitted: auto-replied")
	}
	return []byte(strings.Join(h, "\r\n") + fmt.Sprintf("\r\n\r\nHello,\r\n\r\nthis is mail %d of %s.\r\n", n+1, p.Given))
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}
