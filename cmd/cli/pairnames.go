package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// pairsNamed returns the pairs of records that the words of a command line name: a code of the review list, two records
// in one word, or a record and the next word.
func (h *hub) pairsNamed(ctx context.Context, words []string) ([][2]string, error) {
	var pairs [][2]string
	codes := map[string]int{} // to the place in pairs
	for i := 0; i < len(words); i++ {
		word := strings.TrimSpace(words[i])
		if !strings.Contains(word, "/") {
			word = strings.ToLower(word)
			if _, twice := codes[word]; !twice {
				codes[word] = len(pairs)
				pairs = append(pairs, [2]string{})
			}
			continue
		}
		a, b, both := strings.Cut(word, " ")
		if !both {
			if i++; i == len(words) {
				return nil, withCode(exitConfig, fmt.Errorf("%s stands alone: a pair is a code or two records", word))
			}
			b = words[i]
		}
		pair := [2]string{a, strings.TrimSpace(b)}
		for _, ref := range pair {
			if _, err := connectors.ParseRef(ref); err != nil {
				return nil, withCode(exitConfig, err)
			}
		}
		pairs = append(pairs, pair)
	}
	if len(codes) == 0 {
		return pairs, nil
	}
	err := h.eachReview(ctx, canonical.Kinds(), func(page []ledger.ReviewItem) (bool, error) {
		for _, r := range page {
			if at, ok := codes[pairCode(r.A, r.B)]; ok {
				pairs[at] = [2]string{r.A, r.B}
				delete(codes, pairCode(r.A, r.B))
			}
		}
		return len(codes) > 0, nil
	})
	for code := range codes {
		if err == nil {
			err = fmt.Errorf("no pair %s waits for a person; `millrace customer review list` shows those that do", code)
		}
	}
	return pairs, err
}
