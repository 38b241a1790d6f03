package canonical

// Type is the type of a field; it decides the normal form of its values.
type Type string

// The types of one value and the JSON of their normal form.
const (
	Text     Type = "text"     // string: NFC, trimmed, inner white space collapsed, no control characters
	Long     Type = "long"     // string: NFC, trimmed, line breaks kept
	Enum     Type = "enum"     // string: lower case token
	Integer  Type = "integer"  // number without fraction
	Decimal  Type = "decimal"  // string, so that no float touches it; the shortest form: "0.25"
	Money    Type = "money"    // {"amount":"12500.00","currency":"EUR"}; currency ISO 4217, "" when the vendor does not say
	Bool     Type = "bool"     // true or false
	Date     Type = "date"     // "2026-11-22", RFC 3339 full-date
	Time     Type = "time"     // "2026-11-22T17:30:00.000Z", RFC 3339 UTC with milliseconds
	Birthday Type = "birthday" // a Date, or "--11-22" when the year is not known
	Language Type = "language" // "pt-BR", BCP 47
	Script   Type = "script"   // "Cyrl", ISO 15924
	Country  Type = "country"  // "HR", ISO 3166-1 alpha-2
	Region   Type = "region"   // "US-CA", ISO 3166-2, else as the source writes it
	Currency Type = "currency" // "EUR", ISO 4217
	Zone     Type = "zone"     // "Europe/Zagreb", IANA
	Ref      Type = "ref"      // "connection/object/id" of a source record, never an entity id
	Typed    Type = "typed"    // {"t":"enum","v":"Gold"}: a custom attribute with its tag; see Tags
)

// The types of list; an element is there once, in the order claimed.
const (
	Email        Type = "emails"       // [{"address":"a@b.example","type":"work","primary":true}]
	Phone        Type = "phones"       // [{"raw":"+49 30 1","e164":"+49301","type":"mobile"}]
	Domain       Type = "domains"      // ["b.example"]: registrable, A-labels
	Refs         Type = "refs"         // list of Ref
	Strings      Type = "strings"      // ["a","b"]: texts
	Stages       Type = "stages"       // of a pipeline: [{"id","name","order","kind","probability","closed","won"}]
	Addresses    Type = "addresses"    // postal addresses; for this and the following see Parts
	Identifiers  Type = "identifiers"  // numbers in public registers and other systems
	Accounts     Type = "accounts"     // at online services
	Affiliations Type = "affiliations" // of a person with organizations
	Roles        Type = "roles"        // of people in a deal
	Moves        Type = "moves"        // a history of stages or statuses
	Lines        Type = "lines"        // of a deal or an order
	Promises     Type = "promises"     // of a service level
	Participants Type = "participants" // of an interaction
	Files        Type = "files"        // attachments
	Permissions  Type = "permissions"  // what a person consents to
)

// The types of map, by name ascending.
const (
	Moments       Type = "moments"       // {"lead":"2026-11-22T17:30:00.000Z"}: token → Time
	Figures       Type = "figures"       // {"reply_time":"12.5"}: token → Decimal
	Texts         Type = "texts"         // {"segment":"smb-eu"}: token → Text
	Localizations Type = "localizations" // {"ja":{"full":"山田太郎"}}: Language → parts of a name
)

// IsList reports whether values of a type are lists.
func (t Type) IsList() bool {
	switch t {
	case Email, Phone, Domain, Refs, Strings, Stages:
		return true
	}
	return parts[t] != nil && t != Localizations
}

// IsMap reports whether values of a type are maps from names to values.
func (t Type) IsMap() bool { return t == Moments || t == Figures || t == Texts || t == Localizations }
