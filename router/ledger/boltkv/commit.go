package boltkv

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
)

// maxJoint bounds how often a group is tried together. After that each member gets its own commit,
// so a function runs at most maxJoint+1 times however many others fail beside it.
const maxJoint = 2

// commitLoop is the only goroutine that begins write transactions.
func (e *Engine) commitLoop() {
	defer close(e.done)
	defer e.queue.drain() // what a group put back while the queue was shut
	debug.SetPanicOnFault(true)
	for {
		group := e.queue.next(e.opts.MaxGroup)
		if group == nil {
			return
		}
		e.serve(group)
	}
}

// serve ends every Update of the group. One that failed after it wrote is run again alone, after
// the others, so that the error its caller gets is about committed data only.
func (e *Engine) serve(group []*update) {
	for _, u := range group {
		if u.alone != nil {
			defer func() { u.finish(u.alone()) }()
		}
	}
	group = slices.DeleteFunc(group, func(u *update) bool { return u.alone != nil })
	var alone []*update
	for range maxJoint {
		again, failed := e.attempt(group)
		if failed != nil {
			alone = append(alone, failed)
		}
		if group = again; len(group) == 0 {
			break
		}
	}
	for _, u := range append(group, alone...) {
		e.attempt([]*update{u})
	}
}

// attempt tries to commit the group in one transaction. When a member fails after it wrote,
// everything is taken back: again are the others, failed is the member unless its end is decided.
func (e *Engine) attempt(group []*update) (again []*update, failed *update) {
	if err := e.settled(); err != nil {
		finishAll(group, err)
		return nil, nil
	}
	tx, err := e.begin(true)
	if err != nil {
		finishAll(group, fmt.Errorf("begin update: %w", err))
		return nil, nil
	}
	j := &joint{e: e, s: newSession(e.path, e.opts.Buckets, tx)}
	for i, u := range group {
		if j.bytes > e.opts.MaxGroupBytes {
			e.queue.putBack(group[i:])
			break
		}
		o := e.run(u, j.s)
		if o.err != nil && o.wrote {
			return append(j.members(), group[i+1:]...), j.expel(u, o.err)
		}
		j.admit(u, o)
	}
	j.end()
	return nil, nil
}

// run gives u a turn on s and waits until its function has ended.
func (e *Engine) run(u *update, s *session) outcome {
	if u.ran {
		e.reruns.Add(1)
	}
	u.ran = true
	u.turns <- turn{s: s}
	return <-u.outcomes
}

func finishAll(us []*update, err error) {
	for _, u := range us {
		u.finish(err)
	}
}

// joint is one transaction and what its members did so far.
type joint struct {
	e       *Engine
	s       *session
	applied []*update // ended well
	refused []verdict // failed without writing: nothing to take back
	wrote   bool
	bytes   int
}

type verdict struct {
	u   *update
	err error
}

func (j *joint) admit(u *update, o outcome) {
	if o.err != nil {
		j.refused = append(j.refused, verdict{u, o.err})
		return
	}
	j.applied = append(j.applied, u)
	j.wrote = j.wrote || o.wrote
	j.bytes += o.bytes
}

// expel rolls everything back because u failed after writing. It returns u when its error may rest
// on writes of others that were not committed, nil when u is ended.
func (j *joint) expel(u *update, err error) *update {
	j.rollback()
	if errors.Is(err, errAborted) {
		return nil // its caller has left with the panic
	}
	if j.wrote {
		return u
	}
	u.finish(err)
	return nil
}

// members returns those that have to run again after a rollback.
func (j *joint) members() []*update {
	us := append([]*update(nil), j.applied...)
	for _, v := range j.refused {
		if !errors.Is(v.err, errAborted) {
			us = append(us, v.u)
		}
	}
	return us
}

func (j *joint) rollback() {
	if err := guard(j.e.path, j.s.tx.Rollback); err != nil {
		j.e.getStuck(err)
	}
}

// end commits and tells everyone. The error of a refused member stands only now that what it read
// is durable.
func (j *joint) end() {
	var err error
	if j.wrote {
		err = j.e.commit(j.s.tx)
	} else {
		j.rollback()
	}
	if err == nil && j.wrote {
		j.e.updates.Add(int64(len(j.applied)))
		if len(j.applied) > 1 {
			j.e.grouped.Add(int64(len(j.applied)))
		}
	}
	finishAll(j.applied, err)
	for _, v := range j.refused {
		if err != nil {
			v.err = fmt.Errorf("%w (the commit it was judged by failed)", err)
		}
		v.u.finish(v.err)
	}
}
