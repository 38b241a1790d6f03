// Package score is the probabilistic scorer of Fellegi and Sunter: how likely two records are the same, from what they
// agree and disagree in, with parameters that are learnt from the records themselves and need no labels.
//
// A pair is compared field by field. Each field has levels of agreement, from exact to "differs"; what one of the two
// does not say is no evidence. m is the share of a level among pairs that are the same, u among pairs that are not, and
// log2(m/u) the weight of the level in bits. The weights of all fields and the prior, the odds that any two records are the
// same, add up to the odds that these two are. Agreement in a rare value is worth more, in a common one less: the chance
// to share a value is then that of the value itself.
//
// Three corrections keep fields that are not independent from being counted twice. A wider place is compared apart for
// pairs that share the narrower one, and e-mail addresses for pairs that share a name: what such pairs agree in by chance
// is counted among such pairs. The names of two people may be exchanged (given for family name), which is seen first and
// has a price. The fields of an address together count only so much unless something of the two's own agrees too, so
// that a couple stays two people; the bound is loose where the records show next to no pairs that share an address and
// contradict each other otherwise. An employer counts even less.
//
// Train learns in this way, without labels, and with fixed seeds:
//
//  1. u is counted among random pairs of records, that of exact agreement from the frequencies of the values.
//  2. Candidates are the pairs that share a block (Blocks), a term made of one field or two, unless more than 50 records
//     do. Blocks overlap so much that pairs which share none are taken to be different.
//  3. m and the prior are learnt by expectation and maximization over the candidates, from built-in start values, until
//     the prior stands still.
//  4. Whatever is 0.9 likely is joined, and everything is counted again with each customer once: ten duplicates do not make a
//     name common, nor two strangers' agreement likely. Three passes.
//
// Everything learnt leans on the built-in values as on a few observations, so that a level that was never seen is
// neither impossible nor proof. Below 20 records nothing is learnt.
//
// The procedure is that of Splink (https://moj-analytical-services.github.io/splink/topic_guides/theory/fellegi_sunter.html)
// but for point 3: it learns m in sessions, each within one block and without the block's fields, and guesses the prior
// from rules. One session over all blocks needs neither, for the pairs of one block are a small part of it. Sessions were
// not tried here; what Splink publishes for them is below what this finds on the same files.
//
// A model is stored as JSON. It holds no value of any record: the frequencies are those of 64-bit hashes of values that
// three customers at least have.
//
// The package compares and learns; it finds no candidates in a ledger and joins nothing (package mapping/identity does).
package score
