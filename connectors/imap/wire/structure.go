package wire

import "github.com/emersion/go-imap/v2"

// Structure is what a server says of the parts of a message (BODYSTRUCTURE), names and values as it sends them.
type Structure struct {
	Type              string // "text/plain", "multipart/mixed"
	Params            map[string]string
	Disposition       string
	DispositionParams map[string]string
	Encoding          string
	Size              int64 // bytes, encoded
	Parts             []Structure
}

// deepest bounds how deep parts may be in each other: what lies deeper nobody looks at.
const deepest = 100

// structureOf takes the structure out of the library's types.
func structureOf(b imap.BodyStructure, depth int) *Structure {
	s := &Structure{}
	if b == nil || depth > deepest {
		return s
	}
	s.Type = b.MediaType()
	if d := b.Disposition(); d != nil {
		s.Disposition, s.DispositionParams = d.Value, d.Params
	}
	switch b := b.(type) {
	case *imap.BodyStructureSinglePart:
		s.Params, s.Encoding, s.Size = b.Params, b.Encoding, int64(b.Size)
	case *imap.BodyStructureMultiPart:
		if b.Extended != nil {
			s.Params = b.Extended.Params
		}
		for _, child := range b.Children {
			s.Parts = append(s.Parts, *structureOf(child, depth+1))
		}
	}
	return s
}
