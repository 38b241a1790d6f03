//go:build unix

package dovecottest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// prepare writes the configuration, the certificate and the list of users.
func (s *Server) prepare(who person, ports []int, o Options) error {
	cert, key, err := certificate()
	if err != nil {
		return err
	}
	s.CA = cert
	oauth, mechanisms := "", ""
	if o.Introspect != "" {
		oauth = fmt.Sprintf("passdb {\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n args = %s/oauth2.conf\n}\n", s.dir)
		mechanisms = "mechanisms = plain login"
	}
	files := map[string]string{
		"cert.pem": cert, "key.pem": key, "users": User + ":{PLAIN}" + Password + "\n",
		"oauth2.conf": "introspection_mode = auth\nintrospection_url = " + o.Introspect + "\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n",
		"dovecot.conf": strings.NewReplacer("$DIR", s.dir, "$USER", who.name, "$GROUP", who.group, "$PASSDB_OAUTH", oauth, "$MECHANISMS", mechanisms,
			"$PORT_IMAPS", fmt.Sprint(ports[1]), "$PORT_IMAP", fmt.Sprint(ports[0]), "$PORT_LMTP", fmt.Sprint(ports[2])).Replace(config),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	for _, name := range []string{"run", "mail", "state"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(s.dir, 0o755); err != nil || os.Getuid() != 0 {
		return err
	}
	return filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(who.uid), int(who.gid))
	})
}

// config is for Dovecot 2.3. Failed sign-ins are answered at once, and mail is not forced to the disk.
const config = `base_dir = $DIR/run
state_dir = $DIR/state
log_path = $DIR/log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = $USER
default_internal_group = $GROUP
default_login_user = $USER
mail_uid = $USER
mail_gid = $GROUP
first_valid_uid = 1
ssl = yes
ssl_cert = <$DIR/cert.pem
ssl_key = <$DIR/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0 secs
mail_location = mdbox:$DIR/mail/%u
mail_fsync = never
mailbox_list_index = yes
$PASSDB_OAUTH
passdb {
  $MECHANISMS
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $DIR/users
}
userdb {
  driver = static
  args = uid=$USER gid=$GROUP home=$DIR/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = subscribe
    special_use = \Sent
  }
  mailbox Archive {
    auto = subscribe
    special_use = \Archive
  }
  mailbox Drafts {
    auto = subscribe
    special_use = \Drafts
  }
  mailbox Junk {
    auto = subscribe
    special_use = \Junk
  }
  mailbox Trash {
    auto = subscribe
    special_use = \Trash
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = $PORT_IMAP
  }
  inet_listener imaps {
    port = $PORT_IMAPS
    ssl = yes
  }
}
service lmtp {
  chroot =
  inet_listener lmtp {
    address = 127.0.0.1
    port = $PORT_LMTP
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
protocol imap {
  mail_max_userip_connections = 50
}
`

// certificate makes a key and a certificate for the loopback interface that signs itself.
func certificate() (cert, private string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dovecottest"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return "", "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), nil
}
