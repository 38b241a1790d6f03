package identity

import "strings"

func setOf(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// roles are local parts that belong to a function, never to one person.
var roles = setOf(`
	abuse accounting accounts admin administrator bestellung billing booking bookings buchhaltung buero careers contact
	contacto contato customerservice einkauf email enquiries enquiry facturas feedback finance hello help helpdesk
	hostmaster hr info information inquiries invoice invoices it jobs kontakt legal mail marketing me newsletter noc
	office order orders personal podrska postmaster presse press prodaja privacy purchasing reception rechnung root
	sales security service services shop subscribe support team unsubscribe ventas vendas verkauf vertrieb webmaster
	info1 sales1 kundenservice soporte atencion clientes comercial ufficio vendite commercial accueil postbus verkoop
	klantenservice biuro sprzedaz obchod prodej kundtjanst posta destek satis`)

// machines are local parts that no person reads.
var machines = setOf(`donotreply do-not-reply do_not_reply mailer-daemon no-reply no_reply noreply bounce bounces spam daemon`)

// blocked are texts that stand for nothing.
var blocked = setOf(`none null nil n/a na nan test tester testing unknown unbekannt anonymous anonym user undefined xxx x - ? tbd
	dummy sample asdf`)

// freeMail are the domains of the large mail providers, where anybody gets an address. Millrace ships the big ones;
// the configuration extends them.
var freeMail = setOf(`
	gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.es yahoo.co.in yahoo.co.jp
	yahoo.com.br yahoo.ca yahoo.com.au yahoo.in yahoo.com.mx yahoo.com.ar yahoo.co.id ymail.com rocketmail.com
	hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es outlook.com outlook.fr outlook.de
	outlook.es outlook.it live.com live.co.uk live.fr live.nl live.it live.de msn.com passport.com windowslive.com
	icloud.com me.com mac.com aol.com aol.de aol.co.uk aim.com verizon.net comcast.net att.net sbcglobal.net
	bellsouth.net cox.net charter.net earthlink.net juno.com netzero.net frontier.com optonline.net
	proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com fastmail.com fastmail.fm
	hushmail.com mailbox.org posteo.de posteo.net startmail.com runbox.com zoho.com zohomail.com mail.com email.com
	usa.com gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de arcor.de online.de 1und1.de
	orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr libero.it virgilio.it alice.it tiscali.it tin.it
	telefonica.net terra.es btinternet.com sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk
	telenet.be skynet.be ziggo.nl kpnmail.nl planet.nl home.nl hetnet.nl bluewin.ch telia.com spray.se online.no
	mail.dk seznam.cz email.cz centrum.cz volny.cz wp.pl o2.pl onet.pl interia.pl op.pl gazeta.pl azet.sk zoznam.sk
	freemail.hu citromail.hu abv.bg mail.bg net.hr siol.net mail.ru inbox.ru list.ru bk.ru internet.ru yandex.ru
	yandex.com ya.ru rambler.ru ukr.net i.ua tut.by qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn
	sohu.com aliyun.com 139.com 189.cn tom.com naver.com hanmail.net daum.net nate.com docomo.ne.jp ezweb.ne.jp
	softbank.ne.jp nifty.com rediffmail.com sify.com indiatimes.com uol.com.br bol.com.br terra.com.br ig.com.br
	globo.com prodigy.net.mx bigpond.com optusnet.com.au xtra.co.nz rogers.com shaw.ca sympatico.ca telus.net
	videotron.ca walla.com walla.co.il chmail.ir mynet.com hey.com duck.com mailinator.com guerrillamail.com
	yopmail.com 10minutemail.com temp-mail.org`)
