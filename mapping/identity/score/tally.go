package score

// The bounds of what is shared with others, in bits: a family name and an address that are the same make two people of
// one household no less two, unless something of their own agrees as well. So a household counts at most homeAlone, and
// more as far as their own fields agree, to homeMost; an employer says little, for colleagues share it.
const (
	homeAlone = 14.0
	homeMost  = 44.0
	workMost  = 5.0
)

// tally adds up the weights of a pair by the groups of their fields.
type tally struct{ bits [groups]float64 }

func (t *tally) add(g group, bits float64) { t.bits[g] += bits }

// total returns the bits of all groups, and what was taken off each. A household of its own counts at most so many.
func (t *tally) total(most float64) (bits float64, off [groups]float64) {
	own := max(0, t.bits[self])
	off[home] = max(0, t.bits[family]+t.bits[home]-min(most+own, homeMost))
	off[work] = max(0, t.bits[work]-workMost)
	for g, sum := range t.bits {
		bits += sum - off[g]
	}
	return bits, off
}
