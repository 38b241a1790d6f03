package pubsub

import "time"

// SetSilence makes a client give up a silent server sooner.
func (c *Client) SetSilence(d time.Duration) { c.silence = d }

// Schemas returns how many schemas are kept.
func (c *Client) Schemas() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.schemas)
}
