package mailchimp

import (
	"slices"
)

// Members are paged without paging by number: rows that change while they are read leave their place for the end of the
// list, everything behind moves up, and a plain offset steps over as many rows as have left. So each page begins in the
// second that the last row was of, which is asked for again whole (`since_last_changed` is exclusive, so one second before
// it), and the rows of it that were returned are passed over by their ids. Only when a second has many rows is an offset
// needed to get through it; then the page begins with the row that the last one ended with, and if that is not there,
// because rows have left, it begins earlier. In this way no row that stays in the window is ever stepped over, whatever
// others do, and a row that leaves it has changed and is in the next pass.

const (
	// fewIDs is how many rows of a second are passed over by their ids.
	fewIDs = 50
	// anchors is how many of the last rows are remembered where an offset is used: any of them may leave.
	anchors = 5
)

// backs are how far before the last row a page begins that uses an offset: the second and third when none of the anchors
// was found there. After those it begins where the window does.
var backs = []int{1, 32, 1024}

// window is how far the members of a list are read, in the order of their last change.
type window struct {
	Since int64 `json:"since,omitempty"` // rows after this second are asked for
	At    int64 `json:"at,omitempty"`    // the second of the last row that was returned
	// Skip is how many rows behind Since were returned already, and Have, while they are few, their ids.
	Skip int      `json:"skip,omitempty"`
	Have []string `json:"have,omitempty"`
	// Last are the last of those rows, of the second At, where Have is empty; Missed is how often none of them was found.
	Last   []string `json:"last,omitempty"`
	Missed int      `json:"missed,omitempty"`
}

// mark is what a window needs to know of a row: its id and the second of its last change, 0 when it has none.
type mark struct {
	id string
	at int64
}

func (w window) sound() bool {
	strange := func(id string) bool { return !isID(id) }
	return w.Since >= 0 && w.At >= 0 && w.Skip >= 0 && w.Missed >= 0 && w.Missed <= len(backs) &&
		!slices.ContainsFunc(w.Have, strange) && !slices.ContainsFunc(w.Last, strange)
}

// offset is how many rows behind Since are not asked for again.
func (w window) offset() int {
	if len(w.Have) > 0 || w.Missed >= len(backs) {
		return 0
	}
	return max(0, w.Skip-backs[w.Missed])
}

// step takes a page that was asked for at the window's offset, of a window that has total rows. It returns the window of
// the next page, which rows are new, and whether the page was the last. A page that contradicts itself is a reason and
// nothing else: taking it for the end would lose what is behind it.
func (w window) step(rows []mark, total int) (next window, fresh []int, end bool, reason string) {
	asked := w.offset()
	for i := 1; i < len(rows); i++ {
		if rows[i].at < rows[i-1].at {
			return w, nil, false, "members are not in the order of their last change, which was asked for"
		}
	}
	first, found := w.behindAnchors(rows)
	switch {
	case asked > 0 && !found: // rows have left from before here: what is behind has moved up
		w.Missed++
		return w, nil, false, ""
	case len(rows) == 0 && total > asked:
		return w, nil, false, "answer is empty, but says that there are more members"
	case len(rows) == 0:
		return w, nil, true, ""
	}
	for i := first; i < len(rows); i++ {
		if rows[i].at != w.At || !slices.Contains(w.Have, rows[i].id) {
			fresh = append(fresh, i)
		}
	}
	return w.behind(rows, asked), fresh, asked+len(rows) >= total, ""
}

// behindAnchors returns the index of the first row behind the last that was returned, 0 when that is not among the rows.
func (w window) behindAnchors(rows []mark) (int, bool) {
	for i := len(w.Last) - 1; i >= 0; i-- {
		is := func(m mark) bool { return m.id == w.Last[i] && m.at == w.At }
		if at := slices.IndexFunc(rows, is); at >= 0 {
			return at + 1, true
		}
	}
	return 0, false
}

// behind is the window whose first new row is the one after these.
func (w window) behind(rows []mark, asked int) window {
	last := rows[len(rows)-1].at
	var tied []string
	for _, m := range rows {
		if m.at == last {
			tied = append(tied, m.id)
		}
	}
	next := window{Since: w.Since, At: last, Skip: asked + len(rows)}
	if last > w.At && last > w.Since { // the rows of that second that were returned are all here
		next.Since, next.Skip = last-1, len(tied)
		if len(tied) <= fewIDs {
			next.Have = tied
			return next
		}
	}
	next.Last = tied[max(0, len(tied)-anchors):]
	return next
}
