package salesforcetest

import (
	"math"
	"strings"
)

// digits are those of record ids, in the order in which Salesforce compares them.
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// pod is the part of an id that names the instance, after the three characters of the object.
const pod = "ak0"

// serialLength is how many digits are left for the serial number.
const serialLength = 15 - 3 - len(pod)

// firstSerial makes ids with letters of both cases, so that among any 62 neighbours there are pairs that differ in case
// only: code that folds the case of 15-character ids meets a wrong record in a test. Serials are counted per object;
// the same number in two objects is another trap.
const firstSerial = 7_190_000

// newID returns the id of 18 characters for a serial number; head is the object's prefix and the pod.
func newID(head string, serial uint64) string {
	var b [serialLength]byte
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = digits[serial%62]
		serial /= 62
	}
	id := head + string(b[:])
	return id + Checksum(id)
}

// Checksum returns the three characters that make an id of 15 characters one of 18 that survives a change of case: each
// stands for five characters of the id, whose upper-case letters are the bits of an index. It returns "" for anything
// that is not 15 characters long.
func Checksum(id15 string) string {
	if len(id15) != 15 {
		return ""
	}
	var sum [3]byte
	for i := range sum {
		n := 0
		for j := range 5 {
			if c := id15[5*i+j]; c >= 'A' && c <= 'Z' {
				n |= 1 << j
			}
		}
		sum[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[n]
	}
	return string(sum[:])
}

// canonicalID returns an id of 15 or 18 characters as one of 18; ok is false when it is none. The case of an id of 18 is
// restored from its checksum when it was lost.
func canonicalID(id string) (string, bool) {
	for i := range len(id) {
		if strings.IndexByte(digits, id[i]) < 0 {
			return "", false
		}
	}
	switch len(id) {
	case 15:
		return id + Checksum(id), true
	case 18:
		return restoreCase(id)
	}
	return "", false
}

func restoreCase(id string) (string, bool) {
	if Checksum(id[:15]) == id[15:] {
		return id, true
	}
	b, sum := []byte(id[:15]), strings.ToUpper(id[15:])
	for i := range b {
		n := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", sum[i/5])
		if n < 0 {
			return "", false
		}
		c := strings.ToLower(string(b[i]))
		if n&(1<<(i%5)) != 0 {
			c = strings.ToUpper(c)
		}
		b[i] = c[0]
	}
	return string(b) + sum, Checksum(string(b)) == sum
}

// serialOf returns the first serial number whose id is not below id (its first 15 characters), for ids of the table;
// exact says that id is one of the table's own form.
func (t *table) serialOf(id string) (serial uint64, exact bool) {
	head := t.head
	if len(id) < 15 || id[:len(head)] != head {
		if id < head {
			return 0, false
		}
		return math.MaxUint64 >> 1, false
	}
	for _, c := range []byte(id[len(head):15]) {
		serial = serial*62 + uint64(strings.IndexByte(digits, c))
	}
	return serial, true
}
