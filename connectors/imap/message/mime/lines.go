package mime

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine is how much of a line is held; a longer one is taken in pieces. RFC 5322 allows 998 bytes.
const maxLine = 32 << 10

// lines calls take with every line without its end, CRLF or LF. first and last say whether a piece begins and ends a line.
func lines(r io.Reader, take func(b []byte, first, last bool)) error {
	in := bufio.NewReaderSize(r, maxLine)
	first, held := true, false // held: a piece ended in a CR, which may belong to the line's end
	for {
		b, err := in.ReadSlice('\n')
		full := errors.Is(err, bufio.ErrBufferFull)
		if held {
			held = false
			if len(b) != 1 || b[0] != '\n' {
				take([]byte{'\r'}, false, false)
			}
		}
		switch {
		case full:
			if held = b[len(b)-1] == '\r'; held {
				b = b[:len(b)-1]
			}
			take(b, first, false)
			first = false
			continue
		case len(b) > 0 || !first:
			take(trimEnd(b), first, true)
		}
		first = true
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func trimEnd(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}
