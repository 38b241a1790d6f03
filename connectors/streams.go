package connectors

import (
	"fmt"
	"slices"
)

// CheckStreams reports what is wrong with the streams that a source lists. A complete listing takes what it does not show for
// gone, so two of one object would each reap what only the other one shows. What comes along with a stream is listed with it,
// and no other stream may have it at all; the object of a stream may be that of others that list nothing.
func CheckStreams(list []Stream) error {
	for i, s := range list {
		if s.Name == "" || s.Object == "" || slices.Contains(s.Along, s.Object) || slices.Contains(s.Along, "") {
			return fmt.Errorf("stream %q has the object %q and along with it %q: it needs a name, an object, and others along", s.Name, s.Object, s.Along)
		}
		for _, other := range list[i+1:] {
			if err := s.beside(other); err != nil {
				return err
			}
		}
	}
	return nil
}

// beside reports why two streams cannot be of one source.
func (s *Stream) beside(other Stream) error {
	switch {
	case s.Name == other.Name:
		return fmt.Errorf("stream %s is there twice", s.Name)
	case s.Object == other.Object && s.lists() && other.lists():
		return fmt.Errorf("streams %s and %s both list the object %s", s.Name, other.Name, s.Object)
	}
	for _, object := range append([]string{s.Object}, s.Along...) {
		if slices.Contains(other.Along, object) || object == other.Object && slices.Contains(s.Along, object) {
			return fmt.Errorf("the object %s comes along with one of the streams %s and %s, and the other reads it, too", object, s.Name, other.Name)
		}
	}
	return nil
}

// lists reports whether the stream's listings take for gone what they do not show.
func (s *Stream) lists() bool { return s.Snapshot || s.Sweep > 0 }
