package receive

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is read from files again when they change, so that a renewed one needs no restart.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	now     *tls.Certificate
	changed time.Time // of the files
	looked  time.Time
}

// lookEvery is how often the files are looked at.
const lookEvery = time.Minute

func (c *certificate) load() error {
	changed := c.stamp()
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("certificate of the webhook receiver: %w", err)
	}
	c.now, c.changed, c.looked = &pair, changed, time.Now()
	return nil
}

// stamp is the newer time of the two files, zero when one is not there.
func (c *certificate) stamp() (newest time.Time) {
	for _, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return time.Time{}
		}
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}

// get is tls.Config.GetCertificate. Files that cannot be used, for they are just being written, leave the old one.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookEvery {
		return c.now, nil
	}
	c.looked = time.Now()
	if stamp := c.stamp(); stamp.IsZero() || stamp.Equal(c.changed) {
		return c.now, nil
	}
	if err := c.load(); err != nil {
		c.log.Warn("the certificate changed and cannot be used", "error", err)
	}
	return c.now, nil
}
