package sandbox

// name is a name in its own script and the same name in ASCII, for addresses.
type name struct{ native, ascii string }

// culture is where a generated person comes from; names of one culture stay together so that a pair looks real.
type culture struct {
	language, country, city string
	given, family           []name
}

var cultures = []culture{
	{"en", "US", "Portland",
		[]name{{"Emma", "emma"}, {"Liam", "liam"}, {"Olivia", "olivia"}, {"Noah", "noah"}, {"Ava", "ava"}, {"James", "james"}, {"Grace", "grace"}, {"Henry", "henry"}},
		[]name{{"Carter", "carter"}, {"O’Brien", "obrien"}, {"Smith-Jones", "smith-jones"}, {"Walker", "walker"}, {"Bennett", "bennett"}, {"McDonald", "mcdonald"}, {"Hughes", "hughes"}, {"Reed", "reed"}}},
	{"de", "DE", "Köln",
		[]name{{"Jürgen", "juergen"}, {"Anke", "anke"}, {"Björn", "bjoern"}, {"Käthe", "kaethe"}, {"Lukas", "lukas"}, {"Sophie", "sophie"}},
		[]name{{"Müller", "mueller"}, {"Weiß", "weiss"}, {"von der Heide", "von-der-heide"}, {"Schäfer", "schaefer"}, {"Krüger", "krueger"}, {"Böhm", "boehm"}}},
	{"fr", "FR", "Besançon",
		[]name{{"Zoé", "zoe"}, {"François", "francois"}, {"Hélène", "helene"}, {"Benoît", "benoit"}, {"Anaïs", "anais"}, {"Jean-Luc", "jean-luc"}},
		[]name{{"Lefèvre", "lefevre"}, {"D’Amboise", "damboise"}, {"Gagné", "gagne"}, {"Noël", "noel"}, {"Châtelain", "chatelain"}, {"Dubois", "dubois"}}},
	{"pl", "PL", "Łódź",
		[]name{{"Łukasz", "lukasz"}, {"Małgorzata", "malgorzata"}, {"Zbigniew", "zbigniew"}, {"Żaneta", "zaneta"}},
		[]name{{"Wójcik", "wojcik"}, {"Świątek", "swiatek"}, {"Kowalczyk", "kowalczyk"}, {"Dąbrowski", "dabrowski"}}},
	{"ru", "KZ", "Алматы",
		[]name{{"Анна", "anna"}, {"Дмитрий", "dmitry"}, {"Екатерина", "ekaterina"}, {"Игорь", "igor"}},
		[]name{{"Соколова", "sokolova"}, {"Ким", "kim"}, {"Щербаков", "shcherbakov"}, {"Иванов", "ivanov"}}},
	{"el", "GR", "Θεσσαλονίκη",
		[]name{{"Γιώργος", "giorgos"}, {"Ελένη", "eleni"}, {"Νίκος", "nikos"}},
		[]name{{"Παπαδόπουλος", "papadopoulos"}, {"Νικολάου", "nikolaou"}, {"Γεωργίου", "georgiou"}}},
	{"zh", "TW", "臺北市",
		[]name{{"偉", "wei"}, {"美玲", "mei-ling"}, {"俊傑", "jun-jie"}, {"詩涵", "shi-han"}},
		[]name{{"陳", "chen"}, {"林", "lin"}, {"歐陽", "ouyang"}, {"黃", "huang"}}},
	{"ja", "JP", "大阪市",
		[]name{{"陽子", "yoko"}, {"健太", "kenta"}, {"さくら", "sakura"}, {"翔", "sho"}},
		[]name{{"佐藤", "sato"}, {"鈴木", "suzuki"}, {"髙橋", "takahashi"}, {"渡邉", "watanabe"}}},
	{"ko", "KR", "서울",
		[]name{{"민준", "minjun"}, {"서연", "seoyeon"}, {"지우", "jiwoo"}},
		[]name{{"김", "kim"}, {"이", "lee"}, {"박", "park"}}},
	{"ar", "EG", "القاهرة",
		[]name{{"محمد", "mohamed"}, {"فاطمة", "fatma"}, {"يوسف", "youssef"}},
		[]name{{"الحسن", "elhassan"}, {"منصور", "mansour"}, {"عبد الله", "abdallah"}}},
	{"he", "IL", "חיפה",
		[]name{{"נועה", "noa"}, {"דוד", "david"}, {"יעל", "yael"}},
		[]name{{"כהן", "cohen"}, {"לוי", "levi"}, {"מזרחי", "mizrahi"}}},
	{"hi", "IN", "मुंबई",
		[]name{{"आरव", "aarav"}, {"प्रिया", "priya"}, {"रोहन", "rohan"}},
		[]name{{"शर्मा", "sharma"}, {"पटेल", "patel"}, {"गुप्ता", "gupta"}}},
	{"vi", "VN", "Đà Nẵng",
		[]name{{"Thị Hồng", "thi-hong"}, {"Đức", "duc"}, {"Quỳnh", "quynh"}},
		[]name{{"Nguyễn", "nguyen"}, {"Trần", "tran"}, {"Phạm", "pham"}}},
	{"th", "TH", "กรุงเทพมหานคร",
		[]name{{"สมชาย", "somchai"}, {"สุดา", "suda"}},
		[]name{{"แสงทอง", "saengthong"}, {"วงศ์ไทย", "wongthai"}}},
}

var (
	organizationFirst = []name{{"Northwind", "northwind"}, {"Blaue Ähre", "blaue-aehre"}, {"Cedar & Stone", "cedar-stone"},
		{"Éclair", "eclair"}, {"Fjord", "fjord"}, {"Granite Peak", "granite-peak"}, {"Høiland", "hoeiland"}, {"Ivory Coast", "ivory-coast"},
		{"Juniper", "juniper"}, {"桜木", "sakuragi"}, {"Lighthouse", "lighthouse"}, {"Меридиан", "meridian"}, {"Nordstern", "nordstern"},
		{"Ørsted & Søn", "oersted-soen"}, {"Piñon", "pinon"}, {"Quarterdeck", "quarterdeck"}, {"Río Verde", "rio-verde"}, {"Silver Birch", "silver-birch"},
		{"Tamarind", "tamarind"}, {"Übersee", "uebersee"}, {"Violet", "violet"}, {"Windmill", "windmill"}, {"Yarrow", "yarrow"}, {"Zephyr", "zephyr"}}
	organizationSecond = []name{{"Logistics", "logistics"}, {"Robotics", "robotics"}, {"Foods", "foods"}, {"Medical", "medical"},
		{"Software", "software"}, {"Textiles", "textiles"}, {"Energy", "energy"}, {"Printing", "printing"}, {"Instruments", "instruments"},
		{"Freight", "freight"}, {"Ceramics", "ceramics"}, {"Analytics", "analytics"}}
	organizationForm = map[string]string{"en": "Inc.", "de": "GmbH", "fr": "S.A.", "pl": "Sp. z o.o.", "ja": "株式会社", "ru": "ТОО", "ko": "주식회사"}
	industries       = []string{"Logistics", "Manufacturing", "Food", "Health care", "Software", "Energy", "Education", "Retail"}
	titles           = []string{"Buyer", "Head of Operations", "CTO", "Office Manager", "Engineer", "CFO", "Support Lead", "Owner"}
	subjects         = []string{"Cannot sign in", "Invoice shows the wrong address", "Export stops at 50 %", "Question about the contract",
		"Delivery is late", "Feature request: dark mode", "Die App stürzt beim Start ab", "Mot de passe oublié", "請求書の宛名を変更したい"}
	freeMail = []string{"gmail.com", "web.de", "yahoo.fr", "outlook.com"}
)
