package note

import (
	"fmt"
	"testing"
)

func TestList(t *testing.T) {
	var l List
	(*List)(nil).Add("is forgotten")
	for i := range 50 {
		l.Add(fmt.Sprint("odd ", i))
		l.Add("odd 0")
		l.Add("")
	}
	all := l.All()
	if len(all) != 21 || all[0] != "odd 0" || all[20] != "30 more oddities" {
		t.Errorf("got %d notes: %q", len(all), all)
	}
	if again := l.All(); fmt.Sprint(again) != fmt.Sprint(all) {
		t.Errorf("got %q, then %q", all, again)
	}
}
