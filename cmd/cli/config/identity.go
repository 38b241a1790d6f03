package config

import (
	"fmt"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// Identity says which records are the same customer.
type Identity struct {
	Settings identity.Settings         // without Models, which whoever uses them reads
	Models   map[canonical.Kind]string // files
	LogKeep  int                       // changes kept of each customer; 0 = the ledger's own number
}

// identityFile is the shape of the section.
type identityFile struct {
	FreeMail     []string  `yaml:"free_mail"`
	Blocked      []string  `yaml:"blocked"`
	Group        []string  `yaml:"group"`
	Gmail        bool      `yaml:"gmail"`
	Plus         []string  `yaml:"plus"`
	Person       bandsFile `yaml:"person"`
	Organization bandsFile `yaml:"organization"`
	Models       struct {
		Person       string `yaml:"person"`
		Organization string `yaml:"organization"`
	} `yaml:"models"`
	LogKeep int `yaml:"log_keep"`
}

type bandsFile struct {
	Auto   float64 `yaml:"auto"`
	Review float64 `yaml:"review"`
	Guard  float64 `yaml:"guard"`
	Medium string  `yaml:"medium"`
}

// identityKeys are the keys of the section, for what is close to a mistyped one.
var identityKeys = []string{"identity", "free_mail", "blocked", "group", "gmail", "plus", "person", "organization", "auto", "review",
	"guard", "medium", "models", "log_keep"}

func (p *parser) identity(c *Config, f *identityFile) {
	o := identity.Options{Gmail: f.Gmail}
	o.FreeMail = p.hosts("$.identity.free_mail", f.FreeMail)
	o.Blocked = p.hosts("$.identity.blocked", f.Blocked)
	o.Group = p.hosts("$.identity.group", f.Group)
	o.Plus = p.hosts("$.identity.plus", f.Plus)
	c.Identity = Identity{LogKeep: f.LogKeep, Models: map[canonical.Kind]string{},
		Settings: identity.Settings{Options: o, Person: p.bands("$.identity.person", &f.Person),
			Organization: p.bands("$.identity.organization", &f.Organization)}}
	if f.LogKeep < 0 {
		p.problem("$.identity.log_keep", "must be 1 or more")
	}
	p.model(c, canonical.Person, f.Models.Person)
	p.model(c, canonical.Organization, f.Models.Organization)
}

func (p *parser) model(c *Config, kind canonical.Kind, file string) {
	if file != "" {
		c.Identity.Models[kind] = p.paths("$.identity.models."+string(kind), []string{file})[0]
	}
}

// hosts checks a list of domains.
func (p *parser) hosts(at string, list []string) []string {
	for i, name := range list {
		if _, err := canonical.CleanHost(name); err != nil {
			p.problem(fmt.Sprintf("%s[%d]", at, i), fmt.Sprintf("%q is no domain", name))
		}
	}
	return list
}

// bands checks the thresholds of one kind; what is left out is the built-in one.
func (p *parser) bands(at string, f *bandsFile) identity.Bands {
	for key, value := range map[string]float64{"auto": f.Auto, "review": f.Review, "guard": f.Guard} {
		if value < 0 || value > 1 {
			p.problem(at+"."+key, "must be between 0 and 1")
		}
	}
	if f.Auto > 0 && f.Review > f.Auto {
		p.problem(at+".review", "must not be above auto: what is joined is not asked about")
	}
	p.oneOf(at+".medium", f.Medium, "", "join", "review")
	return identity.Bands{Auto: f.Auto, Review: f.Review, Guard: f.Guard, Medium: f.Medium == "join"}
}

// identitySchema is the JSON Schema of the section.
func identitySchema() object {
	share := func(key string) object {
		return object{"type": "number", "minimum": 0, "maximum": 1, "description": helpOf("identity." + key)}
	}
	bands := group(object{"auto": share("auto"), "review": share("review"), "guard": share("guard"),
		"medium": object{"enum": []string{"join", "review"}, "description": helpOf("identity.medium")}})
	return group(object{
		"free_mail":    texts(helpOf("identity.free_mail")),
		"blocked":      texts(helpOf("identity.blocked")),
		"group":        texts(helpOf("identity.group")),
		"gmail":        object{"type": "boolean", "description": helpOf("identity.gmail")},
		"plus":         texts(helpOf("identity.plus")),
		"person":       bands,
		"organization": bands,
		"models":       group(object{"person": text(helpOf("identity.models")), "organization": text(helpOf("identity.models"))}),
		"log_keep":     object{"type": "integer", "minimum": 1, "description": helpOf("identity.log_keep")},
	})
}

// identityHelp lists the keys of the section.
var identityHelp = []Key{
	{"identity.free_mail", "", "Further domains where anybody gets an e-mail address: they tell no organization."},
	{"identity.blocked", "", "Domains that identify nobody, neither people nor organizations; your own for example."},
	{"identity.group", "", "Domains that several organizations use, those of a group of companies for example."},
	{"identity.gmail", "false", "Addresses at Gmail that differ in dots and in what follows a plus sign join people whose names agree."},
	{"identity.plus", "", "Domains where addresses that differ in what follows a plus sign join people whose names agree."},
	{"identity.person", "", "Thresholds for people, `{auto, review, guard, medium}`; `identity.organization` is the same for organizations."},
	{"identity.auto", "0.99", "Within those: a pair that the scorer finds at least so likely is joined."},
	{"identity.review", "0.5", "A pair at least so likely is shown to a person."},
	{"identity.guard", "0.2 or 0.5", "Share of the pairs between two customers that must not contradict a join; the second for organizations."},
	{"identity.medium", "review", "`join` or `review`: what a full name with the same birthday, street or employer is good for."},
	{"identity.models", "", "Files with the scorer's parameters, `{person: FILE, organization: FILE}`, as `identity train` writes them; no scorer when left out."},
	{"identity.log_keep", "200", "Changes kept in the history of each customer."},
}
